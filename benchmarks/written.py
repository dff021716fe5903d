"""Which rows envelopes write, found in the database itself, and the time that writing them takes by itself.

Triggers in a copy of the town note every key that changes. So the rows are the hub's own, whatever way they take into
the tables; and the ceiling writes the very same ones with the bare driver: the same tables, indexes, constraints and
triggers, the same settings, one durable commit for each envelope.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
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
from network.store.engine import parse_url
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
        names = ", ".join(_key(table))
        yield f"CREATE TABLE noted_{table.name} ({names})"
        for event, row in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD")):
            values = ", ".join(f"{row}.{name}" for name in _key(table))
            yield (
                f"CREATE TRIGGER note_{table.name}_{event} AFTER {event} ON {table.name} "  # noqa: S608
                f"BEGIN INSERT INTO noted_{table.name} VALUES ({values}); END"
            )


def _collect(connection: sqlite3.Connection, transactions: int) -> Batch:
    batch = Batch(transactions)
    for table in _TABLES:
        names, width = table.columns.keys(), len(_key(table))
        columns = ", ".join(f't."{name}"' for name in names)
        keys = ", ".join(_key(table))
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


def insert(town: Town, batches: Sequence[Batch]) -> float:
    """Transactions a second when nothing is done but writing their rows, to a town that nobody serves."""
    with _driver(town) as connection:
        began_s = time.perf_counter()
        for batch in batches:
            connection.execute("BEGIN IMMEDIATE")
            for table, keys in batch.deleted.items():
                connection.executemany(_delete(table), keys)
            for table, rows in batch.written.items():
                connection.executemany(_write(table), rows)
            connection.execute("COMMIT")
        elapsed_s = time.perf_counter() - began_s
    return sum(batch.transactions for batch in batches) / elapsed_s


@contextmanager
def _driver(town: Town) -> Iterator[sqlite3.Connection]:
    """The driver's own connection, with the hub's settings."""
    engine = parse_url(load_config(town.folder).database).writing()
    pooled = engine.raw_connection()
    try:
        connection = pooled.driver_connection
        assert isinstance(connection, sqlite3.Connection)
        yield connection
    finally:
        pooled.close()
        engine.dispose()


def _key(table: Table) -> list[str]:
    return [column.name for column in table.primary_key.columns]


def _write(table: Table) -> str:
    """What is in the journal is new; the head is there; everything else may be either."""
    names = table.columns.keys()
    places = ", ".join("?" * len(names))
    insertion = f"INSERT INTO {table.name} VALUES ({places})"  # noqa: S608
    if table in tables.JOURNAL:
        return insertion
    changes = ", ".join(f'"{name}" = excluded."{name}"' for name in names if name not in _key(table))
    action = f"UPDATE SET {changes}" if changes else "NOTHING"
    return f"{insertion} ON CONFLICT ({', '.join(_key(table))}) DO {action}"


def _delete(table: Table) -> str:
    return f"DELETE FROM {table.name} WHERE {' AND '.join(f'{name} = ?' for name in _key(table))}"  # noqa: S608
