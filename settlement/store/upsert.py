"""Rows that may exist already: set to new values, or added to. One statement for many rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

#: What a column becomes, given the table's column and the value that was to be inserted.
_Merge = Callable[[Column[Any], ColumnElement[Any]], ColumnElement[Any]]


def replace_in(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows; where the primary key exists, set the other columns."""
    _upsert(connection, table, rows, lambda _, given: given)


def add_to(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows; where the primary key exists, add to the other columns, which are numbers."""
    _upsert(connection, table, rows, lambda column, given: column + given)


def _upsert(connection: Connection, table: Table, rows: Sequence[dict[str, Any]], merge: _Merge) -> None:
    if not rows:
        return
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table)
    keys = list(table.primary_key.columns)
    merged = {column.name: merge(column, statement.excluded[column.name]) for column in table.c if column not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=merged), list(rows))
