"""PostgreSQL's statements: one for all keys or rows, which travel as one array a column, so that each table costs one
round trip a batch however large the batch is.

A statement's text depends on the table alone, and so does the type of every parameter: the server plans it once for a
connection. Nothing here is beyond what engines that speak PostgreSQL's protocol know as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import Column, Connection, Dialect, Table
from sqlalchemy.dialects import postgresql

from network.store.sql.arrays import Array, Blobs, Counts, Numbers, Texts

Row = tuple[Any, ...]

_DIALECT: Final[Dialect] = postgresql.dialect()  # type: ignore[no-untyped-call]
_quote: Final = _DIALECT.identifier_preparer.quote
# How the columns of a type travel, by what PostgreSQL calls the type.
_ARRAYS: Final[dict[str, type[Array]]] = {"BIGINT": Counts, "INTEGER": Numbers, "TEXT": Texts, "BYTEA": Blobs}


def find(connection: Connection, text: str, values: Row = ()) -> Sequence[Any]:
    return connection.exec_driver_sql(text, values).all()


def change(connection: Connection, text: str, values: Row) -> int:
    return connection.exec_driver_sql(text, values).rowcount


def rows_by_key(
    connection: Connection, table: Table, key: tuple[str, ...], columns: tuple[str, ...], keys: list[Row]
) -> Iterator[Row]:
    return iter(find(connection, lookup_text(table, key, columns), _arrays(_columns(table, key), keys)))


def insert_rows(connection: Connection, table: Table, rows: list[Row]) -> None:
    connection.exec_driver_sql(_insert(table), _arrays(_columns(table), rows))


def upsert_rows(connection: Connection, table: Table, rows: list[Row]) -> None:
    connection.exec_driver_sql(_upsert(table), _arrays(_columns(table), rows))


def delete_rows(connection: Connection, table: Table, keys: list[Row]) -> None:
    connection.exec_driver_sql(_delete(table), _arrays(_key(table), keys))


@cache
def lookup_text(table: Table, key: tuple[str, ...], columns: tuple[str, ...]) -> str:
    """The wanted keys come first: from each of them a search of the table's index is the way to go."""
    name = _quote(table.name)
    names = [f"k{position}" for position in range(len(key))]
    match = " AND ".join(f"{name}.{_quote(column)} = wanted.{k}" for column, k in zip(key, names, strict=True))
    return (
        f"SELECT {', '.join(f'{name}.{_quote(column)}' for column in columns)} "  # noqa: S608 - names of our tables
        f"FROM {_unnest(_columns(table, key))} AS wanted ({', '.join(names)}) JOIN {name} ON {match}"
    )


@cache
def _insert(table: Table) -> str:
    columns = _columns(table)
    names = ", ".join(_quote(column.name) for column in columns)
    return f"INSERT INTO {_quote(table.name)} ({names}) SELECT * FROM {_unnest(columns)}"  # noqa: S608 - as above


@cache
def _upsert(table: Table) -> str:
    key = ", ".join(_quote(column.name) for column in _key(table))
    others = [_quote(column.name) for column in table.columns if not column.primary_key]
    changes = ", ".join(f"{name} = excluded.{name}" for name in others)
    return f"{_insert(table)} ON CONFLICT ({key}) DO UPDATE SET {changes}"


@cache
def _delete(table: Table) -> str:
    name, key = _quote(table.name), _key(table)
    names = [f"k{position}" for position in range(len(key))]
    match = " AND ".join(f"{name}.{_quote(column.name)} = gone.{k}" for column, k in zip(key, names, strict=True))
    return f"DELETE FROM {name} USING {_unnest(key)} AS gone ({', '.join(names)}) WHERE {match}"  # noqa: S608 - as above


def _unnest(columns: tuple[Column[Any], ...]) -> str:
    """A row for each element of the arrays that are given for these columns."""
    return f"unnest({', '.join(f'%b::{_type(column).lower()}[]' for column in columns)})"


def _arrays(columns: tuple[Column[Any], ...], rows: list[Row]) -> tuple[Array, ...]:
    return tuple(kind(values) for kind, values in zip(_kinds(columns), zip(*rows, strict=True), strict=True))


@cache
def _kinds(columns: tuple[Column[Any], ...]) -> tuple[type[Array], ...]:
    return tuple(_ARRAYS[_type(column)] for column in columns)


def _type(column: Column[Any]) -> str:
    return column.type.compile(_DIALECT).removesuffix(' COLLATE "C"')


@cache
def _columns(table: Table, names: tuple[str, ...] = ()) -> tuple[Column[Any], ...]:
    """The table's columns, or those with these names in their order."""
    return tuple(table.c[name] for name in names) if names else tuple(table.columns)


@cache
def _key(table: Table) -> tuple[Column[Any], ...]:
    return tuple(table.primary_key.columns)
