"""Reading the service's own copy of the journal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection, select

from settlement.clearing.entry import StoredEntry
from settlement.store import tables

#: Entries that are read at a time.
_BATCH: Final = 2_000
#: What the database's integers hold.
_SEQUENCE_MAX: Final = 2**63 - 1


def read_entry(connection: Connection, sequence: int) -> StoredEntry | None:
    """The entry at a sequence, or None."""
    if sequence > _SEQUENCE_MAX:
        return None
    raw = connection.scalar(select(tables.entries.c.raw).where(tables.entries.c.sequence == sequence))
    return None if raw is None else StoredEntry.of(raw)


def list_entries(connection: Connection, first: int = 1, last: int | None = None) -> Iterator[StoredEntry]:
    """The entries from `first` to `last`, or to the end, without holding all of them in memory."""
    entries = tables.entries.c
    statement = select(entries.raw).where(entries.sequence >= first).order_by(entries.sequence)
    if last is not None:
        statement = statement.where(entries.sequence <= last)
    for raw in connection.execution_options(yield_per=_BATCH).scalars(statement):
        yield StoredEntry.of(raw)


def list_lessons(connection: Connection) -> Iterator[StoredEntry]:
    """The entries that a directory is learnt from, in order."""
    entries = tables.entries.c
    for raw in connection.scalars(select(entries.raw).where(entries.lesson).order_by(entries.sequence)):
        yield StoredEntry.of(raw)
