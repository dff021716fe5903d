"""Compares every projection, row by row and column by column, with the state that the journal leads to."""

from __future__ import annotations

from sqlalchemy import Connection, select

from network.ledger.state import State
from network.store.projections import PROJECTIONS, Projection
from network.store.sql import Row
from network.verify.report import Failures, shown
from network.verify.rows import ROWS_AT_ONCE, compare_rows, place


def check_projections(connection: Connection, state: State, failures: Failures) -> None:
    """Each table against the records that it keeps."""
    for projection in PROJECTIONS:
        failures.place = f"table {projection.table.name}"
        _check(connection, projection, state, failures)


def _check(connection: Connection, projection: Projection, state: State, failures: Failures) -> None:
    table, width = projection.table, projection.key_columns
    expected: dict[Row, Row] = {}
    for key, value in projection.records(state).rows.items():
        expected |= {row[:width]: row for row in projection.rows(key, value)}
    with connection.execute(select(table), execution_options={"yield_per": ROWS_AT_ONCE}) as rows:
        for found in rows:
            row = expected.pop(tuple(found[:width]), None)
            if row is None:
                failures.add(place(table, found), "no such row", shown(tuple(found)))
            else:
                compare_rows(table, row, found, failures)
    for row in expected.values():
        failures.add(place(table, row), shown(row), "no such row")
