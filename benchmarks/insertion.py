"""The time that writing the hub's rows takes by itself: the same rows into the same tables, indexes, constraints and
triggers, with the hub's settings, one durable commit for each envelope.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import psycopg
from psycopg import sql
from sqlalchemy import Connection, Dialect, Table
from sqlalchemy.dialects import postgresql

from benchmarks.town import Town
from benchmarks.written import Batch, Rows, key_of
from network.config import load_config
from network.store import tables
from network.store.engine import parse_url
from network.store.sql import delete_rows, insert_rows, upsert_rows

_POSTGRESQL: Final[Dialect] = postgresql.dialect()  # type: ignore[no-untyped-call]
#: What COPY calls the types of columns.
_COPIED: Final = {"BIGINT": "int8", "INTEGER": "int4", "TEXT": "text", "BYTEA": "bytea"}


def insert(town: Town, batches: Sequence[Batch]) -> float:
    """Transactions a second with SQLite's bare driver, into a town that nobody serves."""
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


def insert_by_arrays(url: str, batches: Sequence[Batch]) -> float:
    """Transactions a second on PostgreSQL, with an array for each column and one statement for each table."""
    return _insert(url, batches, insert_rows)


def insert_by_copy(url: str, batches: Sequence[Batch]) -> float:
    """The same with COPY for the journal, to which rows are only ever added."""
    return _insert(url, batches, _copy_rows)


def _insert(url: str, batches: Sequence[Batch], append: Callable[[Connection, Table, Rows], None]) -> float:
    engine = parse_url(url).writing()
    # Connecting is not part of it.
    engine.connect().close()
    began_s = time.perf_counter()
    for batch in batches:
        with engine.begin() as connection:
            for table, keys in batch.deleted.items():
                delete_rows(connection, table, keys)
            for table, rows in batch.written.items():
                write = append if table in tables.JOURNAL else upsert_rows
                write(connection, table, rows)
    elapsed_s = time.perf_counter() - began_s
    engine.dispose()
    return sum(batch.transactions for batch in batches) / elapsed_s


def _copy_rows(connection: Connection, table: Table, rows: Rows) -> None:
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, table.columns.keys()))
    )
    with driver.cursor() as cursor, cursor.copy(statement) as copying:
        copying.set_types([_COPIED[column.type.compile(_POSTGRESQL).split()[0]] for column in table.columns])
        for row in rows:
            copying.write_row(row)


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


def _write(table: Table) -> str:
    """What is in the journal is new; the head is there; everything else may be either."""
    names = table.columns.keys()
    places = ", ".join("?" * len(names))
    insertion = f"INSERT INTO {table.name} VALUES ({places})"  # noqa: S608
    if table in tables.JOURNAL:
        return insertion
    changes = ", ".join(f'"{name}" = excluded."{name}"' for name in names if name not in key_of(table))
    action = f"UPDATE SET {changes}" if changes else "NOTHING"
    return f"{insertion} ON CONFLICT ({', '.join(key_of(table))}) DO {action}"


def _delete(table: Table) -> str:
    return f"DELETE FROM {table.name} WHERE {' AND '.join(f'{name} = ?' for name in key_of(table))}"  # noqa: S608
