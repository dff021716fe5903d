"""Alerts as lines of text."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from partner_sdk.settlement import Alert, AlertKind, AlertNote, AlertSeverity
from settlement.report.alerts import alert_line

BEGAN = datetime(2025, 1, 17, 12, tzinfo=UTC)
ALERT = Alert(
    number=3,
    kind=AlertKind.PACK_LOW,
    severity=AlertSeverity.WARNING,
    party_id="grocer",
    window=None,
    subject_id=None,
    text="Order packs.",
    figures={},
    raised_at=BEGAN,
    ended_at=None,
    notes=(),
    change=5,
)


def test_line_says_what_happened_last() -> None:
    """That it began, what was noted, or that it ended, and when."""
    noted = replace(ALERT, notes=(AlertNote("Called them", BEGAN, BEGAN + timedelta(hours=1), b"k" * 32, b""),))
    ended = replace(noted, ended_at=BEGAN + timedelta(hours=2))
    assert [alert_line(alert) for alert in (ALERT, noted, ended, replace(ALERT, party_id=None))] == [
        "2025-01-17 12:00:00 UTC began 3 WARNING PACK_LOW grocer: Order packs.",
        "2025-01-17 13:00:00 UTC noted 3 WARNING PACK_LOW grocer: Called them",
        "2025-01-17 14:00:00 UTC ended 3 WARNING PACK_LOW grocer: Order packs.",
        "2025-01-17 12:00:00 UTC began 3 WARNING PACK_LOW: Order packs.",
    ]
