"""Following a journal: through broken lines and restarts, and not one entry beyond what verifies."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from coalition.errors import Refused
from coalition.v1.journal_pb2 import JournalEntry, StreamEntriesResponse
from coalition.v1.outcome_pb2 import OUTCOME_STATUS_REJECTED, Outcome
from coalition.v1.transaction_pb2 import CloseWindow, Donate
from coalition.wire import encode
from partner_sdk import Client
from settlement import follower as followers
from settlement.alerts.sources import JournalHealth
from settlement.follower import Follower
from settlement.intake import Intake
from settlement.store import database
from settlement.store.database import Database
from tests.partner_sdk.dishonest_hub import NETWORK_ID, DishonestHub, key_of, registration
from tests.settlement.books import new_database
from tests.settlement.lying_hub import LyingHub


class Reading:
    """A follower of a hub that may lie, with its books."""

    def __init__(self, folder: Path) -> None:
        self.hub = LyingHub(folder)
        self.writer = DishonestHub()
        self.database: Database = new_database(folder)
        self.failures = 0
        self.begin()

    def begin(self) -> None:
        """Start where the books end."""
        self.intake = Intake(self.database, NETWORK_ID)
        self.follower = Follower(Client(self.hub.connection()), self.intake, time.time_ns, self._failed)
        self.follower.start()

    def beginning(self) -> None:
        """Genesis, three partners and a closed window, truthfully: six entries."""
        self.hub.tell(self.writer.beginning("grocer", "florist", "baker"))
        self.hub.tell(self.more(), self.more())
        assert self.intake.wait_for(6, 20).state.sequence == 6

    def more(self) -> StreamEntriesResponse:
        """One more entry, truthfully."""
        return self.writer.response(self.writer.write("operator", CloseWindow(window=self.writer.window)))

    def refused(self, *responses: StreamEntriesResponse) -> str:
        """Why the follower stops at these responses, having taken in nothing of them."""
        before = self.intake.progress.state.sequence
        self.hub.tell(*responses)
        self.intake.wait_for(before + 1, 20)
        assert self.intake.progress.state.sequence == before
        assert self.failures == 1
        return self.intake.problem

    def _failed(self) -> None:
        self.failures += 1

    def close(self) -> None:
        self.follower.stop()
        self.hub.stop()
        self.database.close()


@pytest.fixture
def reading(tmp_path: Path) -> Iterator[Reading]:
    """A follower at work."""
    reading = Reading(tmp_path)
    yield reading
    reading.close()


def test_broken_lines_are_mended(reading: Reading) -> None:
    """When the stream breaks after every response, the follower goes on where it stood, without gap or repetition."""
    reading.hub.break_after = 1
    reading.beginning()
    for _ in range(3):
        reading.hub.tell(reading.more())
    assert reading.intake.wait_for(9, 20).state.sequence == 9
    assert sorted(set(reading.hub.asked_from)) == reading.hub.asked_from[: len(set(reading.hub.asked_from))]
    assert len(reading.hub.asked_from) > 3


def test_hub_may_be_away_for_long(reading: Reading) -> None:
    """A hub that is gone for longer than a call may take is waited for."""
    reading.beginning()
    reading.hub.stop()
    reading.hub.tell(reading.more())
    time.sleep(1.2)
    assert not reading.intake.problem
    reading.hub.restart()
    assert reading.intake.wait_for(7, 30).state.sequence == 7


def test_health_says_since_when_the_hub_is_away(reading: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub that cannot be read shows until an entry comes, or until it has not failed for a while."""
    reading.beginning()
    assert reading.follower.health.unreadable_since_us == 0
    assert reading.follower.health.behind_us > 0
    reading.hub.stop()
    deadline = time.monotonic() + 20
    while not (since_us := reading.follower.health.unreadable_since_us):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(0.5)
    assert reading.follower.health.unreadable_since_us == since_us
    reading.hub.tell(reading.more())
    reading.hub.restart()
    assert reading.intake.wait_for(7, 30).state.sequence == 7
    assert reading.follower.health.unreadable_since_us == 0
    monkeypatch.setattr(followers, "_BATCH_COUNTS_S", 0.0)
    assert reading.follower.health == JournalHealth(sequence=7)


def test_locked_database_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where another program keeps the database locked, what was read is taken in once and only after that has ended."""
    monkeypatch.setattr(database, "_BUSY_TIMEOUT_S", 0.1)
    reading = Reading(tmp_path)
    reading.beginning()
    backup = sqlite3.connect(tmp_path / "settlement.db", isolation_level=None)
    backup.execute("BEGIN IMMEDIATE")
    reading.hub.tell(reading.more())
    assert reading.intake.wait_for(7, 1.5).state.sequence == 6
    backup.execute("ROLLBACK")
    backup.close()
    assert reading.intake.wait_for(7, 20).state.sequence == 7
    assert not reading.intake.problem
    reading.close()


def test_stopped_follower_goes_on_where_it_stopped(reading: Reading) -> None:
    """After a stop the next follower asks for the entry after the last one that was committed."""
    reading.beginning()
    reading.follower.stop()
    reading.hub.tell(reading.more())
    reading.begin()
    assert reading.intake.wait_for(7, 20).state.sequence == 7
    assert reading.hub.asked_from[-1] == 7


def spoil_entry(change: Callable[[JournalEntry], None]) -> Callable[[Reading], StreamEntriesResponse]:
    """The next response, truthfully signed and then changed in its entry."""

    def spoiled(reading: Reading) -> StreamEntriesResponse:
        response = reading.more()
        entry = JournalEntry.FromString(response.envelopes[0].entries[0])
        change(entry)
        response.envelopes[0].entries[0] = encode(entry)
        return response

    spoiled.__name__ = change.__name__
    return spoiled


def reject(entry: JournalEntry) -> None:
    """Say that an accepted transaction was rejected."""
    outcome = Outcome.FromString(entry.outcome)
    outcome.status = OUTCOME_STATUS_REJECTED
    entry.outcome = encode(outcome)


def flip(entry: JournalEntry) -> None:
    """Another byte in a transaction."""
    entry.transaction = entry.transaction[:-1] + bytes([entry.transaction[-1] ^ 3])


def move(entry: JournalEntry) -> None:
    """Another window."""
    entry.window += 1


def missing(reading: Reading) -> StreamEntriesResponse:
    """A response after one that is left out."""
    reading.more()
    return reading.more()


def signed_by_another(reading: Reading) -> StreamEntriesResponse:
    """A checkpoint by a key that is not the hub's."""
    envelope = reading.writer.write("operator", CloseWindow(window=reading.writer.window))
    return reading.writer.response(envelope, checkpoint=reading.writer.checkpoint(key=key_of("stranger")))


def other_root(reading: Reading) -> StreamEntriesResponse:
    """A checkpoint that the hub signed over another log."""
    envelope = reading.writer.write("operator", CloseWindow(window=reading.writer.window))
    return reading.writer.response(envelope, checkpoint=reading.writer.checkpoint(root=b"r" * 32))


def forged(reading: Reading) -> StreamEntriesResponse:
    """An envelope in the operator's name by a key of somebody else."""
    closing = CloseWindow(window=reading.writer.window)
    return reading.writer.response(reading.writer.write("operator", closing, keys=[key_of("grocer")]))


def truncated(reading: Reading) -> StreamEntriesResponse:
    """An envelope whose signature lost a byte."""
    response = reading.more()
    signature = response.envelopes[0].signatures[0]
    signature.signature = signature.signature[:-1]
    return response


def overstepping(reading: Reading) -> StreamEntriesResponse:
    """A partner that admits another partner."""
    return reading.writer.response(reading.writer.write("grocer", registration("friend")))


LIES: dict[Callable[[Reading], StreamEntriesResponse], str] = {
    spoil_entry(reject): "Entries 1 to 7 do not lead to the root that the hub signed",
    spoil_entry(flip): "the envelope at entry 7: entry 7 is not encoded canonically",
    spoil_entry(move): "entry 7 belongs to window 4, but window 3 is open",
    missing: "entry 7 is missing",
    signed_by_another: "The checkpoint cannot be trusted",
    other_root: "Entries 1 to 7 do not lead to the root that the hub signed",
    forged: "the envelope at entry 7: the envelope is signed by a key that operator did not have",
    truncated: "the envelope at entry 7: a signature does not match",
    overstepping: "entry 7: grocer is not a party that may author register_party",
}


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.__name__)
def test_lies_are_not_taken_in(reading: Reading, lie: Callable[[Reading], StreamEntriesResponse]) -> None:
    """Whatever is wrong with the entries after the sixth, nothing of them is taken in, and the place is named."""
    reading.beginning()
    assert reading.refused(lie(reading)).startswith(LIES[lie])
    with pytest.raises(Refused, match="has stopped following the journal after entry 6: "):
        reading.intake.require_sound(detailed=True)
    reading.follower.stop()
    assert Intake(reading.database, NETWORK_ID).progress.state.sequence == 6


def test_signed_contradictions_are_not_taken_in_either(reading: Reading) -> None:
    """What every signature vouches for may still contradict the journal before it, and then a person has to look."""
    reading.beginning()
    donation = Donate(holder_id="anna", fund_id="nowhere", points=10, pledge_id=b"p" * 16)
    problem = reading.refused(reading.writer.response(reading.writer.write("hub", donation)))
    assert problem == "Entry 7: the fund nowhere was never opened."


def test_what_was_right_before_a_lie_is_kept(reading: Reading) -> None:
    """Responses that verify are taken in, up to the one that does not."""
    reading.beginning()
    truth = [reading.more(), reading.more()]
    reading.hub.tell(*truth, forged(reading))
    reading.intake.wait_for(10, 20)
    assert reading.intake.progress.state.sequence == 8
    assert "9" in reading.intake.problem


def test_hub_that_lost_entries_is_refused(reading: Reading) -> None:
    """A hub whose log is shorter than what was read from it before has lost or rewritten something."""
    reading.beginning()
    reading.follower.stop()
    reading.hub.responses = [DishonestHub().beginning("grocer")]
    reading.begin()
    reading.intake.wait_for(7, 20)
    assert reading.intake.progress.state.sequence == 6
    assert reading.intake.problem == ("The hub's log has 2 entries, but 6 were read and verified: it lost some.")
