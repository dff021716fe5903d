"""Reading windows and what they add up to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, Row, select

from settlement.clearing.state import Window
from settlement.clearing.totals import Activity, Owed, Pair, Totals
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
    """What a window adds up to, ordered by party ids; nothing for a window without business."""
    owed, activity = tables.obligations, tables.activity
    pairs = connection.execute(
        select(owed.c.debtor, owed.c.creditor, owed.c.points, owed.c.amount_micros)
        .where(owed.c.window_number == number)
        .order_by(owed.c.debtor, owed.c.creditor)
    )
    counted = connection.execute(
        select(activity.c.party_id, *(activity.c[name] for name in Activity._fields))
        .where(activity.c.window_number == number)
        .order_by(activity.c.party_id)
    )
    return Totals(
        {Pair(debtor, creditor): Owed(points, amount) for debtor, creditor, points, amount in pairs},
        {party_id: Activity(*figures) for party_id, *figures in counted},
    )


def _window(row: Row[tuple[int, int, int, int, int]] | Sequence[int]) -> Window:
    return Window(*row)
