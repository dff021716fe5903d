"""The few forms of statement that the working set needs, each over many keys or rows at once, on either engine.

Statements go to the driver as text with plain tuples, which costs a fraction of what building them for every batch
would. They are made once for each table from its definition.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import cache
from typing import Any, Final, Protocol

from sqlalchemy import Connection, Dialect, Table
from sqlalchemy.dialects.postgresql import psycopg as postgresql_dialect
from sqlalchemy.dialects.sqlite import pysqlite as sqlite_dialect
from sqlalchemy.sql import ClauseElement

from network.store.sql import postgresql, sqlite

Row = tuple[Any, ...]


class Statements(Protocol):
    """What an engine's module has. None of its functions is called without keys or rows."""

    def find(self, connection: Connection, text: str, values: Row = ()) -> Sequence[Any]: ...
    def change(self, connection: Connection, text: str, values: Row) -> int: ...
    def rows_by_key(
        self, connection: Connection, table: Table, key: tuple[str, ...], columns: tuple[str, ...], keys: list[Row]
    ) -> Iterator[Row]: ...
    def insert_rows(self, connection: Connection, table: Table, rows: list[Row]) -> None: ...
    def upsert_rows(self, connection: Connection, table: Table, rows: list[Row]) -> None: ...
    def delete_rows(self, connection: Connection, table: Table, keys: list[Row]) -> None: ...


_STATEMENTS: Final[dict[str, Statements]] = {"sqlite": sqlite, "postgresql": postgresql}
# Parameters stand in the order in which they are given, in the driver's own notation.
_DIALECTS: Final[dict[str, Dialect]] = {
    "sqlite": sqlite_dialect.dialect(),
    "postgresql": postgresql_dialect.dialect(paramstyle="format"),  # type: ignore[no-untyped-call]
}


def rows_by_key(
    connection: Connection, table: Table, key: tuple[str, ...], columns: tuple[str, ...], keys: Collection[Row]
) -> Iterator[Row]:
    """The rows whose `key` columns equal one of `keys`, in no certain order. No key may hold a None."""
    return _of(connection).rows_by_key(connection, table, key, columns, list(keys)) if keys else iter(())


def insert_rows(connection: Connection, table: Table, rows: list[Row]) -> None:
    """Insert rows given in the order of the table's columns."""
    if rows:
        _of(connection).insert_rows(connection, table, rows)


def upsert_rows(connection: Connection, table: Table, rows: list[Row]) -> None:
    """Insert rows given in the order of the table's columns, or replace those with the same primary key.

    No two of the rows have the same.
    """
    if rows:
        _of(connection).upsert_rows(connection, table, rows)


def delete_rows(connection: Connection, table: Table, keys: list[Row]) -> None:
    """Delete rows by their primary keys, given in the order of its columns."""
    if keys:
        _of(connection).delete_rows(connection, table, keys)


def find(connection: Connection, statement: ClauseElement) -> Sequence[Any]:
    """All rows that a statement without parameters finds. Raises DBAPIError."""
    return _of(connection).find(connection, _driver_text(connection.dialect.name, statement))


def change(connection: Connection, statement: ClauseElement, order: Sequence[str], values: Row) -> int:
    """How many rows a statement changes, with `values` for its parameters, whose names stand in `order`. Raises
    DBAPIError."""
    return _of(connection).change(connection, _driver_text(connection.dialect.name, statement, order), values)


def _of(connection: Connection) -> Statements:
    return _STATEMENTS[connection.dialect.name]


@cache
def _driver_text(engine: str, statement: ClauseElement, order: Sequence[str] = ()) -> str:
    """A statement as the driver of an engine takes it."""
    compiled: Any = statement.compile(dialect=_DIALECTS[engine])
    assert (compiled.positiontup or []) == list(order), "parameters stand in the order in which they are given"
    return str(compiled)
