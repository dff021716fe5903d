"""Reading lines: movements with what the journal says about their entries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, select, tuple_

from settlement.clearing.movements import Movement, MovementKind
from settlement.store import tables

_MOVED: Final = tables.movements.c
_RECORD: Final = tables.records.c
_COLUMNS: Final = (
    _MOVED.sequence,
    _MOVED.part,
    _MOVED.window_number,
    _RECORD.committed_us,
    _RECORD.author,
    _RECORD.transaction_id,
    _RECORD.reference,
    _RECORD.holder_id,
    _RECORD.original_sequence,
    *(_MOVED[name] for name in Movement._fields),
)
#: How many of them are about the entry rather than the movement.
_ABOUT: Final = len(_COLUMNS) - len(Movement._fields)


@dataclass(frozen=True, slots=True)
class Line:
    """One movement of one entry."""

    sequence: int
    #: Which movement of the entry, from 0.
    part: int
    window: int
    #: Commit time, microseconds since the Unix epoch.
    committed_us: int
    author: str
    #: 16 bytes.
    transaction_id: bytes
    reference: str
    holder_id: str
    #: The reversed entry; 0 where nothing is reversed.
    original_sequence: int
    movement: Movement


@dataclass(frozen=True, slots=True)
class Choice:
    """Which lines are wanted. What is None does not narrow the choice."""

    window: int | None = None
    #: Issuer or counterparty.
    party_id: str | None = None
    issuer: str | None = None
    counterparty: str | None = None
    kind: MovementKind | None = None


def list_lines(
    connection: Connection, choice: Choice, *, after: tuple[int, int] = (0, -1), limit: int | None = None
) -> Iterator[Line]:
    """Lines in the journal's order, those after the sequence and part of `after`, up to `limit` of them."""
    statement = (
        select(*_COLUMNS)
        .join(tables.records, _RECORD.sequence == _MOVED.sequence)
        .where(*_conditions(connection, choice), tuple_(_MOVED.sequence, _MOVED.part) > after)
        .order_by(_MOVED.sequence, _MOVED.part)
        .limit(limit)
    )
    for row in connection.execute(statement):
        yield _line(row)


def lines_of_entry(connection: Connection, sequence: int) -> tuple[Line, ...]:
    """The lines of one entry; none where it moved nothing, or is not there."""
    statement = (
        select(*_COLUMNS)
        .join(tables.records, _RECORD.sequence == _MOVED.sequence)
        .where(_MOVED.sequence == sequence)
        .order_by(_MOVED.part)
    )
    return tuple(map(_line, connection.execute(statement)))


def _conditions(connection: Connection, choice: Choice) -> Iterator[ColumnElement[bool]]:
    if choice.window is not None:
        # Windows are ranges of the journal, so the primary key finds them.
        bounds = connection.execute(
            select(tables.windows.c.first_sequence, tables.windows.c.last_sequence).where(
                tables.windows.c.number == choice.window
            )
        ).one_or_none()
        first, last = bounds or (0, -1)
        yield _MOVED.sequence >= first
        if last:
            yield _MOVED.sequence <= last
    if choice.party_id is not None:
        yield (_MOVED.issuer == choice.party_id) | (_MOVED.counterparty == choice.party_id)
    if choice.issuer is not None:
        yield _MOVED.issuer == choice.issuer
    if choice.counterparty is not None:
        yield _MOVED.counterparty == choice.counterparty
    if choice.kind is not None:
        yield _MOVED.kind == choice.kind


def _line(row: Row[Any]) -> Line:
    kind, *moved = row[_ABOUT:]
    values: list[Any] = [*row[:_ABOUT], Movement(MovementKind(kind), *moved)]
    return Line(*values)
