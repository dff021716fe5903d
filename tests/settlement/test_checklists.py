"""A run's checklist: whatever is wrong in the books is found, is named, and keeps the run from being approved."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from coalition.note import Checkpoint, checkpoint_origin, sign_checkpoint
from coalition.v1 import settlement_service_pb2 as pb
from partner_sdk.testing import BankMovement
from settlement.checklists import Checklists
from settlement.clearing.obligations import Pair
from settlement.clearing.rounding import Position
from settlement.replays import Extent, Replayed, Replays
from settlement.runs.checks import Check, Item, carried_in, nets_equal_gross, no_party_missing, sum_zero
from settlement.runs.positions import Positions, positions_bytes
from settlement.store.database import Database
from tests.settlement.books import recompute_stored
from tests.settlement.decisions import APPROVE, CARRY, NETWORK, PROPOSE
from tests.settlement.journals import key_of
from tests.settlement.office import CHECKER, MAKER, run_id
from tests.settlement.payments.counter import Counter

BLOCKING = ["sum_zero", "nets_equal_gross", "no_party_missing", "carried_in", "replay", "checkpoint"]
WARNINGS = ["bank_accounts", "accounts_unchanged", "earlier_windows", "bank_entries", "disputes", "alerts"]


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    """The florist owes the grocer 1.00 in window 1 and 0.50 in window 2, which a run is to settle."""
    counter = Counter(tmp_path)
    counter.business(500_000)
    counter.decide(MAKER, PROPOSE, windows=(1, 2))
    yield counter
    counter.database.close()


def checks(counter: Counter, number: int = 1) -> dict[str, Check]:
    """The checklist, by name."""
    return {check.item.value: check for check in counter.run_desk.checklist(run_id(number)).checks}


def wrong(counter: Counter, number: int = 1) -> dict[str, str]:
    """What does not hold, and what was found."""
    return {name: check.found for name, check in checks(counter, number).items() if not check.passed}


def spoil(counter: Counter, statement: str, **values: Any) -> None:
    """Somebody changes the database behind the service's back."""
    with counter.database.write() as connection:
        assert connection.execute(text(statement), values).rowcount == 1


def test_everything_holds(counter: Counter) -> None:
    """Of a run as it should be, every check passes and says what it has looked at."""
    found = checks(counter)
    assert list(found) == [*BLOCKING, *WARNINGS]
    assert [name for name, check in found.items() if check.blocking] == BLOCKING
    assert all(check.passed for check in found.values())
    assert found["replay"].found.endswith("entries come to the figures of windows 1, 2")
    assert found["nets_equal_gross"].found == "1 obligation of 1500000 millionths come to 2 payments of 300 minor units"
    assert found["bank_accounts"].found == "3 accounts"
    assert counter.approve().state == pb.RUN_STATE_APPROVED


TAMPERED = [
    (
        "UPDATE sums SET direct_micros = direct_micros + 1 WHERE window_number = 1",
        "nets_equal_gross",
        "florist's position is another",
    ),
    (
        "UPDATE sums SET entries = entries + 1 WHERE window_number = 2",
        "replay",
        "window 2: OBLIGATION florist grocer has entries 2, not 1",
    ),
    (
        "UPDATE movements SET direct_micros = 7 WHERE window_number = 1",
        "replay",
        "window 1: its lines do not add up to its sums",
    ),
    ("UPDATE windows SET opened_us = opened_us + 1 WHERE number = 2", "replay", "window 2 has other entries"),
    ("DELETE FROM entries WHERE sequence = 5", "replay", "it does not follow entry 4"),
    (
        "UPDATE entries SET raw = (SELECT raw FROM entries WHERE sequence = 4) WHERE sequence = 5",
        "replay",
        "it does not follow entry 4",
    ),
]


def test_books_that_were_tampered_with_are_found_out(counter: Counter, tmp_path: Path) -> None:
    """A sum, a line, a window or an entry that somebody has changed."""
    run = counter.run()
    for number, (statement, name, expected) in enumerate(TAMPERED):
        with closing(sqlite3.connect(tmp_path / "settlement.db")) as connection:
            connection.execute(f"VACUUM INTO '{tmp_path}/{number}.db'")
        copy = Database.in_file(tmp_path / f"{number}.db")
        with copy.write() as spoilt:
            assert spoilt.execute(text(statement)).rowcount == 1
        found = Checklists(copy, counter.intake, lambda: counter.now_us).of(run).checks
        copy.close()
        assert expected in next(check.found for check in found if check.item.value == name and not check.passed)


def test_books_that_were_tampered_with_are_not_approved(counter: Counter) -> None:
    """The refusal names what does not hold and what was found."""
    spoil(counter, TAMPERED[0][0])
    reason, refused = counter.refusal(CHECKER, APPROVE, positions=counter.run().positions_bytes)
    assert reason == "WRONG_STATE"
    assert "cannot be approved: nets_equal_gross does not hold: florist's position is another" in refused


def test_entry_with_other_bytes_is_found_by_the_root(counter: Counter) -> None:
    """Even where it means the same: the hub has signed something else."""
    with counter.database.read() as connection:
        raw = connection.scalar(text("SELECT raw FROM entries WHERE sequence = 5"))
    spoil(counter, "UPDATE entries SET raw = :raw WHERE sequence = 5", raw=raw + b"\xfa\x3e\x00")
    assert "have another root than the one that the hub signed" in wrong(counter)["checkpoint"]


def test_checkpoint_of_a_stranger_proves_nothing(counter: Counter) -> None:
    """Neither does one that is not there."""
    checkpoint = Checkpoint(checkpoint_origin(NETWORK), 12, b"r" * 32)
    for number in (2, 3):
        spoil(
            counter,
            "UPDATE checkpoints SET note = :note WHERE window_number = :number",
            note=sign_checkpoint(checkpoint, key_of("stranger")),
            number=number,
        )
    assert "The checkpoint cannot be trusted" in wrong(counter)["checkpoint"]
    with counter.database.write() as connection:
        connection.execute(text("DELETE FROM checkpoints WHERE window_number >= 2"))
    assert "has signed no log that these windows are in" in wrong(counter)["checkpoint"]


def test_positions_that_are_not_those_of_the_windows_are_not_approved(counter: Counter) -> None:
    """Whoever stored them, and whatever they sum to."""
    positions = counter.run().positions
    other = replace(
        positions,
        parties=(Position("florist", -1, 0, 0, -1), Position("grocer", 1, 0, 0, 1)),
        instructions=(),
    )
    spoil(counter, "UPDATE runs SET positions = :positions", positions=positions_bytes(other))
    assert "florist pays operator 0 minor units, not 150" in wrong(counter)["nets_equal_gross"]
    with pytest.raises(Exception, match="nets_equal_gross does not hold"):
        counter.approve()


def changed(positions: Positions, **fields: Any) -> Positions:
    """The positions with the florist's changed."""
    florist, *others = positions.parties
    return replace(positions, parties=(replace(florist, **fields), *others))


def test_figures_are_looked_at_one_by_one(counter: Counter) -> None:
    """Sums, parties and what is carried each have their own check."""
    positions, micros = counter.run().positions, {Pair("florist", "grocer"): 1_500_000}
    assert (
        "amounts sum to 1; florist's figures do not add up"
        in sum_zero(changed(positions, amount_micros=-1_499_999)).found
    )
    assert "what is payable sum to 1" in sum_zero(changed(positions, payable_minor=-149)).found
    parties = {"florist", "grocer", "operator"}
    less = replace(positions, parties=positions.parties[:1])
    assert no_party_missing(less, micros, parties).found == "grocer is missing"
    more = replace(positions, parties=(*positions.parties, positions.parties[0], Position("ash", 0, 0, 0, 0)))
    assert no_party_missing(more, micros, parties).found == (
        "ash is there without a reason; florist is there twice; ash is no party of the network"
    )
    assert carried_in(positions, ()).passed
    twice = replace(positions, instructions=(*positions.instructions, positions.instructions[0]))
    assert "a payment is there twice" in nets_equal_gross(twice, micros, "operator").found


def test_what_somebody_should_know_is_said_and_does_not_block(counter: Counter) -> None:
    """Accounts that are missing or have changed, windows left out, and entries that nobody has assigned."""
    counter.settle_proposed()
    counter.set_account("grocer", iban="GB82WEST12345698765432", country="GB")
    counter.take_in(BankMovement(amount_minor=-5, bank_reference="B1", text="charges"))
    counter.business(100_000)
    counter.journal.owe("florist", "school", 100_000)
    counter.business(200_000)
    counter.decide(MAKER, PROPOSE, 2, windows=(4,))
    counter.set_account("florist", account_id="111")
    assert wrong(counter, 2) == {
        "bank_accounts": "school has none",
        "accounts_unchanged": (
            "grocer's has changed since the last run; "
            "florist has given another one since the proposal, which the run does not use"
        ),
        "earlier_windows": "window 3 waits for another run",
        "bank_entries": "1 that nobody has assigned: coalition settlement run payments --unmatched",
    }
    assert counter.approve(2).state == pb.RUN_STATE_APPROVED


def test_what_was_carried_has_to_be_taken_over(counter: Counter) -> None:
    """A run that forgets what the last one left, or that takes over what nobody left, is not approved."""
    counter.approve()
    counter.decide(CHECKER, pb.RUN_ACTION_INSTRUCT)
    counter.decide(CHECKER, CARRY, carry={1: 0, 2: 0}, note="all late")
    counter.business(500_000)
    counter.decide(MAKER, PROPOSE, 2, windows=(3,))
    assert checks(counter, 2)["carried_in"].found == "2 amounts"
    forgetful = replace(counter.run(2).positions, carried_in=())
    spoil(counter, "UPDATE runs SET positions = :bytes WHERE number = 2", bytes=positions_bytes(forgetful))
    assert "1500000 millionths from florist to operator (UNPAID) is not taken over" in wrong(counter, 2)["carried_in"]


def test_replay_that_takes_long_is_waited_for(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    """The checklist says how far it has come; an approval is refused for the moment, and taken when it is done."""
    go_on = threading.Event()
    monkeypatch.setattr("settlement.checklists.WAIT_S", 0.05)
    monkeypatch.setattr("settlement.replays._piece", slowly(go_on))
    pending = [check for check in checks(counter).values() if check.pending]
    assert [check.item for check in pending] == [Item.REPLAY, Item.CHECKPOINT]
    assert pending[0].found == "0% of the journal is replayed"
    reason, refused = counter.refusal(CHECKER, APPROVE, positions=counter.run().positions_bytes)
    assert reason == "OVERLOADED"
    assert "replay is still looked at" in refused
    go_on.set()
    monkeypatch.setattr("settlement.checklists.WAIT_S", 5.0)
    assert counter.approve().state == pb.RUN_STATE_APPROVED


def slowly(go_on: threading.Event) -> Any:
    """Reads a piece of the journal once it is told to."""
    from settlement.replays import _piece

    def piece(*arguments: Any) -> Any:
        assert go_on.wait(20)
        return _piece(*arguments)

    return piece


def test_replay_in_pieces_is_the_replay(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    """However it is cut, it comes to what a replay in one go does; one that is not wanted any more ends."""
    monkeypatch.setattr("settlement.replays._PIECE_ENTRIES", 2)
    counter.journal.issue("grocer", 1_000)
    counter.journal.redeem("florist", {"grocer": 300})
    counter.business(1)
    entries = counter.intake.progress.state.sequence
    expected = recompute_stored(counter.database)
    replays = Replays(counter.database)
    whole = replays.of(Extent(entries, entries, (1, 2, 3)), 10)
    assert isinstance(whole, Replayed)
    assert (whole.problem, whole.torn, whole.root) == ("", (), counter.intake.progress.log_root)
    assert dict(whole.windows) == dict(expected.windows)
    assert {number: totals for number, totals in whole.totals.items() if totals.sums} == {
        number: totals for number, totals in expected.totals.items() if totals.sums
    }
    assert replays.of(Extent(entries, entries, (1, 2, 3)), 0) is whole
    beyond = replays.of(Extent(entries, entries + 5, (1,)), 10)
    assert isinstance(beyond, Replayed)
    assert beyond.problem == f"entry {entries + 1} is missing"
    assert replays.of(Extent(entries, entries + 5, (1,)), 10) is not beyond
    replays.close()
    assert replays.of(Extent(1, 1, ()), 1) == 0.0


def test_replay_under_way_is_let_finish(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two that are asked for in turns both come to their end: the second begins when the first is done."""
    go_on = threading.Event()
    monkeypatch.setattr("settlement.replays._piece", slowly(go_on))
    entries = counter.intake.progress.state.sequence
    one, other = Extent(entries, entries, (1,)), Extent(entries, entries, (2,))
    replays = Replays(counter.database)
    for _ in range(3):
        assert replays.of(one, 0.01) == 0.0
        assert replays.of(other, 0.01) is None
        assert replays.kept(one) is None
    go_on.set()
    found = replays.of(one, 10)
    assert isinstance(found, Replayed)
    assert replays.kept(one) is found
    assert isinstance(replays.of(other, 10), Replayed)
    replays.close()


def test_second_replay_is_waited_for_after_the_first(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within the time that a call has, it waits for another's replay and makes its own."""
    go_on = threading.Event()
    monkeypatch.setattr("settlement.replays._piece", slowly(go_on))
    entries = counter.intake.progress.state.sequence
    replays = Replays(counter.database)
    assert replays.of(Extent(entries, entries, (1,)), 0) == 0.0
    threading.Timer(0.1, go_on.set).start()
    assert isinstance(replays.of(Extent(entries, entries, (2,)), 10), Replayed)
    replays.close()


def test_replay_that_found_torn_lines_is_not_believed_twice(counter: Counter) -> None:
    """Once somebody has repaired the lines, the next look finds them right."""
    entries = counter.intake.progress.state.sequence
    extent, replays = Extent(entries, entries, (1, 2)), Replays(counter.database)
    spoil(counter, "UPDATE movements SET direct_micros = direct_micros + 1 WHERE window_number = 1")
    torn = replays.of(extent, 10)
    assert isinstance(torn, Replayed)
    assert torn.torn == (1,)
    spoil(counter, "UPDATE movements SET direct_micros = direct_micros - 1 WHERE window_number = 1")
    whole = replays.of(extent, 10)
    assert isinstance(whole, Replayed)
    assert whole.torn == ()
    replays.close()


def test_journal_is_replayed_for_proposed_runs_only(counter: Counter) -> None:
    """A run that was decided on shows what was kept of its replay, or that nobody looks any more."""
    before = checks(counter)["replay"].found
    counter.approve()
    assert checks(counter)["replay"].found == before
    anew = Checklists(counter.database, counter.intake, lambda: counter.now_us)
    found = {check.item: check for check in anew.of(counter.run()).checks}
    for item in (Item.REPLAY, Item.CHECKPOINT):
        assert (found[item].passed, found[item].pending) == (True, False)
        assert found[item].found == "it held when the run was approved, and is not looked at any more"
    counter.decide(CHECKER, pb.RUN_ACTION_ABORT, note="wrong")
    counter.decide(MAKER, PROPOSE, 2, windows=(1,))
    counter.decide(MAKER, pb.RUN_ACTION_ABORT, 2, note="wrong")
    given_up = {check.item: check for check in anew.of(counter.run(2)).checks}[Item.REPLAY]
    assert (given_up.passed, given_up.pending) == (False, False)
    assert given_up.found == "not looked at any more: the run is ABORTED"
