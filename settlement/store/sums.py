"""What a window's lines come to, as the database itself adds them up."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from settlement.clearing.movements import Movement, MovementKind
from settlement.clearing.totals import Key, Sum
from settlement.store.tables import movements


def sum_lines(connection: Connection, first_sequence: int, last_sequence: int) -> dict[Key, Sum]:
    """The lines of these entries, in the form of a window's sums."""
    keys = [movements.c[name] for name in Key._fields]
    figures = [func.sum(movements.c[name]) for name in Movement._fields[len(keys) :]]
    lines = select(*keys, func.count(), *figures).where(movements.c.sequence.between(first_sequence, last_sequence))
    return {
        Key(MovementKind(kind), issuer, counterparty): Sum(*map(int, figures))
        for kind, issuer, counterparty, *figures in connection.execute(lines.group_by(*keys))
    }
