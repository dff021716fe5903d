"""Compares rows of the database with rows that were made anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Table

from network.verify.report import Failures, shown

#: Rows that are fetched from the database at a time.
ROWS_AT_ONCE: Final = 1_000


def place(table: Table, row: Sequence[Any]) -> str:
    """A table and the key of a row in it."""
    key = (f"{column.name} {shown(value)}" for column, value in zip(table.primary_key.columns, row, strict=False))
    return f"table {table.name}, {', '.join(key)}"


def compare_rows(
    table: Table, expected: Sequence[Any], found: Sequence[Any], failures: Failures, sequence: int | None = None
) -> bool:
    """Whether two rows are the same; a failure for each column in which they differ."""
    where = place(table, expected)
    same = [
        failures.compare(f"{where}, column {column.name}", right, stored, sequence)
        for column, right, stored in zip(table.columns, expected, found, strict=True)
    ]
    return all(same)


def has_right_types(table: Table, row: Sequence[Any], failures: Failures, sequence: int | None) -> bool:
    """Whether every value of a row has its column's type; a failure for each that has not."""
    where = place(table, row)
    same = True
    for column, value in zip(table.columns, row, strict=True):
        kind = column.type.python_type
        if type(value) is not kind:
            failures.add(f"{where}, column {column.name}", f"a value of type {kind.__name__}", shown(value), sequence)
            same = False
    return same
