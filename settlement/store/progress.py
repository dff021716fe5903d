"""How far the journal has been taken in, and taking in more: totals and cursor in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from coalition.merkle import EMPTY_ROOT, leaf_hash
from settlement.clearing.directory import Directory
from settlement.clearing.entry import ClearingError, Entry
from settlement.clearing.flows import PURCHASES_MAX
from settlement.clearing.pools import Pool
from settlement.clearing.record import records_of
from settlement.clearing.state import Changes, State
from settlement.clearing.totals import SUM_MAX, Totals
from settlement.store import tables
from settlement.store.checkpoints import keep_checkpoint
from settlement.store.entries import list_lessons
from settlement.store.errors import StoreError
from settlement.store.tree import grow
from settlement.store.upsert import add_to, insert_rows, replace_in
from settlement.store.windows import open_window


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
    for entry in list_lessons(connection):
        directory = directory.learn(entry)
    pools = {issuer: Pool(*figures) for issuer, *figures in connection.execute(select(tables.pools))}
    state = State(row.sequence, row.committed_us, directory, open_window(connection), pools)
    return Progress(state, row.log_root, row.verifier)


def commit_progress(
    connection: Connection,
    before: Progress,
    entries: Sequence[Entry],
    changes: Changes,
    after: Progress,
    checkpoint: str,
) -> None:
    """Write a batch of entries, what they changed, and that they were taken in; `checkpoint` covers the last of them.

    Raises StoreError when the database does not stand at `before`, because another process writes to it; ClearingError
    when a sum is beyond all limits.
    """
    _move_cursor(connection, before, after)
    replace_in(connection, tables.windows, [asdict(window) for window in changes.windows])
    _add_entries(connection, before.state.sequence, entries, changes)
    for number, totals in changes.totals.items():
        _add_totals(connection, number, totals, after.state.sequence)
    replace_in(
        connection, tables.pools, [{"issuer": issuer, **pool._asdict()} for issuer, pool in changes.pools.items()]
    )
    keep_checkpoint(connection, changes, after.state, checkpoint)


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


def _add_entries(connection: Connection, size: int, entries: Sequence[Entry], changes: Changes) -> None:
    lessons = {entry.sequence for entry in changes.lessons}
    insert_rows(
        connection,
        tables.entries,
        [(entry.sequence, entry.window, entry.sequence in lessons, entry.raw) for entry in entries],
    )
    grow(connection, size, [leaf_hash(entry.raw) for entry in entries])
    insert_rows(connection, tables.records, list(records_of(entries)))
    insert_rows(
        connection,
        tables.movements,
        [
            (entry.sequence, part, entry.window, *movement)
            for entry, movements in changes.movements
            for part, movement in enumerate(movements)
        ],
    )


def _add_totals(connection: Connection, number: int, totals: Totals, sequence: int) -> None:
    too_much = ClearingError(sequence, f"a sum of window {number} goes beyond {SUM_MAX}.")
    if any(max(total) > SUM_MAX for total in totals.sums.values()):
        raise too_much
    try:
        add_to(
            connection,
            tables.sums,
            [{"window_number": number, **key._asdict(), **total._asdict()} for key, total in totals.sums.items()],
        )
    except IntegrityError as error:
        raise too_much from error
    add_to(
        connection,
        tables.flows,
        [{"window_number": number, **key._asdict(), **flow._asdict()} for key, flow in totals.flows.items()],
        capped=("purchase_minor", PURCHASES_MAX),
    )
