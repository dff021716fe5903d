"""Disputes at the desk: raised on lines of the journal by who is part of them, kept, found, and adjusted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from coalition.errors import Refused, reason_name
from coalition.ids import id_text
from coalition.v1 import settlement_disputes_pb2 as pb
from coalition.v1.transaction_pb2 import Adjust, ObligationCorrection
from settlement.disputes.desk import CLOCK_SKEW_MAX_US, STEP_AGE_MAX_US
from settlement.disputes.dispute import standing
from settlement.disputes.moves import state_name
from settlement.disputes.rules import DAY_US
from settlement.disputes.step import ACCEPT, ANSWER, CONFIRM, ESCALATE, RAISE, REJECT, RULE, WITHDRAW
from settlement.store.disputes import DisputeQuery, OpenDisputes, open_disputes
from tests.settlement.disputes.hall import Hall
from tests.settlement.disputes.steps import dispute_id, person, signed_step


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    """Nobody has disputed anything yet."""
    hall = Hall(tmp_path)
    yield hall
    hall.database.close()


def adjust(hall: Hall, debtor: str, creditor: str, amount: int, number: int = 1) -> None:
    """The operator writes an obligation in a dispute's name into the journal."""
    correction = ObligationCorrection(debtor=debtor, creditor=creditor, amount_micros=amount)
    hall.journal.append(
        "operator", adjust=Adjust(reason="dispute", reference=id_text(dispute_id(number)), obligation=correction)
    )
    hall.catch_up()


def test_dispute_goes_from_raised_to_adjusted(hall: Hall) -> None:
    """Raised, rejected, escalated, ruled by two, and in the journal; each step is kept as it was signed."""
    assert hall.raise_it().dispute.number == 1
    hall.take("grocer", REJECT)
    hall.take("florist", ESCALATE)
    hall.take("operator", RULE, amount=700)
    assert hall.refusal("operator", CONFIRM, amount=700)[0] == "SAME_PERSON"
    hall.take("operator-2", CONFIRM, amount=700)
    assert hall.state() == "ACCEPTED"
    adjust(hall, "grocer", "florist", 700)
    dispute, now = hall.desk.dispute(dispute_id(), None)
    assert (hall.state(), now.problem, dispute.adjustments[0].window) == ("ADJUSTED", "", 1)
    assert [recorded.step.public_key for recorded in dispute.steps] == [
        person(name).public for name in ("florist", "grocer", "florist", "operator", "operator-2")
    ]
    adjust(hall, "grocer", "florist", 700)
    assert hall.state() == "MISADJUSTED"
    adjust(hall, "florist", "grocer", 700)
    assert hall.state() == "ADJUSTED"


def test_step_that_comes_twice_is_taken_once(hall: Hall) -> None:
    """The same bytes get the dispute as it is, whenever they come; other bytes under the same id are a conflict."""
    first = hall.signed("florist", RAISE, claim={"sequence": hall.line})
    hall.desk.take(first, "florist")
    second = hall.signed("grocer", ANSWER, amount=5)
    hall.desk.take(second, "grocer")
    before = hall.everything()
    hall.now_us += 2 * STEP_AGE_MAX_US
    for signed, caller in ((first, "florist"), (second, "grocer"), (first, "florist")):
        assert hall.desk.take(signed, caller).dispute == before[0]
    assert hall.everything() == before
    assert hall.refusal("florist", RAISE, claim={"sequence": hall.line}, text="other words")[0] == "ID_CONFLICT"


def test_only_parties_to_a_line_dispute_it(hall: Hall) -> None:
    """Raiser and respondent must both be part of the movement; the operator is part of every one."""
    reason, text = hall.refusal("school", RAISE, claim={"sequence": hall.line, "respondent": "grocer"})
    assert (reason, "has no line of school" in text) == ("NOT_FOUND", True)
    reason, text = hall.refusal("florist", RAISE, claim={"sequence": hall.line, "respondent": "school"})
    assert (reason, "grocer or operator" in text) == ("FIELD_INVALID", True)
    for sequence in (1, hall.line + 1, 2**63 - 1):
        assert hall.refusal("florist", RAISE, claim={"sequence": sequence})[0] == "NOT_FOUND"
    assert hall.raise_it("florist", 1, respondent="operator").dispute.respondent == "operator"
    assert hall.raise_it("grocer", 2, respondent="florist").dispute.raiser == "grocer"
    assert hall.raise_it("operator", 3, respondent="grocer").dispute.raiser == "operator"


def test_line_is_disputed_once(hall: Hall) -> None:
    """A second dispute over the same line with the same party is refused, unless the first was withdrawn."""
    hall.raise_it()
    reason, text = hall.refusal("florist", RAISE, 2, claim={"sequence": hall.line})
    assert (reason, id_text(dispute_id(1)) in text) == ("WRONG_STATE", True)
    hall.take("florist", WITHDRAW)
    assert hall.raise_it(number=2).dispute.number == 2


def test_line_is_raised_and_withdrawn_three_times_at_most(hall: Hall) -> None:
    """Else one party could make every next dispute of a line cost more than the one before."""
    for number in (1, 2, 3):
        hall.raise_it(number=number)
        hall.take("florist", WITHDRAW, number)
    reason, text = hall.refusal("florist", RAISE, 4, claim={"sequence": hall.line})
    assert (reason, "3 times and withdrawn each" in text) == ("WRONG_STATE", True)
    hall.raise_it("florist", 4, respondent="operator")
    hall.raise_it("grocer", 5, respondent="florist")


def test_window_can_be_disputed_until_its_time_is_over(hall: Hall) -> None:
    """60 days after the close of a line's window, to the microsecond, is in time; later is not."""
    hall.close_window()
    closed_us = hall.journal.entries[-1].committed_us
    hall.now_us = closed_us + 60 * DAY_US
    assert "more than 60 days ago" in hall.refusal("florist", RAISE, claim={"sequence": hall.line})[1]
    hall.now_us = closed_us + 60 * DAY_US - 1
    hall.raise_it()


def test_open_disputes_of_a_party_are_limited(tmp_path: Path) -> None:
    """Who has as many open disputes as there may be waits for one to end; the other side's do not count."""
    hall = Hall(tmp_path, open_max=2)
    hall.raise_it(number=1)
    hall.raise_it(number=2, respondent="operator")
    hall.line = hall.journal.redeem("florist", {"grocer": 10}).sequence
    hall.catch_up()
    reason, text = hall.refusal("florist", RAISE, 3, claim={"sequence": hall.line})
    assert (reason, "has 2 open disputes" in text) == ("WRONG_STATE", True)
    hall.raise_it("grocer", 4, respondent="florist")
    hall.take("grocer", ACCEPT, amount=1_000)
    assert hall.refusal("florist", RAISE, 3, claim={"sequence": hall.line})[0] == "WRONG_STATE"
    adjust(hall, "grocer", "florist", 1_000)
    hall.raise_it(number=3)
    hall.database.close()


def test_steps_are_the_callers_own_and_fresh(hall: Hall) -> None:
    """Nobody sends another's step, nobody signs with another's key, and old or future steps are refused."""
    hall.raise_it()
    signed = hall.signed("grocer", REJECT)
    with pytest.raises(Refused) as error:
        hall.desk.take(signed, "florist")
    assert reason_name(error.value.reason) == "PERMISSION_DENIED"
    forged = signed_step(person("florist"), "grocer", REJECT, seen=b"s" * 32)
    with pytest.raises(Refused) as error:
        hall.desk.take(forged, "grocer")
    assert reason_name(error.value.reason) == "KEY_UNKNOWN"
    for age_us in (STEP_AGE_MAX_US + 10, -CLOCK_SKEW_MAX_US - 10):
        assert hall.refusal("grocer", REJECT, decided_us=hall.now_us - age_us)[0] == "CLOCK_SKEW"


def test_outsiders_do_not_learn_that_there_is_a_dispute(hall: Hall) -> None:
    """To read or to step into somebody else's dispute is answered as if there were none."""
    hall.raise_it()
    assert hall.refusal("school", WITHDRAW) == ("NOT_FOUND", f"There is no dispute {id_text(dispute_id())}.")
    assert hall.refusal("florist", WITHDRAW, 9, seen=b"s" * 32)[0] == "NOT_FOUND"
    with pytest.raises(Refused, match="There is no dispute"):
        hall.desk.dispute(dispute_id(), ("school",))
    assert hall.desk.dispute(dispute_id(), ("grocer",)).dispute.number == 1
    with pytest.raises(Refused, match="There is no dispute without an id"):
        hall.desk.dispute(b"", None)


def test_clock_that_was_set_back_does_not_turn_history_round(hall: Hall) -> None:
    """A step is never recorded before the one that it follows."""
    hall.raise_it()
    hall.now_us -= 100
    record = hall.take("grocer", REJECT)
    assert record.dispute.steps[0].recorded_us == record.dispute.steps[1].recorded_us


def test_open_disputes_are_found_by_party_and_window(hall: Hall) -> None:
    """For statements and a run's checklist: those that still wait for somebody, and no others."""
    hall.raise_it("florist", 1, respondent="operator")
    hall.raise_it("grocer", 2, respondent="operator")
    hall.close_window()
    hall.line = hall.journal.redeem("florist", {"grocer": 10}).sequence
    hall.catch_up()
    hall.raise_it("florist", 3)
    hall.take("florist", WITHDRAW, 1)
    hall.take("operator", REJECT, 2)

    def found(party_id: str, window: int, later_us: int = 0) -> list[int]:
        with hall.database.read() as connection:
            records = open_disputes(connection, party_id, window, now_us=hall.now_us + later_us)
        return [record.dispute.number for record in records]

    assert found("", 0) == [2, 3]
    assert (found("florist", 0), found("grocer", 0), found("school", 0)) == ([3], [2, 3], [])
    assert (found("", 1), found("", 2), found("florist", 1)) == ([2], [3], [])
    # The second one ends by itself, for nobody escalates it; the third one then waits for the operator.
    assert found("", 0, 10 * DAY_US) == [2, 3]
    assert found("", 0, 10 * DAY_US + 1) == [3]
    hall.take("grocer", ACCEPT, 3, amount=1_000)
    assert found("", 2) == [3]
    adjust(hall, "grocer", "florist", 999, 3)
    assert found("", 2) == [3]
    adjust(hall, "grocer", "florist", 1, 3)
    assert found("", 2) == []


def test_settled_disputes_are_looked_at_anew_when_the_journal_says_more(hall: Hall) -> None:
    """Whoever looks again and again sees what a fresh look sees: settled, opened by a wrong adjustment, put right."""
    watched = OpenDisputes()

    def seen() -> list[tuple[int, str]]:
        with hall.database.read() as connection:
            found = watched.at(connection, hall.now_us)
            assert found == open_disputes(connection, "", 0, now_us=hall.now_us)
        return [(record.dispute.number, state_name(record.standing.state)) for record in found]

    assert seen() == []
    for number in (1, 2):
        hall.line = hall.journal.redeem("florist", {"grocer": 10}).sequence
        hall.catch_up()
        hall.raise_it(number=number)
        hall.take("grocer", ACCEPT, number, amount=1_000)
    assert seen() == [(1, "ACCEPTED"), (2, "ACCEPTED")]
    adjust(hall, "grocer", "florist", 1_000, 1)
    assert seen() == [(2, "ACCEPTED")]
    with listening(hall) as statements, hall.database.read() as connection:
        assert [record.dispute.number for record in watched.at(connection, hall.now_us)] == [2]
    assert not [each for each in statements if dispute_id(1) in each]
    adjust(hall, "grocer", "florist", 1, 1)
    assert seen() == [(1, "MISADJUSTED"), (2, "ACCEPTED")]
    adjust(hall, "florist", "grocer", 1, 1)
    adjust(hall, "grocer", "florist", 1_000, 2)
    assert seen() == []


def test_adjustments_of_disputes_that_are_over_are_found(hall: Hall) -> None:
    """Money that was moved for a dispute without any is somebody's to put right; an undecided one stays open."""
    hall.raise_it("florist", 1)
    hall.take("florist", WITHDRAW, 1)
    hall.raise_it("florist", 2, respondent="operator")
    watched = OpenDisputes()

    def seen() -> list[int]:
        with hall.database.read() as connection:
            found = watched.at(connection, hall.now_us)
            assert found == open_disputes(connection, "", 0, now_us=hall.now_us)
        return [record.dispute.number for record in found]

    assert seen() == [2]
    adjust(hall, "grocer", "florist", 1_000, 1)
    adjust(hall, "grocer", "florist", 5, 2)
    adjust(hall, "florist", "grocer", 5, 2)
    assert (seen(), hall.state(1), hall.state(2)) == ([1, 2], "MISADJUSTED", "RAISED")
    adjust(hall, "florist", "grocer", 1_000, 1)
    assert (seen(), hall.state(1)) == ([2], "WITHDRAWN")


@contextmanager
def listening(hall: Hall) -> Iterator[list[tuple[Any, ...]]]:
    """What values the database is asked about."""
    asked: list[tuple[Any, ...]] = []

    def note(*arguments: Any) -> None:
        asked.append(tuple(arguments[3]))

    event.listen(hall.database.engine, "before_cursor_execute", note)
    yield asked
    event.remove(hall.database.engine, "before_cursor_execute", note)


def test_pages_follow_each_other(hall: Hall) -> None:
    """A limit and a number to go on from give every dispute once, open ones or all."""
    for number in range(1, 6):
        hall.line = hall.journal.redeem("florist", {"grocer": number}).sequence
        hall.catch_up()
        hall.raise_it(number=number)
    hall.take("florist", WITHDRAW, 3)
    for open_only, expected in ((False, [1, 2, 3, 4, 5]), (True, [1, 2, 4, 5])):
        seen: list[int] = []
        while page := hall.desk.disputes(DisputeQuery("grocer", 0, open_only, seen[-1] if seen else 0, 2)):
            assert len(page) <= 2
            seen += [record.dispute.number for record in page]
        assert seen == expected


def test_nothing_is_taken_in_once_the_journal_is_wrong(hall: Hall) -> None:
    """Nobody can dispute on books that have stopped."""
    hall.intake.stop("Entry 20 is wrong.")
    assert hall.refusal("florist", RAISE, claim={"sequence": hall.line})[0] == "WRONG_STATE"


def test_row_tells_what_the_steps_tell(hall: Hall) -> None:
    """What the database keeps beside the steps, to find open disputes, follows from them in every state."""
    moves = [
        [],
        [("grocer", ANSWER, 400)],
        [("grocer", ANSWER, 400), ("florist", ACCEPT, 400)],
        [("grocer", REJECT, 0)],
        [("grocer", REJECT, 0), ("florist", ESCALATE, 0)],
        [("grocer", REJECT, 0), ("florist", ESCALATE, 0), ("operator", RULE, 0)],
        [("grocer", REJECT, 0), ("florist", ESCALATE, 0), ("operator", RULE, 9), ("operator-2", CONFIRM, 9)],
        [("florist", WITHDRAW, 0)],
    ]
    for number, steps in enumerate(moves, 1):
        hall.line = hall.journal.redeem("florist", {"grocer": number}).sequence
        hall.catch_up()
        hall.raise_it(number=number)
        for name, action, amount in steps:
            hall.take(name, action, number, amount=amount)
    for later_us in (0, 10 * DAY_US, 10 * DAY_US + 100, 40 * DAY_US):
        at_us = hall.now_us + later_us
        with hall.database.read() as connection:
            found = {record.dispute.number for record in open_disputes(connection, "", 0, now_us=at_us)}
        assert found == {dispute.number for dispute in hall.everything() if standing(dispute, at_us).is_open}


def test_adjustments_are_found_without_reading_all_records(hall: Hall) -> None:
    """The database goes from a dispute to its adjustments by their reference, however many records there are."""
    hall.raise_it()
    hall.take("grocer", ACCEPT, amount=1_000)
    asked: list[tuple[str, Any]] = []
    event.listen(
        hall.database.engine, "before_cursor_execute", lambda *arguments: asked.append((arguments[2], arguments[3]))
    )
    hall.desk.disputes(DisputeQuery(open_only=True))
    statements = [(text, values) for text, values in asked if "records" in text]
    assert len(statements) >= 2
    with hall.database.read() as connection:
        for text, values in statements:
            plan = " ".join(row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values))
            assert "INDEX ix_records_adjustment" in plan


def test_reason_and_attachments_are_part_of_what_was_signed(hall: Hall) -> None:
    """What the raiser stated is in the bytes that are kept."""
    file = pb.DisputeAttachment(name="roll.pdf", size_bytes=5, digest=b"d" * 32)
    record = hall.take("florist", RAISE, claim={"sequence": hall.line, "points": 7}, attachments=(file,))
    kept = pb.DisputeStep.FromString(record.dispute.steps[0].step.document)
    assert (list(kept.attachments), kept.claim.points) == ([file], 7)
