"""Compares rows of the database with rows that were made anew."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import Connection, Select, Table, select

from network.store.sql import Row
from network.verify.report import Failures, shown

#: Rows that are fetched from the database at a time.
ROWS_AT_ONCE: Final = 1_000


def ordered(table: Table) -> Select[Any]:
    """All of a table, by its primary key."""
    return select(table).order_by(*table.primary_key.columns)


def parts(connection: Connection, statement: Select[Any]) -> Generator[list[Row]]:
    """The rows that a statement finds, many at a time and never all at once. To be closed, or read to the end."""
    with connection.execute(statement, execution_options={"yield_per": ROWS_AT_ONCE}) as found:
        for part in found.partitions():
            yield [*map(tuple, part)]


def place(table: Table, row: Sequence[Any]) -> str:
    """A table and the key of a row in it."""
    key = (f"{column.name} {shown(value)}" for column, value in zip(table.primary_key.columns, row, strict=False))
    return f"table {table.name}, {', '.join(key)}"


def compare_rows(
    table: Table, expected: Sequence[Any], found: Sequence[Any], failures: Failures, sequence: int | None = None
) -> bool:
    """Whether two rows are the same; a failure for each column in which they differ."""
    if tuple(expected) == tuple(found) and [*map(type, expected)] == [*map(type, found)]:
        return True
    where = place(table, expected)
    for column, right, stored in zip(table.columns, expected, found, strict=True):
        failures.compare(f"{where}, column {column.name}", right, stored, sequence)
    return False


def are_of_right_types(table: Table, rows: Sequence[Row]) -> bool:
    """Whether every value of every row has its column's type."""
    columns = zip(*rows, strict=True)
    return all(set(map(type, values)) == {kind} for kind, values in zip(_types(table), columns, strict=True))


def has_right_types(table: Table, row: Sequence[Any], failures: Failures, sequence: int | None) -> bool:
    """Whether every value of a row has its column's type; a failure for each that has not."""
    kinds = _types(table)
    if tuple(map(type, row)) == kinds:
        return True
    where = place(table, row)
    for column, kind, value in zip(table.columns, kinds, row, strict=True):
        if type(value) is not kind:
            failures.add(f"{where}, column {column.name}", f"a value of type {kind.__name__}", shown(value), sequence)
    return False


@cache
def _types(table: Table) -> tuple[type[Any], ...]:
    """What the values of its columns are in Python."""
    return tuple(column.type.python_type for column in table.columns)
