"""Many rows in one statement: new ones, and rows that may exist already and are set to new values or added to."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, func, insert
from sqlalchemy.dialects import postgresql, sqlite


def insert_rows(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows that have a value for every column of the table, in the table's order."""
    if not rows:
        return
    dialect = connection.dialect
    if dialect.positional:
        # The driver takes the rows as they are: a mapping for each of them costs SQLAlchemy more than the insertion.
        connection.exec_driver_sql(str(insert(table).compile(dialect=dialect)), list(rows))
    else:
        names = table.c.keys()
        connection.execute(insert(table), [dict(zip(names, row, strict=True)) for row in rows])


def replace_in(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows; where the primary key exists, set the other columns."""
    if rows:
        connection.execute(_upsert(connection.dialect.name, table, adds=False), rows)


def add_to(
    connection: Connection, table: Table, rows: Sequence[dict[str, Any]], *, capped: tuple[str, int] | None = None
) -> None:
    """Insert rows; where the primary key exists, add to the other columns, which are numbers.

    `capped` is a column and the most that it may come to.
    """
    if rows:
        connection.execute(_upsert(connection.dialect.name, table, adds=True, capped=capped), rows)


@cache
def _upsert(
    dialect: str, table: Table, *, adds: bool, capped: tuple[str, int] | None = None
) -> postgresql.Insert | sqlite.Insert:
    """Made once for each table: to build a statement costs more than to execute it."""
    statement = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    keys = list(table.primary_key.columns)
    given = statement.excluded
    merged: dict[str, ColumnElement[Any]] = {
        column.name: column + given[column.name] if adds else given[column.name]
        for column in table.c
        if column not in keys
    }
    if capped is not None:
        name, most = capped
        least = func.least if dialect == "postgresql" else func.min
        merged[name] = least(merged[name], most)
    return statement.on_conflict_do_update(index_elements=keys, set_=merged)
