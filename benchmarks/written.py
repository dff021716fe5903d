"""Which rows envelopes write, found in the database itself.

Triggers in a copy of the town note every key that changes. So the rows are the hub's own, whatever way they take into
the tables.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Table

from benchmarks.sealing import Envelope
from benchmarks.town import Town
from coalition.clock import system_clock
from coalition.envelope import open_envelope
from network.config import load_config
from network.journal.batch import BatchCommitter
from network.ledger.engine import Processed
from network.store import tables
from network.store.store import Store

Rows = list[tuple[Any, ...]]

_TABLES: Final[tuple[Table, ...]] = (*tables.JOURNAL, *tables.REFERENCE, *tables.WORKING, tables.head)


@dataclass(frozen=True, slots=True)
class Batch:
    """What one commit changes: rows by table as they are afterwards, and keys of rows that are gone."""

    transactions: int
    written: dict[Table, Rows] = field(default_factory=dict)
    deleted: dict[Table, Rows] = field(default_factory=dict)


def record(town: Town, envelopes: Sequence[Envelope]) -> list[Batch]:
    """Apply envelopes to a town that nobody serves, one commit each, and say what each changed."""
    config = load_config(town.folder)
    path = config.database_file
    assert path is not None, "towns are files"
    store = Store(config.database)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in _triggers():
            connection.execute(statement)
        committer = BatchCommitter(store)
        batches = []
        for envelope in envelopes:
            (result,) = committer.commit([open_envelope(envelope.data)], system_clock()).results
            assert isinstance(result, Processed), result
            batches.append(_collect(connection, len(envelope.ids)))
    store.close()
    return batches


def _triggers() -> Iterator[str]:
    for table in _TABLES:
        names = ", ".join(key_of(table))
        yield f"CREATE TABLE noted_{table.name} ({names})"
        for event, row in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD")):
            values = ", ".join(f"{row}.{name}" for name in key_of(table))
            yield (
                f"CREATE TRIGGER note_{table.name}_{event} AFTER {event} ON {table.name} "  # noqa: S608
                f"BEGIN INSERT INTO noted_{table.name} VALUES ({values}); END"
            )


def _collect(connection: sqlite3.Connection, transactions: int) -> Batch:
    batch = Batch(transactions)
    for table in _TABLES:
        names, width = table.columns.keys(), len(key_of(table))
        columns = ", ".join(f't."{name}"' for name in names)
        keys = ", ".join(key_of(table))
        rows = connection.execute(
            f"SELECT n.*, {columns} FROM (SELECT DISTINCT * FROM noted_{table.name}) n "  # noqa: S608 - our tables
            f"LEFT JOIN {table.name} t USING ({keys}) ORDER BY {keys}"
        ).fetchall()
        connection.execute(f"DELETE FROM noted_{table.name}")  # noqa: S608
        if written := [row[width:] for row in rows if row[width] is not None]:
            batch.written[table] = written
        if deleted := [row[:width] for row in rows if row[width] is None]:
            batch.deleted[table] = deleted
    return batch


def key_of(table: Table) -> list[str]:
    """The names of the columns of a table's primary key."""
    return [column.name for column in table.primary_key.columns]
