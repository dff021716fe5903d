"""Settling windows: from the proposal to the last payment, over the books of a journal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError

from coalition.errors import Refused
from coalition.v1 import settlement_service_pb2 as pb
from settlement.intake import Intake
from settlement.run_desk import DECISION_AGE_MAX_US, RunDesk
from settlement.runs.carried import Carried, Why
from settlement.runs.moves import CLOCK_SKEW_MAX_US
from settlement.runs.run import Run
from settlement.store import tables
from tests.settlement.decisions import (
    ABORT,
    APPROVE,
    BILATERAL,
    CARRY,
    CONFIRM,
    GROSS,
    INSTRUCT,
    MULTILATERAL,
    NETWORK,
    PROPOSE,
    Person,
)
from tests.settlement.office import CHECKER, MAKER, NOW_US, Office, run_id


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """An office whose journal has begun."""
    office = Office(tmp_path)
    yield office
    office.database.close()


def test_window_goes_from_open_to_settled(office: Office) -> None:
    """Closing, proposing and the last confirmation move a window on; nothing else does."""
    office.business(1_000_000, close=False)
    assert office.states() == ["OPEN"]
    office.business(234_567)
    assert office.states() == ["CLOSED", "OPEN"]
    office.decide(MAKER, PROPOSE, windows=(1,))
    assert office.states() == ["PENDING_SETTLEMENT", "OPEN"]
    office.approve()
    office.decide(MAKER, INSTRUCT)
    office.decide(MAKER, CONFIRM, party_id="grocer")
    assert office.states() == ["PENDING_SETTLEMENT", "OPEN"]
    office.decide(MAKER, CONFIRM, party_id="florist")
    assert office.states() == ["SETTLED", "OPEN"]


def test_aborted_window_is_settled_with_a_later_one(office: Office) -> None:
    """An abort frees the windows of a run; a later run may take them together with others."""
    office.business(1_000_000)
    office.decide(MAKER, PROPOSE, windows=(1,))
    office.decide(MAKER, ABORT, note="the bank is closed")
    assert office.states() == ["ABORTED", "OPEN"]
    office.business(500_000)
    run = office.settle(2, 1, 2)
    assert [(position.party_id, position.payable_minor) for position in run.positions.parties] == [
        ("florist", -150),
        ("grocer", 150),
    ]
    assert office.states() == ["SETTLED", "SETTLED", "OPEN"]
    assert [len(run.events) for run in office.runs()] == [2, 5]


def test_nothing_is_settled_twice(office: Office) -> None:
    """A settled window cannot be proposed again, alone or among others, and the database would not take it either."""
    office.business(1_000_000)
    office.business(1_000_000)
    office.settle(1, 1)
    for windows in ((1,), (1, 2)):
        reason, text = office.refusal(MAKER, PROPOSE, 2, windows=windows)
        assert (reason, text.split(",")[0]) == ("WRONG_STATE", "Window 1 is SETTLED")
    with pytest.raises(IntegrityError), office.database.write() as connection:
        connection.execute(insert(tables.claims).values(window_number=1, run_id=run_id(1)))


def test_there_is_one_run_at_a_time(office: Office) -> None:
    """While a run is under way the next has to wait, for it carries in what the first one leaves."""
    office.business(1_000_000)
    office.business(1_000_000)
    office.decide(MAKER, PROPOSE, windows=(1,))
    reason, text = office.refusal(MAKER, PROPOSE, 2, windows=(2,))
    assert reason == "WRONG_STATE"
    assert "is PROPOSED: settle or abort it first" in text


def test_open_and_unknown_windows_cannot_be_settled(office: Office) -> None:
    """Only a closed window can, as far as the journal was read."""
    office.business(1_000_000)
    assert office.refusal(MAKER, PROPOSE, windows=(1, 2)) == (
        "WRONG_STATE",
        "Window 2 is OPEN, as of entry 9; only a closed window that no run has claimed can be settled.",
    )
    assert office.refusal(MAKER, PROPOSE, windows=(3,)) == ("NOT_FOUND", "There is no window 3, as of entry 9.")
    assert office.refusal(MAKER, PROPOSE, windows=(2**63,))[0] == "NOT_FOUND"


def test_replayed_decisions_change_nothing(office: Office) -> None:
    """Sending a decision again, even much later, gets the run as it is now and does nothing twice."""
    office.business(1_000_000)
    proposal = MAKER.decides(PROPOSE, run_id=run_id(1), windows=(1,), decided_us=office.now_us)
    office.run_desk.decide(proposal)
    assert len(office.run_desk.decide(proposal).events) == 1
    office.approve()
    seen = office.run_desk.run(run_id(1)).standings_digest("grocer")
    confirmation = MAKER.decides(
        CONFIRM, run_id=run_id(1), party_id="grocer", standings=seen, decided_us=office.now_us + 9
    )
    office.decide(MAKER, INSTRUCT)
    office.run_desk.decide(confirmation)
    office.now_us += 10 * DECISION_AGE_MAX_US
    run = office.run_desk.decide(confirmation)
    assert (run.state, len(run.events)) == (pb.RUN_STATE_SETTLING, 4)
    assert office.run_desk.decide(proposal) == run


def test_id_of_a_run_is_used_once(office: Office) -> None:
    """Another proposal under the same id is a conflict, also after the first was aborted."""
    office.business(1_000_000)
    office.decide(MAKER, PROPOSE, windows=(1,))
    office.decide(MAKER, ABORT, note="enough")
    assert office.refusal(MAKER, PROPOSE, windows=(1,), note="again")[0] == "ID_CONFLICT"


def test_approval_needs_a_second_person_who_saw_the_positions(office: Office) -> None:
    """The proposer's own key and an approval of other positions are both refused, and the run stays as it was."""
    office.business(1_000_000)
    run = office.decide(MAKER, PROPOSE, windows=(1,))
    assert office.refusal(MAKER, APPROVE, positions=run.positions_bytes)[0] == "SAME_PERSON"
    assert office.refusal(CHECKER, APPROVE, positions=run.positions_bytes + b" ")[0] == "WRONG_STATE"
    assert office.refusal(Person(3), APPROVE, positions=run.positions_bytes)[0] == "KEY_UNKNOWN"
    assert office.approve().state == pb.RUN_STATE_APPROVED


def test_removed_keys_decide_nothing(office: Office) -> None:
    """A key that the operator has given up is refused from the entry on that removed it."""
    office.business(1_000_000)
    office.journal.remove_key("operator", MAKER.key.public)
    office.business(1, close=False)
    assert office.refusal(MAKER, PROPOSE, windows=(1,))[0] == "KEY_UNKNOWN"


def test_decisions_are_taken_in_while_fresh(office: Office) -> None:
    """Decisions from the future or from days ago are refused, so that when they were made can be believed."""
    office.business(1_000_000)
    for age_us in (-CLOCK_SKEW_MAX_US - 10, DECISION_AGE_MAX_US + 10):
        assert office.refusal(MAKER, PROPOSE, windows=(1,), decided_us=NOW_US - age_us)[0] == "CLOCK_SKEW"
    assert office.decide(MAKER, PROPOSE, windows=(1,), decided_us=NOW_US - DECISION_AGE_MAX_US + 10).live


def test_unknown_runs_are_not_found(office: Office) -> None:
    """A decision about a run that was never proposed, and a look at it, say so."""
    office.business(1_000_000)
    assert office.refusal(MAKER, INSTRUCT, 7)[0] == "NOT_FOUND"
    for unknown in (run_id(7), b"", b"short"):
        with pytest.raises(Refused, match="There is no run"):
            office.run_desk.run(unknown)


def test_remainders_are_carried_from_run_to_run(office: Office) -> None:
    """What rounding leaves of one window is paid with the next, and the view of a window shows the same figures."""
    office.business(1_004_000)
    office.business(1_004_000)
    assert payables(office, 1) == {"florist": (0, -100, -4_000), "grocer": (0, 100, 4_000)}
    office.settle(1, 1)
    assert payables(office, 1) == {"florist": (0, -100, -4_000), "grocer": (0, 100, 4_000)}
    assert payables(office, 2) == {"florist": (-4_000, -101, 2_000), "grocer": (4_000, 101, -2_000)}
    office.decide(MAKER, PROPOSE, 2, windows=(2,))
    assert payables(office, 2) == {"florist": (-4_000, -101, 2_000), "grocer": (4_000, 101, -2_000)}
    office.decide(MAKER, ABORT, 2, note="enough")
    run = office.settle(3, 2)
    assert {position.party_id: position.carried_out_micros for position in run.positions.parties} == {
        "florist": 2_000,
        "grocer": -2_000,
    }


def payables(office: Office, number: int) -> dict[str, tuple[int, int, int]]:
    """Carried in, payable and carried out, by party."""
    return {
        position.party_id: (position.carried_in_micros, position.payable_minor, position.carried_out_micros)
        for position in office.desk.window(number).positions
    }


def test_who_when_and_why_can_be_shown_again(office: Office) -> None:
    """Every event is stored with the exact document that was signed, and still verifies when it is read back."""
    office.business(1_000_000)
    office.decide(MAKER, PROPOSE, windows=(1,), note="step 1")
    positions = office.run_desk.run(run_id(1)).positions_bytes
    office.decide(CHECKER, APPROVE, positions=positions, note="step 2")
    office.decide(CHECKER, INSTRUCT, note="step 3")
    seen = {}
    for person, party_id, note in ((MAKER, "florist", "step 4"), (CHECKER, "grocer", "step 5")):
        seen[party_id] = office.run_desk.run(run_id(1)).standings_digest(party_id)
        office.decide(person, CONFIRM, party_id=party_id, standings=seen[party_id], note=note)
    reopened = RunDesk(office.database, Intake(office.database, NETWORK), lambda: office.now_us)
    run = reopened.run(run_id(1))
    assert [event.deed.note for event in run.events] == [f"step {number}" for number in range(1, 6)]
    for event in run.events:
        person = MAKER if event.deed.public_key == MAKER.key.public else CHECKER
        again = person.decides(
            event.action,
            run_id=run_id(1),
            windows=(1,) if event.action == PROPOSE else (),
            positions=run.positions_bytes if event.action == APPROVE else None,
            party_id=event.party_id,
            standings=seen.get(event.party_id, b""),
            note=event.deed.note,
            decided_us=event.deed.decided_us,
        )
        assert (again.document, again.signature.signature) == (event.deed.document, event.deed.signature)


def test_nothing_is_decided_on_a_journal_that_is_wrong(office: Office) -> None:
    """Once the journal was found to contradict itself, no run moves; what was verified can still be read."""
    office.business(1_000_000)
    office.intake.stop("Entry 10: something is wrong.")
    reason, text = office.refusal(MAKER, PROPOSE, windows=(1,))
    assert reason == "WRONG_STATE"
    assert text.endswith("Entry 10: something is wrong.")
    assert office.desk.window(1).positions


def paid(run: Run) -> list[tuple[str, str, int]]:
    """Who is to pay whom how much; the numbers are in another order in every run."""
    return sorted((item.payer, item.payee, item.amount_minor) for item in run.positions.instructions)


@pytest.mark.parametrize(
    ("method", "payments"),
    [
        (MULTILATERAL, [("florist", "operator", 60), ("operator", "grocer", 60)]),
        (BILATERAL, [("florist", "grocer", 60)]),
        (GROSS, [("florist", "grocer", 100), ("grocer", "florist", 39)]),
    ],
)
def test_windows_are_settled_by_any_method(office: Office, method: Any, payments: list[tuple[str, str, int]]) -> None:
    """The method decides who pays whom; the view of a window that a run settles alone shows the run's positions."""
    office.journal.owe("grocer", "florist", 399_000)
    office.business(1_003_000)
    run = office.settle(1, 1, method=method)
    assert paid(run) == payments
    assert office.desk.window(1).positions == run.positions.parties
    assert run.carried_out


def test_what_was_not_paid_is_settled_with_the_next_run(office: Office) -> None:
    """A late payer owes in the next run what it owed in this one, beside what it has come to owe since."""
    office.business(1_000_000)
    office.business(500_000)
    run = office.instruct(1, 1)
    run = office.decide(MAKER, CONFIRM, party_id="grocer")
    (left,) = (item.instruction.number for item in run.standings if not item.done)
    run = office.decide(CHECKER, CARRY, carry={left: 0}, note="the florist's bank is closed")
    assert (run.state, run.events[-1].deed.note) == (pb.RUN_STATE_SETTLED, "the florist's bank is closed")
    assert payables(office, 2) == {
        "florist": (-1_000_000, -150, 0),
        "grocer": (0, 50, 0),
        "operator": (1_000_000, 100, 0),
    }
    run = office.instruct(2, 2)
    assert run.positions.carried_in == (Carried("florist", "operator", 1_000_000, Why.UNPAID),)
    assert paid(run) == [
        ("florist", "operator", 150),
        ("operator", "grocer", 50),
    ]


def test_run_that_is_too_large_is_refused(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run's approver has to see all of it at once; what is larger is settled in another way."""
    office.business(1_000_000)
    monkeypatch.setattr("settlement.run_desk.POSITIONS_BYTES_MAX", 100)
    reason, text = office.refusal(MAKER, PROPOSE, windows=(1,), method=GROSS)
    assert reason == "WRONG_STATE"
    assert "Settle multilaterally, or fewer windows" in text


def test_runs_are_listed_newest_first(office: Office) -> None:
    """In pages, of which each begins below the number with which the one before it ended."""
    for number in range(1, 6):
        office.business(1_000)
        office.settle(number, number)
    with office.run_desk.newest(3) as runs:
        assert [run.number for run in runs] == [5, 4, 3]
    with office.run_desk.newest(3, before=3) as runs:
        assert [run.number for run in runs] == [2, 1]
    with office.database.write() as connection:
        connection.execute(update(tables.runs).where(tables.runs.c.number < 5).values(positions=b"\xff"))
    with office.run_desk.newest(3) as runs:
        assert next(runs).number == 5, "no run is read before it is asked for"
