"""Reading windows and what they add up to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, Table, select

from settlement.clearing.flows import Flow, FlowKey
from settlement.clearing.movements import MovementKind
from settlement.clearing.state import Window
from settlement.clearing.totals import Key, Sum, Totals
from settlement.store import tables

#: What the database's integers hold.
_NUMBER_MAX: Final = 2**63 - 1

_WINDOW: Final = (
    tables.windows.c.number,
    tables.windows.c.first_sequence,
    tables.windows.c.opened_us,
    tables.windows.c.last_sequence,
    tables.windows.c.closed_us,
)


def list_windows(connection: Connection) -> tuple[Window, ...]:
    """Every window, ascending."""
    return tuple(map(_window, connection.execute(select(*_WINDOW).order_by(tables.windows.c.number))))


def read_window(connection: Connection, number: int) -> Window | None:
    """The window with a number, or None."""
    if number > _NUMBER_MAX:
        return None
    row = connection.execute(select(*_WINDOW).where(tables.windows.c.number == number)).one_or_none()
    return None if row is None else _window(row)


def open_window(connection: Connection) -> Window | None:
    """The window that entries join now; None before the first entry."""
    row = connection.execute(select(*_WINDOW).where(tables.windows.c.last_sequence == 0)).one_or_none()
    return None if row is None else _window(row)


def read_totals(connection: Connection, number: int) -> Totals:
    """What a window adds up to, in the order of its keys; nothing for a window without business."""
    return Totals(
        {
            Key(MovementKind(row.kind), row.issuer, row.counterparty): Sum._make(row[4:])
            for row in _of_window(connection, tables.sums, number)
        },
        {
            FlowKey(row.month, MovementKind(row.kind), row.issuer, row.expires_on): Flow._make(row[5:])
            for row in _of_window(connection, tables.flows, number)
        },
    )


def _of_window(connection: Connection, table: Table, number: int) -> Sequence[Row[Any]]:
    keys = table.primary_key.columns
    return connection.execute(select(table).where(table.c.window_number == number).order_by(*keys)).all()


def _window(row: Row[tuple[int, int, int, int, int]] | Sequence[int]) -> Window:
    return Window(*row)
