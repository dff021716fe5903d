"""Alerts for people and machines."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.table import Table

from coalition.keys import fingerprint
from partner_sdk.settlement import Alert
from settlement.report.tables import moment_text, rows_table
from settlement.report.window import Rows

_COLUMNS = ("number", "severity", "kind", "party", "since", "ended", "text")


def alerts_table(alerts: Iterable[Alert], *, ended_too: bool) -> Table:
    """Every alert, one row each."""
    rows: Rows = [
        {
            # Text, for a number in a column of figures has its thousands set off.
            "number": str(alert.number),
            "severity": alert.severity.name,
            "kind": alert.kind.name,
            "party": alert.party_id or "–",
            "since": moment_text(alert.raised_at),
            "ended": moment_text(alert.ended_at),
            "text": " ".join([alert.text, *(f"[Noted: {note.text}]" for note in alert.notes)]),
        }
        for alert in alerts
    ]
    columns = _COLUMNS if ended_too else tuple(column for column in _COLUMNS if column != "ended")
    return rows_table("Alerts", rows, columns)


def alert_line(alert: Alert) -> str:
    """One line about what happened to an alert: it began, was noted on, or ended."""
    if alert.ended_at is not None:
        what, when = "ended", alert.ended_at
    elif alert.notes:
        what, when = "noted", alert.notes[-1].recorded_at
    else:
        what, when = "began", alert.raised_at
    about = f" {alert.party_id}" if alert.party_id else ""
    words = alert.notes[-1].text if what == "noted" else alert.text
    return f"{moment_text(when)} {what} {alert.number} {alert.severity.name} {alert.kind.name}{about}: {words}"


def alert_json(alert: Alert) -> dict[str, Any]:
    """An alert for machines: figures in the units that their names say; moments in ISO 8601."""
    return {
        "number": alert.number,
        "kind": alert.kind.name,
        "severity": alert.severity.name,
        "party_id": alert.party_id,
        "window": alert.window,
        "subject_id": alert.subject_id,
        "text": alert.text,
        "figures": dict(alert.figures),
        "raised_at": alert.raised_at.isoformat(),
        "ended_at": None if alert.ended_at is None else alert.ended_at.isoformat(),
        "notes": [
            {
                "text": note.text,
                "key": fingerprint(note.public_key),
                "decided_at": note.decided_at.isoformat(),
                "recorded_at": note.recorded_at.isoformat(),
                "signed": note.signed.hex(),
            }
            for note in alert.notes
        ],
        "change": alert.change,
    }
