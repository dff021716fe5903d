"""The alerts of now: compared with those of before, so that each beginning and each end is stored and told once."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Final

import structlog

from coalition.clock import US_PER_S, Clock
from coalition.errors import Refused
from coalition.v1 import error_pb2
from coalition.v1.envelope_pb2 import SignedDocument
from settlement.alerts.alert import About, Alert, kind_name, severity_name
from settlement.alerts.note import open_note
from settlement.store.alerts import (
    AlertEvent,
    add_changes,
    add_note,
    changed_alerts,
    find_alert,
    last_change,
    lasting_alerts,
    newest_alerts,
)
from settlement.store.database import Database

#: Notes on one alert, at most.
NOTES_MAX: Final = 20
#: Changes that a follower is given with one look at the database.
CHANGES_MAX: Final = 500
#: A note is taken in while it is fresh, so that "when" can be believed.
_NOTE_AGE_MAX_US: Final = 24 * 3_600 * US_PER_S
_CLOCK_SKEW_MAX_US: Final = 300 * US_PER_S

_log = structlog.stdlib.get_logger("settlement.alerts")


class Board:
    """What lasts, shared by threads. The only one that writes alerts."""

    def __init__(self, database: Database, look: Callable[[], tuple[Alert, ...]], clock: Clock) -> None:
        """`look` derives the alerts of now. What lasted when the service ended lasts on, and is not told again."""
        self._database = database
        self._look = look
        self._clock = clock
        self._looking = threading.Lock()
        self._changed = threading.Condition()
        self._closed = False
        self._looked_s = float("-inf")
        with database.read() as connection:
            self._lasting: Mapping[About, AlertEvent] = _by_about(lasting_alerts(connection))
            self._change = last_change(connection)

    def update(self, max_age_s: float = 0.0) -> None:
        """Look, unless somebody has within the last `max_age_s` seconds, and store what began and what ended.

        Raises what reading or writing the database raises; then nothing has changed.
        """
        with self._looking:
            if time.monotonic() - self._looked_s < max_age_s:
                return
            alerts = {alert.about: alert for alert in self._look()}
            before, now_us = self._lasting, self._clock()
            begun = [alert for about, alert in alerts.items() if about not in before]
            ended = [event for about, event in before.items() if about not in alerts]
            lasting, change = before, self._change
            if begun or ended:
                with self._database.write() as connection:
                    add_changes(connection, begun, [event.number for event in ended], now_us)
                    lasting, change = _by_about(lasting_alerts(connection)), last_change(connection)
            with self._changed:
                # Figures and words are those of now; what was stored is how it began.
                self._lasting = {about: replace(lasting[about], alert=alert) for about, alert in alerts.items()}
                self._change = change
                self._looked_s = time.monotonic()
                self._changed.notify_all()
            for event in ended:
                _tell("alert_ended", event)
            for alert in begun:
                _tell("alert_began", self._lasting[alert.about])

    def lasting(self) -> tuple[AlertEvent, ...]:
        """As of the last look, the worst first, of equal ones the oldest."""
        return tuple(
            sorted(self._lasting.values(), key=lambda event: (-event.alert.severity, event.raised_us, event.number))
        )

    def snapshot(self) -> tuple[tuple[AlertEvent, ...], int]:
        """What lasts, in the order of the last changes, and the last change of all: `changes` goes on after that."""
        with self._changed:
            return tuple(sorted(self._lasting.values(), key=lambda event: event.change)), self._change

    def counted(self) -> Counter[int]:
        """How many of each kind last."""
        return Counter(event.alert.about.kind for event in self._lasting.values())

    def newest(self, limit: int, party_id: str | None) -> tuple[AlertEvent, ...]:
        """Those that have ended as well, the newest first; with a party, those that it is told about itself."""
        with self._database.read() as connection:
            return tuple(map(self._now, newest_alerts(connection, limit, party_id)))

    def changes(self, after_change: int) -> tuple[AlertEvent, ...]:
        """What changed after that, as it is now, in the order of the changes, at most CHANGES_MAX of them."""
        with self._database.read() as connection:
            return tuple(map(self._now, changed_alerts(connection, after_change, CHANGES_MAX)))

    def wait(self, timeout_s: float) -> bool:
        """Wait until somebody has looked, or so long; False once the service is about to end."""
        with self._changed:
            if not self._closed:
                self._changed.wait(timeout_s)
            return not self._closed

    def close(self) -> None:
        """Let nobody wait any longer."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def acknowledge(self, signed: SignedDocument, network_id: str, operator_keys: Collection[bytes]) -> AlertEvent:
        """Keep a note of a person of the operator; one that was kept before gets the alert as it is. Raises Refused."""
        note = open_note(signed, network_id, operator_keys)
        now_us = self._clock()
        with self._looking, self._database.write() as connection:
            event = find_alert(connection, note.number)
            if event is None or event.raised_us != note.raised_us:
                raise Refused(
                    error_pb2.REASON_NOT_FOUND,
                    f"There is no alert {note.number} that began then. List them: coalition settlement alerts",
                    {"number": str(note.number)},
                )
            if all((kept.document, kept.public_key) != (note.document, note.public_key) for kept in event.notes):
                _require_open(event, now_us - note.decided_us)
                add_note(connection, event, note, now_us)
            kept, change = find_alert(connection, note.number), last_change(connection)
            assert kept is not None, "it was there just now"
        with self._changed:
            lasting = self._lasting.get(kept.alert.about)
            if lasting is not None and lasting.number == kept.number:
                self._lasting = {**self._lasting, kept.alert.about: replace(kept, alert=lasting.alert)}
            self._change = change
            self._changed.notify_all()
        return self._now(kept)

    def _now(self, event: AlertEvent) -> AlertEvent:
        """With its figures of now, while it lasts."""
        lasting = self._lasting.get(event.alert.about)
        same = lasting is not None and lasting.number == event.number and not event.ended_us
        return replace(event, alert=lasting.alert) if lasting is not None and same else event


def _by_about(events: Collection[AlertEvent]) -> Mapping[About, AlertEvent]:
    return {event.alert.about: event for event in events}


def _tell(what: str, event: AlertEvent) -> None:
    """A line in the log. Figures of parties have no place there."""
    about = event.alert.about
    _log.warning(
        what,
        number=event.number,
        kind=kind_name(about.kind),
        severity=severity_name(event.alert.severity),
        party=about.party_id,
        window=about.window,
        subject=about.subject_id,
    )


def _require_open(event: AlertEvent, age_us: int) -> None:
    if event.ended_us:
        raise Refused(
            error_pb2.REASON_WRONG_STATE,
            f"The alert {event.number} has ended; there is nothing to acknowledge.",
            {"number": str(event.number)},
        )
    if len(event.notes) >= NOTES_MAX:
        raise Refused(
            error_pb2.REASON_WRONG_STATE,
            f"The alert {event.number} has {NOTES_MAX} notes, which is the most.",
            {"number": str(event.number), "limit": str(NOTES_MAX)},
        )
    if not -_CLOCK_SKEW_MAX_US <= age_us <= _NOTE_AGE_MAX_US:
        raise Refused(
            error_pb2.REASON_CLOCK_SKEW,
            "The note was signed more than a day ago, or in the future. Check this machine's clock and sign again.",
            {"age_seconds": str(age_us // US_PER_S)},
        )
