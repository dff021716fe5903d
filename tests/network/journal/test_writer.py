"""The writer commits what waits together, answers after the commit, and survives whatever happens."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, MutableMapping
from concurrent.futures import CancelledError, Future
from contextlib import closing, contextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from coalition.envelope import OpenedEnvelope
from coalition.errors import Refused
from coalition.merkle import EMPTY_ROOT
from coalition.receipt import open_receipt
from coalition.v1 import error_pb2
from coalition.v1.journal_pb2 import Receipt
from coalition.v1.ledger_service_pb2 import SubmitResponse
from coalition.v1.outcome_pb2 import OUTCOME_STATUS_ACCEPTED, Outcome
from network.journal.commits import Commits
from network.journal.writer import Writer, WriterLimits
from network.store import tables
from network.store.engine import parse_url
from network.store.head import read_head
from network.store.sql import insert_rows
from network.store.store import Store
from tests.databases import BOTH
from tests.network.journal.conftest import Desk, sequences_of
from tests.network.town import NETWORK_ID, Town, key_of

pytestmark = pytest.mark.engines(*BOTH)


def checked(envelope: OpenedEnvelope, answer: SubmitResponse) -> tuple[Receipt, tuple[Outcome, ...]]:
    """What a client makes of an answer."""
    return open_receipt(
        answer.receipt,
        answer.outcomes,
        network_id=NETWORK_ID,
        hub_keys=[key_of("hub").public],
        digest=envelope.digest,
        transaction_ids=[transaction.transaction_id for transaction in envelope.transactions],
    )


def reason(future: Future[SubmitResponse]) -> error_pb2.Reason.ValueType:
    """Why an envelope was refused."""
    refused = future.exception(10)
    assert isinstance(refused, Refused)
    return refused.reason


def points_of(store: Store, holder_id: str) -> int:
    with store.read() as connection:
        holder = tables.holders.c
        return int(connection.execute(select(holder.points).where(holder.holder_id == holder_id)).scalar_one())


@contextmanager
def full_disk(store: Store, engine: str) -> Iterator[None]:
    """Meanwhile the database takes no batch to its end."""
    with store.write() as connection:
        if engine == "sqlite":
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        else:
            # The head moves last.
            connection.exec_driver_sql("ALTER TABLE head ADD CONSTRAINT full_disk CHECK (sequence < 0) NOT VALID")
    yield
    with store.write() as connection:
        if engine == "sqlite":
            connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
        else:
            connection.exec_driver_sql("ALTER TABLE head DROP CONSTRAINT full_disk")


@contextmanager
def held_by_another(url: str, store: Store) -> Iterator[None]:
    """Meanwhile another process has the lock, and the writer soon gives up waiting for it."""
    file = parse_url(url).file
    other: Any
    if file is not None:
        patience, lock = "PRAGMA busy_timeout = 10", "BEGIN IMMEDIATE"
        other = sqlite3.connect(file, isolation_level=None)
    else:
        patience, lock = "SET lock_timeout = 10", "SELECT sequence FROM head FOR UPDATE"
        other = psycopg.connect(url)
    with store.write() as connection:
        connection.exec_driver_sql(patience)
    with closing(other):
        other.execute(lock)
        yield
        other.rollback()


def test_receipt_proves_what_was_committed(desk: Desk) -> None:
    """The receipt is the hub's, covers exactly these outcomes, and names the log as it is after the commit."""
    envelope = desk.town.envelope("grocer", desk.town.issue("anna", 50), desk.town.issue("bert", 70))
    [answer] = desk.submit(envelope)
    receipt, outcomes = checked(envelope, answer)
    with desk.store.read() as connection:
        head = read_head(connection)
    assert [outcome.status for outcome in outcomes] == [OUTCOME_STATUS_ACCEPTED] * 2
    assert receipt.first_sequence == outcomes[0].sequence == head.sequence - 1
    assert (receipt.log_size, receipt.committed_us) == (head.sequence, head.committed_us)
    assert receipt.log_root == head.frontier.root() != EMPTY_ROOT


def test_replay_gets_the_first_answer(desk: Desk) -> None:
    """The same envelope again gets the same outcomes, marked as replayed, and changes nothing."""
    envelope = desk.town.envelope("grocer", desk.town.issue("anna", 50), desk.town.issue("anna", 70))
    [first] = desk.submit(envelope)
    [between] = desk.submit(desk.town.envelope("grocer", desk.town.issue("anna", 1)))
    [second] = desk.submit(envelope)
    assert second.outcomes == first.outcomes
    assert (list(first.replayed), list(second.replayed)) == ([], [0, 1])
    receipt, outcomes = checked(envelope, second)
    assert receipt.first_sequence == outcomes[0].sequence
    assert receipt.log_size == sequences_of(between)[0]
    assert points_of(desk.store, "anna") == 121


def test_replay_within_one_batch(store: Store, town: Town) -> None:
    """Copies of an envelope that wait together are committed once."""
    writer = Writer(store, network_id=NETWORK_ID, key=key_of("hub"), clock=town.clock, commits=Commits())
    for envelope in town.founding():
        writer.submit(envelope)
    issue = town.envelope("grocer", town.enrol("anna"), town.issue("anna", 5))
    copies = [writer.submit(issue) for _ in range(3)]
    writer.start()
    answers = [copy.result(10) for copy in copies]
    assert [list(answer.replayed) for answer in answers] == [[], [0, 1], [0, 1]]
    assert {tuple(answer.outcomes) for answer in answers} == {tuple(answers[0].outcomes)}
    assert points_of(store, "anna") == 5
    assert writer.stop(10)


def test_envelope_may_carry_old_and_new_transactions(desk: Desk) -> None:
    """What was committed before keeps its sequence; the rest is applied."""
    old, new = desk.town.issue("anna", 50), desk.town.issue("anna", 70)
    [first] = desk.submit(desk.town.envelope("grocer", old))
    [answer] = desk.submit(desk.town.envelope("grocer", new, old))
    assert list(answer.replayed) == [1]
    assert sequences_of(answer) == [sequences_of(first)[0] + 1, sequences_of(first)[0]]
    assert points_of(desk.store, "anna") == 120


def test_refused_envelope_leaves_its_neighbours_alone(store: Store, town: Town) -> None:
    """In one batch each envelope gets its own answer."""
    writer = Writer(store, network_id=NETWORK_ID, key=key_of("hub"), clock=town.clock, commits=Commits())
    for envelope in [*town.founding(), town.envelope("grocer", town.enrol("anna"))]:
        writer.submit(envelope)
    before = writer.submit(town.envelope("grocer", town.issue("anna", 1)))
    refused = writer.submit(town.envelope("grocer", town.issue("anna", 2), keys=[key_of("stranger")]))
    after = writer.submit(town.envelope("grocer", town.issue("anna", 4)))
    writer.start()
    assert reason(refused) == error_pb2.REASON_KEY_UNKNOWN
    assert sequences_of(after.result(10))[0] == sequences_of(before.result(10))[0] + 1
    assert points_of(store, "anna") == 5
    assert writer.stop(10)


def test_program_error_answers_one_envelope(desk: Desk, logged: list[MutableMapping[str, Any]]) -> None:
    """An envelope over which the ledger stumbles gets an id to quote; its neighbours and the writer go on."""
    desk.submit(desk.town.envelope("grocer", desk.town.issue("anna", 50), desk.town.issue("bert", 50)))
    with desk.store.write() as connection:
        connection.exec_driver_sql("UPDATE holders SET points = 0 WHERE holder_id = 'anna'")
    # Another one: the first knows better from the batch before.
    writer = Writer(desk.store, network_id=NETWORK_ID, key=key_of("hub"), clock=desk.town.clock, commits=Commits())
    failing = writer.submit(desk.town.envelope("pharmacy", desk.town.redeem("anna", "pharmacy", 50)))
    fine = writer.submit(desk.town.envelope("pharmacy", desk.town.redeem("bert", "pharmacy", 50)))
    writer.start()
    refused = failing.exception(10)
    assert isinstance(refused, Refused)
    assert refused.reason == error_pb2.REASON_INTERNAL
    assert len(refused.facts["error_id"]) == 16
    assert refused.facts["error_id"] in refused.message
    assert [(entry["error_id"], entry["author"]) for entry in logged] == [(refused.facts["error_id"], "pharmacy")]
    assert fine.result(10).outcomes
    with desk.store.read() as connection:
        lots = connection.exec_driver_sql("SELECT points FROM lots WHERE holder_id = 'anna'").scalar_one()
    assert lots == 50
    assert writer.stop(10)


def test_failing_commit_has_no_effect(desk: Desk, engine: str, logged: list[MutableMapping[str, Any]]) -> None:
    """When the disk is full nothing of a batch is there, its callers hear of it, and later batches go through."""
    big = desk.town.envelope("grocer", *(desk.town.issue("anna", 1) for _ in range(500)))
    with full_disk(desk.store, engine):
        refused = desk.writer.submit(big).exception(10)
        assert isinstance(refused, Refused)
        assert refused.reason == error_pb2.REASON_INTERNAL
        assert [entry["error_id"] for entry in logged] == [refused.facts["error_id"]]
        assert points_of(desk.store, "anna") == 0
    [answer] = desk.submit(big)
    assert list(answer.replayed) == []
    assert points_of(desk.store, "anna") == 500


def test_reference_tables_survive_a_failed_batch(desk: Desk, engine: str) -> None:
    """What a failed batch changed in memory is forgotten, or the next batch would build on what never was."""
    terms = [desk.town.terms("grocer", "2024-03-01", issue_fee_micros=fee) for fee in range(400)]
    with full_disk(desk.store, engine):
        assert reason(desk.writer.submit(desk.town.envelope("operator", *terms))) == error_pb2.REASON_INTERNAL
        assert len(desk.store.reference().terms.get("grocer") or ()) == 1
    desk.submit(desk.town.envelope("operator", desk.town.terms("grocer", "2024-03-01", issue_fee_micros=5)))
    versions = desk.store.reference().terms.get("grocer") or ()
    assert [version.issue_fee_micros for version in versions] == [0, 5]


def test_database_held_by_another_process(url: str, desk: Desk) -> None:
    """Whoever holds the lock for too long makes callers try again, and nothing worse."""
    envelope = desk.town.envelope("grocer", desk.town.issue("anna", 1))
    with held_by_another(url, desk.store):
        assert reason(desk.writer.submit(envelope)) == error_pb2.REASON_OVERLOADED
    assert list(desk.submit(envelope)[0].replayed) == []


def test_commit_times_increase_while_the_clock_stands_still(desk: Desk) -> None:
    """Two entries never have the same commit time, nor does it run backwards with the clock."""
    issues = [desk.town.envelope("grocer", desk.town.issue("anna", 1), desk.town.issue("anna", 1)) for _ in range(3)]
    answers = desk.submit(*issues)
    desk.town.now_us -= 60_000_000
    answers += desk.submit(desk.town.envelope("grocer", desk.town.issue("anna", 1)))
    times = [Outcome.FromString(raw).committed_us for answer in answers for raw in answer.outcomes]
    assert times == sorted(set(times))


@pytest.mark.parametrize("limits", [WriterLimits(waiting_envelopes_max=2), WriterLimits(waiting_bytes_max=350)])
def test_queue_is_bounded(store: Store, town: Town, limits: WriterLimits) -> None:
    """What does not fit is refused at once, whether by number or by bytes."""
    key = key_of("hub")
    writer = Writer(store, network_id=NETWORK_ID, key=key, clock=town.clock, commits=Commits(), limits=limits)
    futures = [writer.submit(town.envelope("grocer", town.enrol("anna"))) for _ in range(4)]
    assert [future.done() for future in futures] == [False, False, True, True]
    assert [reason(future) for future in futures[2:]] == [error_pb2.REASON_OVERLOADED] * 2
    writer.stop(0)


def test_batches_are_bounded(store: Store, town: Town) -> None:
    """Under load the writer takes the queue in pieces, and every piece is answered after its own commit."""
    limits = WriterLimits(batch_transactions_max=5)
    sizes: list[int] = []
    commits = Commits()
    commits.subscribe(sizes.append)
    key = key_of("hub")
    writer = Writer(store, network_id=NETWORK_ID, key=key, clock=town.clock, commits=commits, limits=limits)
    envelopes = [*town.founding(), town.envelope("grocer", town.enrol("anna"))]
    envelopes += [town.envelope("grocer", town.issue("anna", 1), town.issue("anna", 1)) for _ in range(5)]
    futures = [writer.submit(envelope) for envelope in envelopes]
    writer.start()
    ends = [future.result(10) for future in futures]
    # Genesis alone; four registrations; five terms and a campaign; then at most five transactions together.
    assert sizes == [1, 5, 10, 15, 19, 21]
    logs = [Receipt.FromString(end.receipt.document).log_size for end in ends]
    assert logs == [1, 5, 10, 15, 15, 15, 19, 19, 21]
    writer.stop(10)


def test_stop_finishes_what_was_handed_in(store: Store, town: Town) -> None:
    """A shutdown loses nothing that was taken, and takes nothing more."""
    writer = Writer(store, network_id=NETWORK_ID, key=key_of("hub"), clock=town.clock, commits=Commits())
    taken = [writer.submit(envelope) for envelope in [*town.founding(), town.envelope("grocer", town.enrol("anna"))]]
    writer.start()
    assert writer.stop(10)
    late = writer.submit(town.envelope("grocer", town.issue("anna", 1)))
    assert all(future.result(0) for future in taken)
    assert reason(late) == error_pb2.REASON_SHUTTING_DOWN


def test_stop_refuses_what_it_has_no_time_for(store: Store, town: Town) -> None:
    """When the time is over, what was not begun is refused, so that no caller waits for ever."""
    writer = Writer(store, network_id=NETWORK_ID, key=key_of("hub"), clock=town.clock, commits=Commits())
    waiting = [writer.submit(envelope) for envelope in town.founding()]
    assert not writer.stop(0)
    assert [reason(future) for future in waiting] == [error_pb2.REASON_SHUTTING_DOWN] * 3


def test_answers_are_delivered_once_a_batch(store: Store, town: Town) -> None:
    """A whole batch wakes an event loop once."""
    delivered: list[Callable[[], None]] = []
    key = key_of("hub")
    writer = Writer(
        store, network_id=NETWORK_ID, key=key, clock=town.clock, commits=Commits(), deliver=delivered.append
    )
    genesis, parties, terms = [writer.submit(envelope) for envelope in town.founding()]
    writer.start()
    assert writer.stop(10)
    assert [genesis.done(), parties.done(), terms.done()] == [False, False, False]
    assert len(delivered) == 2
    delivered[1]()
    assert [genesis.done(), parties.done(), terms.done()] == [False, True, True]


def test_answers_arrive_although_nobody_takes_them_over(store: Store, town: Town) -> None:
    """An event loop that is closed already does not keep callers waiting or stop the writer."""

    def deliver(_resolve: Callable[[], None]) -> None:
        raise RuntimeError("Event loop is closed")

    key = key_of("hub")
    writer = Writer(store, network_id=NETWORK_ID, key=key, clock=town.clock, commits=Commits(), deliver=deliver)
    futures = [writer.submit(envelope) for envelope in town.founding()]
    writer.start()
    assert [bool(future.result(10).outcomes) for future in futures] == [True] * 3
    assert writer.stop(10)


def test_caller_that_goes_away_disturbs_nobody(desk: Desk) -> None:
    """What was handed in is committed, whoever still waits for it."""
    future = desk.writer.submit(desk.town.envelope("grocer", desk.town.issue("anna", 9)))
    assert not future.cancel()
    try:
        future.result(10)
    except CancelledError:
        pytest.fail("the answer was lost")
    assert points_of(desk.store, "anna") == 9


def test_error_of_the_database_shows_no_payload(desk: Desk) -> None:
    """What goes to the log with a failed statement are its words, not the values in it."""
    desk.submit(desk.town.envelope("grocer", desk.town.issue("anna", 50)))
    with pytest.raises(IntegrityError) as failed, desk.store.write() as connection:
        insert_rows(connection, tables.aliases, [("card-77", "anna"), ("card-77", "anna")])
    assert "card-77" not in str(failed.value)
