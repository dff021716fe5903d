"""How far the journal has been taken in, and taking in more: totals and cursor in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from coalition.merkle import EMPTY_ROOT
from coalition.v1.outcome_pb2 import Outcome
from coalition.v1.transaction_pb2 import Transaction
from coalition.wire import encode
from settlement.clearing.directory import Directory
from settlement.clearing.entry import ClearingError, Entry, StoredEntry
from settlement.clearing.state import Changes, State
from settlement.clearing.totals import OWED_MICROS_MAX, Totals
from settlement.store import tables
from settlement.store.upsert import add_to, replace_in
from settlement.store.windows import open_window


class StoreError(Exception):
    """The database holds something else than it must, or belongs to something else; says what."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What following the journal goes on from."""

    state: State
    log_root: bytes
    #: The saved state of the SDK's JournalVerifier; empty before the first entry.
    verifier: bytes


def load_progress(connection: Connection, network_id: str) -> Progress:
    """Where the last commit left off. Raises StoreError when the database is of another network."""
    row = connection.execute(select(tables.progress)).one_or_none()
    if row is None:
        return Progress(State(), EMPTY_ROOT, b"")
    if row.network_id != network_id:
        raise StoreError(f"The database is of the network {row.network_id}, not of {network_id}.")
    directory = Directory()
    for entry in _lessons(connection):
        directory = directory.learn(entry)
    state = State(row.sequence, row.committed_us, directory, open_window(connection))
    return Progress(state, row.log_root, row.verifier)


def commit_progress(connection: Connection, before: Progress, changes: Changes, after: Progress) -> None:
    """Write what a batch changed, and that it was taken in.

    Raises StoreError when the database does not stand at `before`, because another process writes to it; ClearingError
    when a sum is beyond all limits.
    """
    _move_cursor(connection, before, after)
    replace_in(connection, tables.windows, [asdict(window) for window in changes.windows])
    if changes.lessons:
        connection.execute(insert(tables.lessons), [_lesson_row(entry) for entry in changes.lessons])
    for number, totals in changes.totals.items():
        _add_totals(connection, number, totals, after.state.sequence)


def _move_cursor(connection: Connection, before: Progress, after: Progress) -> None:
    network = after.state.directory.network
    assert network is not None, "the first entry founds the network"
    values = {
        "network_id": network.network_id,
        "sequence": after.state.sequence,
        "committed_us": after.state.committed_us,
        "log_root": after.log_root,
        "verifier": after.verifier,
    }
    found = connection.scalar(select(tables.progress.c.sequence))
    if (found or 0) != before.state.sequence:
        raise StoreError(
            f"The database stands at entry {found or 0}, not at {before.state.sequence}: another process writes to it."
        )
    if found is None:
        connection.execute(insert(tables.progress).values(id=1, **values))
    else:
        connection.execute(update(tables.progress).values(**values))


def _add_totals(connection: Connection, number: int, totals: Totals, sequence: int) -> None:
    too_much = ClearingError(
        sequence, f"in window {number} a party owes another more than {OWED_MICROS_MAX} micro-units."
    )
    if any(owed.amount_micros > OWED_MICROS_MAX for owed in totals.owed.values()):
        raise too_much
    try:
        add_to(
            connection,
            tables.obligations,
            [{"window_number": number, **pair._asdict(), **owed._asdict()} for pair, owed in totals.owed.items()],
        )
    except IntegrityError as error:
        raise too_much from error
    add_to(
        connection,
        tables.activity,
        [
            {"window_number": number, "party_id": party_id, **activity._asdict()}
            for party_id, activity in totals.activity.items()
        ],
    )


def _lesson_row(entry: Entry) -> dict[str, Any]:
    return {
        "sequence": entry.sequence,
        "window_number": entry.window,
        "author": entry.author,
        "transaction_bytes": encode(entry.transaction),
        "outcome_bytes": encode(entry.outcome),
    }


def _lessons(connection: Connection) -> Iterator[StoredEntry]:
    for row in connection.execute(select(tables.lessons).order_by(tables.lessons.c.sequence)):
        yield StoredEntry(
            row.window_number,
            row.author,
            Transaction.FromString(row.transaction_bytes),
            Outcome.FromString(row.outcome_bytes),
        )
