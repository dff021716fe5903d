"""SQLite's statements: lookups in chunks of a few sizes, writes row by row in one prepared statement.

A statement costs nothing here beyond its work, for the database is in this process. So they go straight to the driver:
what SQLAlchemy does around each takes three times as long as a small one, and a lone transaction needs a dozen.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

from sqlalchemy import Column, Connection, Table, bindparam, delete
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import ClauseElement

Row = tuple[Any, ...]

_DIALECT: Final = sqlite.dialect()
# Keys in one statement. Few different sizes, so that the driver finds most statements prepared.
_SIZES: Final = (1, 8, 64, 512)


def find(connection: Connection, text: str, values: Row = ()) -> list[Row]:
    # SQLite searches as rows are taken, so this is also where it finds a page that it cannot read. And a search that is
    # left half-way would keep its snapshot.
    with _named_errors(text):
        return _driver(connection).execute(text, values).fetchall()


def change(connection: Connection, text: str, values: Row) -> int:
    with _named_errors(text):
        return _driver(connection).execute(text, values).rowcount


def _change_each(connection: Connection, text: str, rows: list[Row]) -> None:
    with _named_errors(text):
        _driver(connection).executemany(text, rows)


@contextmanager
def _named_errors(text: str) -> Iterator[None]:
    """The driver's errors by SQLAlchemy's classes. The values, which may be secret, are no part of them."""
    try:
        yield
    except sqlite3.Error as error:
        raise DBAPIError.instance(text, None, error, sqlite3.Error, hide_parameters=True) from error


def _driver(connection: Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection), "SQLAlchemy hands SQLite to Python's own driver"
    return driver


def rows_by_key(
    connection: Connection, table: Table, key: tuple[str, ...], columns: tuple[str, ...], keys: list[Row]
) -> Iterator[Row]:
    largest = _SIZES[-1]
    for first in range(0, len(keys), largest):
        chunk = keys[first : first + largest]
        size = next(size for size in _SIZES if size >= len(chunk))
        values = [value for row in chunk for value in row]
        # Nothing equals NULL, so what fills up the statement finds nothing.
        values += [None] * (size * len(key) - len(values))
        yield from find(connection, lookup_text(table, key, columns, size), tuple(values))


@cache
def lookup_text(table: Table, key: tuple[str, ...], columns: tuple[str, ...], size: int) -> str:
    """CROSS JOIN makes SQLite go from the wanted keys to the table's index, never the other way round."""
    names = [f"k{position}" for position in range(len(key))]
    row = f"({', '.join('?' * len(key))})"
    match = " AND ".join(f"{table.name}.{column} = wanted.{name}" for column, name in zip(key, names, strict=True))
    return (
        f"WITH wanted ({', '.join(names)}) AS (VALUES {', '.join([row] * size)}) "  # noqa: S608 - names of our tables
        f"SELECT {', '.join(f'{table.name}.{column}' for column in columns)} "
        f"FROM wanted CROSS JOIN {table.name} ON {match}"
    )


def insert_rows(connection: Connection, table: Table, rows: list[Row]) -> None:
    _change_each(connection, _insert(table), rows)


def upsert_rows(connection: Connection, table: Table, rows: list[Row]) -> None:
    _change_each(connection, _upsert(table), rows)


def delete_rows(connection: Connection, table: Table, keys: list[Row]) -> None:
    _change_each(connection, _delete(table), keys)


@cache
def _insert(table: Table) -> str:
    return _text(sqlite.insert(table).values(_parameters(table)), [*table.columns])


@cache
def _upsert(table: Table) -> str:
    statement = sqlite.insert(table).values(_parameters(table))
    changed = {column.name: statement.excluded[column.name] for column in table.columns if not column.primary_key}
    statement = statement.on_conflict_do_update(index_elements=[*table.primary_key.columns], set_=changed)
    return _text(statement, [*table.columns])


@cache
def _delete(table: Table) -> str:
    key = [*table.primary_key.columns]
    return _text(delete(table).where(*(column == bindparam(column.name) for column in key)), key)


def _parameters(table: Table) -> dict[str, Any]:
    return {column.name: bindparam(column.name) for column in table.columns}


def _text(statement: ClauseElement, order: Sequence[Column[Any]]) -> str:
    compiled: Any = statement.compile(dialect=_DIALECT)
    assert compiled.positiontup == [column.name for column in order], "parameters stand in the order of the columns"
    return str(compiled)
