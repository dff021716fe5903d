"""Compares every projection, row by row and column by column, with the state that the journal leads to."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from itertools import chain

from sqlalchemy import Connection, Table, select

from network.ledger.state import State
from network.store.projections import PROJECTIONS
from network.store.sql import Row
from network.verify.report import Failures, shown
from network.verify.rows import are_of_right_types, compare_rows, parts, place


def check_projections(connection: Connection, state: State, failures: Failures) -> None:
    """Each table against the records that it keeps."""
    for projection in PROJECTIONS:
        table = projection.table
        failures.place = f"table {table.name}"
        records = projection.records(state).rows
        expected = {row for key, value in records.items() for row in projection.rows(key, value)}
        with closing(parts(connection, select(table))) as found:
            _check(table, expected, found, failures)


def _check(table: Table, expected: set[Row], found: Iterable[list[Row]], failures: Failures) -> None:
    """Strike off what is there, many rows at a time for as long as all of them are right, and then one by one."""
    remaining = iter(found)
    for part in remaining:
        rows = set(part)
        if not (rows <= expected and len(rows) == len(part) and are_of_right_types(table, part)):
            _name_wrong(table, expected, chain(part, chain.from_iterable(remaining)), failures)
            return
        expected -= rows
    _name_wrong(table, expected, (), failures)


def _name_wrong(table: Table, expected: set[Row], found: Iterable[Row], failures: Failures) -> None:
    """Compare by key and column; a failure for everything that differs."""
    width = len(table.primary_key.columns)
    by_key = {row[:width]: row for row in expected}
    for row in found:
        right = by_key.pop(row[:width], None)
        if right is None:
            failures.add(place(table, row), "no such row", shown(row))
        else:
            compare_rows(table, right, row, failures)
    for key in sorted(by_key):
        failures.add(place(table, key), shown(by_key[key]), "no such row")
