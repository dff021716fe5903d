"""Alerts as they began and ended, and the notes on them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, delete, func, insert, select, update

from coalition.v1.settlement_alerts_pb2 import AlertKind
from settlement.alerts.alert import OPERATORS_ONLY, About, Alert
from settlement.alerts.note import Note
from settlement.store.alert_tables import alert_events, alert_notes

#: Alerts that have ended are kept until so many later ones have begun.
KEPT_MAX: Final = 100_000
_NUMBER_MAX: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class KeptNote:
    """A note as it was signed, and when the service took it in."""

    document: bytes
    public_key: bytes
    signature: bytes
    recorded_us: int


@dataclass(frozen=True, slots=True)
class AlertEvent:
    """An alert that began, and whether and when it ended."""

    number: int
    #: As it began; one that lasts is shown with its figures of now.
    alert: Alert
    raised_us: int
    #: 0 while it lasts.
    ended_us: int
    change: int
    notes: tuple[KeptNote, ...] = ()


def lasting_alerts(connection: Connection) -> tuple[AlertEvent, ...]:
    """Those that have not ended, in the order in which they were noticed."""
    return _events(connection, select(alert_events).where(alert_events.c.ended_us == 0).order_by(alert_events.c.number))


def newest_alerts(connection: Connection, limit: int, party_id: str | None) -> tuple[AlertEvent, ...]:
    """Lasting and ended ones, the newest first; with a party, those that it is told about itself."""
    statement = select(alert_events).order_by(alert_events.c.number.desc()).limit(limit)
    if party_id is not None:
        told = alert_events.c.kind.not_in(OPERATORS_ONLY)
        statement = statement.where(alert_events.c.party_id == party_id, told)
    return _events(connection, statement)


def changed_alerts(connection: Connection, after_change: int, limit: int) -> tuple[AlertEvent, ...]:
    """Those that changed after that, in the order of their last changes."""
    changed = alert_events.c.change
    statement = select(alert_events).where(changed > min(after_change, _NUMBER_MAX)).order_by(changed).limit(limit)
    return _events(connection, statement)


def last_change(connection: Connection) -> int:
    """The number of the last change of any alert; 0 before the first."""
    return _last(connection, alert_events.c.change)


def find_alert(connection: Connection, number: int) -> AlertEvent | None:
    """One alert, or None."""
    return next(iter(_events(connection, select(alert_events).where(alert_events.c.number == number))), None)


def add_changes(connection: Connection, begun: Sequence[Alert], ended: Collection[int], now_us: int) -> None:
    """Store alerts that begin now, and that others, by their numbers, have ended."""
    change = _last(connection, alert_events.c.change)
    number = _last(connection, alert_events.c.number)
    for event_number in sorted(ended):
        change += 1
        mine = alert_events.c.number == event_number
        connection.execute(update(alert_events).where(mine).values(ended_us=now_us, change=change))
    rows = [
        {
            "number": number + place,
            "kind": alert.about.kind,
            "party_id": alert.about.party_id,
            "window_number": alert.about.window,
            "subject_id": alert.about.subject_id,
            "text": alert.text,
            "figures": json.dumps(alert.figures),
            # A clock that is behind would have it begin before it is noticed.
            "raised_us": min(alert.since_us, now_us) or now_us,
            "ended_us": 0,
            "change": change + place,
        }
        for place, alert in enumerate(begun, 1)
    ]
    if rows:
        connection.execute(insert(alert_events), rows)
        _forget(connection, number + len(rows) - KEPT_MAX)


def add_note(connection: Connection, event: AlertEvent, note: Note, recorded_us: int) -> None:
    """Store one more note on an alert."""
    connection.execute(
        insert(alert_notes).values(
            alert_number=event.number,
            number=len(event.notes) + 1,
            document=note.document,
            public_key=note.public_key,
            signature=note.signature,
            recorded_us=recorded_us,
        )
    )
    change = _last(connection, alert_events.c.change) + 1
    connection.execute(update(alert_events).where(alert_events.c.number == event.number).values(change=change))


def _forget(connection: Connection, through: int) -> None:
    """Let go of what ended long ago, up to a number."""
    if through <= 0:
        return
    old = select(alert_events.c.number).where(alert_events.c.number <= through, alert_events.c.ended_us > 0)
    connection.execute(delete(alert_notes).where(alert_notes.c.alert_number.in_(old)))
    connection.execute(delete(alert_events).where(alert_events.c.number <= through, alert_events.c.ended_us > 0))


def _last(connection: Connection, column: Any) -> int:
    return connection.scalar(select(func.coalesce(func.max(column), 0))) or 0


def _events(connection: Connection, statement: Select[Any]) -> tuple[AlertEvent, ...]:
    rows = connection.execute(statement).all()
    notes = _notes(connection, [row.number for row in rows])
    return tuple(_event(row, notes) for row in rows)


def _notes(connection: Connection, numbers: Sequence[int]) -> Mapping[int, list[KeptNote]]:
    found: defaultdict[int, list[KeptNote]] = defaultdict(list)
    if numbers:
        column = alert_notes.c.alert_number
        statement = (
            select(alert_notes).where(column.between(min(numbers), max(numbers))).order_by(column, alert_notes.c.number)
        )
        for row in connection.execute(statement):
            found[row.alert_number].append(KeptNote(row.document, row.public_key, row.signature, row.recorded_us))
    return found


def _event(row: Row[Any], notes: Mapping[int, list[KeptNote]]) -> AlertEvent:
    about = About(AlertKind.ValueType(row.kind), row.party_id, row.window_number, row.subject_id)
    figures = tuple((name, value) for name, value in json.loads(row.figures))
    return AlertEvent(
        row.number,
        Alert(about, row.text, figures),
        row.raised_us,
        row.ended_us,
        row.change,
        tuple(notes.get(row.number, ())),
    )
