"""Batches that are applied while the one before is written: nobody can tell, but for the time it takes."""

from __future__ import annotations

import sqlite3
from concurrent.futures import Future
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError

from coalition.envelope import OpenedEnvelope
from coalition.errors import Refused
from coalition.v1 import error_pb2
from coalition.v1.ledger_service_pb2 import SubmitResponse
from network.journal.batch import BatchCommitter
from network.journal.commits import Commits
from network.journal.stages import Batch, Stopwatch
from network.journal.writer import Writer, WriterLimits
from network.store.engine import sqlite_url
from network.store.store import Store
from network.verify import verify_database
from tests.network.journal.conftest import Desk, sequences_of
from tests.network.town import NETWORK_ID, Town, key_of

#: So that much always waits, and each batch is one envelope.
LIMITS = WriterLimits(batch_transactions_max=50)
EACH = 40


class Crowded:
    """A writer that finds many envelopes waiting when it starts."""

    def __init__(self, store: Store, town: Town) -> None:
        self.batches: list[Batch] = []
        self.commits = Commits()
        self.writer = Writer(
            store,
            network_id=NETWORK_ID,
            key=key_of("hub"),
            clock=town.clock,
            commits=self.commits,
            limits=LIMITS,
            watchers=[self.batches.append],
        )

    def submit(self, *envelopes: OpenedEnvelope) -> list[Future[SubmitResponse]]:
        return [self.writer.submit(envelope) for envelope in envelopes]

    @property
    def ahead(self) -> int:
        """Batches whose lock came after they were applied."""
        return sum([lap.stage for lap in batch.laps].index("lock") > 0 for batch in self.batches)


@pytest.fixture
def crowded(desk: Desk) -> Crowded:
    """Over the database of a town with members."""
    assert desk.writer.stop(10)
    return Crowded(desk.store, desk.town)


def issues(town: Town, holder_id: str = "anna") -> OpenedEnvelope:
    return town.envelope("grocer", *(town.issue(holder_id, 1) for _ in range(EACH)))


def available(store: Store, holder_id: str) -> int:
    with store.read() as connection:
        found = connection.exec_driver_sql(f"SELECT points FROM holders WHERE holder_id = '{holder_id}'")
        return int(found.scalar_one())


def test_a_crowd_is_answered_in_order(tmp_path: Path, desk: Desk, crowded: Crowded) -> None:
    """Every envelope once, in the order in which they came, most of them applied ahead; and the journal verifies."""
    futures = crowded.submit(*(issues(desk.town) for _ in range(30)))
    crowded.writer.start()
    sequences = [sequence for future in futures for sequence in sequences_of(future.result(20))]
    assert sequences == list(range(sequences[0], sequences[0] + 30 * EACH))
    assert crowded.commits.sequence == sequences[-1]
    assert available(desk.store, "anna") == 30 * EACH
    assert crowded.writer.stop(10)
    assert crowded.ahead > 20
    assert verify_database(sqlite_url(tmp_path / "hub.db")).failures == ()


def test_what_is_not_written_yet_can_be_sent_again_and_reversed(desk: Desk, crowded: Crowded) -> None:
    """A replay and a reversal in the very next batch find what they are about."""
    town = desk.town
    issue = town.issue("anna", 60)
    first = town.envelope("grocer", issue, *(town.issue("bert", 1) for _ in range(EACH)))
    reversal = town.envelope("grocer", town.reverse(issue, 60), *(town.issue("bert", 1) for _ in range(EACH)))
    crowd = [issues(town, "bert") for _ in range(8)]
    futures = crowded.submit(*crowd, first, first, reversal, reversal, *(issues(town, "bert") for _ in range(8)))
    crowded.writer.start()
    answers = [future.result(20) for future in futures]
    assert [list(answer.replayed) for answer in answers[8:12]] == [[], list(range(EACH + 1))] * 2
    assert answers[8].outcomes == answers[9].outcomes
    assert answers[10].outcomes == answers[11].outcomes
    assert available(desk.store, "anna") == 0
    assert available(desk.store, "bert") == (16 + 2) * EACH
    assert crowded.writer.stop(10)


def test_key_that_is_removed_signs_nothing_in_the_next_batch(desk: Desk, crowded: Crowded) -> None:
    """A change of a reference table binds what is applied on top of it before it is written."""
    town = desk.town
    futures = crowded.submit(
        *(issues(town) for _ in range(8)),
        town.envelope("operator", town.suspend("butcher")),
        town.envelope("butcher", *(town.issue("anna", 1) for _ in range(EACH))),
        *(issues(town) for _ in range(8)),
    )
    crowded.writer.start()
    refused = futures[9].exception(20)
    assert isinstance(refused, Refused)
    assert refused.reason == error_pb2.REASON_PARTY_SUSPENDED
    assert all(future.result(20).outcomes for future in futures[10:])
    assert crowded.writer.stop(10)


def test_what_was_overtaken_is_not_written(desk: Desk) -> None:
    """Another hub's commit in between makes vain what was applied, and the whole of it."""
    town = desk.town
    mine, others = BatchCommitter(desk.store), BatchCommitter(desk.store)
    mine.commit([issues(town)], town.now_us)
    applied = mine.apply([issues(town)], town.now_us, Stopwatch())
    assert applied is not None
    others.commit([issues(town, "bert")], town.now_us)
    assert mine.flush(applied, Stopwatch()) is None
    assert available(desk.store, "anna") == EACH
    mine.forget()
    assert mine.apply([issues(town)], town.now_us, Stopwatch()) is None


def test_two_crowded_hubs_make_one_journal(tmp_path: Path, desk: Desk, crowded: Crowded) -> None:
    """Both apply ahead, overtake each other, and lose or double nothing."""
    other = Crowded(Store(sqlite_url(tmp_path / "hub.db")), desk.town)
    futures = [
        *crowded.submit(*(issues(desk.town, "anna") for _ in range(40))),
        *other.submit(*(issues(desk.town, "bert") for _ in range(40))),
    ]
    crowded.writer.start()
    other.writer.start()
    sequences = sorted(sequence for future in futures for sequence in sequences_of(future.result(60)))
    assert sequences == list(range(sequences[0], sequences[0] + 80 * EACH))
    assert (available(desk.store, "anna"), available(desk.store, "bert")) == (40 * EACH, 40 * EACH)
    assert crowded.writer.stop(10)
    assert other.writer.stop(10)
    assert verify_database(sqlite_url(tmp_path / "hub.db")).failures == ()


def test_failure_takes_along_what_was_built_on_it(desk: Desk, crowded: Crowded) -> None:
    """When the disk is full, what was applied on top of what was not written is applied anew, once there is room."""
    with desk.store.write() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 40}")
    futures = crowded.submit(*(issues(desk.town) for _ in range(30)))
    crowded.writer.start()
    errors = [future.exception(20) for future in futures]
    failed = [error for error in errors if error is not None]
    assert failed
    assert all(isinstance(error, Refused) and error.reason == error_pb2.REASON_INTERNAL for error in failed)
    assert available(desk.store, "anna") == (30 - len(failed)) * EACH
    with desk.store.write() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    assert [future.result(20).outcomes != [] for future in crowded.submit(issues(desk.town))] == [True]
    assert crowded.writer.stop(10)


@pytest.mark.parametrize("committed", [False, True], ids=["before", "after"])
def test_commit_that_fails_takes_along_what_was_built_on_it(
    tmp_path: Path, desk: Desk, crowded: Crowded, committed: bool
) -> None:
    """Whether it has happened or not: each caller hears once, nothing is there twice, and all can be sent again."""
    commits = count(1)

    def fail(connection: Connection) -> None:
        if next(commits) % 4 == 0:
            if committed:
                connection.exec_driver_sql("COMMIT")
            raise OperationalError("COMMIT", None, sqlite3.OperationalError("disk I/O error"))

    envelopes = [issues(desk.town) for _ in range(30)]
    engine = desk.store._writing
    event.listen(engine, "commit", fail)
    futures = crowded.submit(*envelopes)
    crowded.writer.start()
    errors = [future.exception(20) for future in futures]
    event.remove(engine, "commit", fail)
    assert 5 < sum(error is not None for error in errors) < 15
    sequences = [
        sequence
        for future, error in zip(futures, errors, strict=True)
        if error is None
        for sequence in sequences_of(future.result())
    ]
    assert len(sequences) == len(set(sequences))
    assert all(future.result(20).outcomes for future in crowded.submit(*envelopes))
    assert available(desk.store, "anna") == 30 * EACH
    assert crowded.writer.stop(10)
    assert verify_database(sqlite_url(tmp_path / "hub.db")).failures == ()
