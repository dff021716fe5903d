"""Times and dates as Python has them, from what travels: microseconds, and ISO 8601 text."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final

from coalition.calendar import NEVER

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def moment_of(microseconds: int) -> datetime:
    """The moment, aware and in UTC, of microseconds since the Unix epoch; exact."""
    return _EPOCH + timedelta(microseconds=microseconds)


def microseconds_of(moment: datetime) -> int:
    """Microseconds since the Unix epoch. Raises ValueError for a moment without a time zone."""
    if moment.tzinfo is None:
        raise ValueError("A moment needs a time zone: write datetime.now(UTC), not datetime.now().")
    return (moment - _EPOCH) // _MICROSECOND


def microseconds_in(span: timedelta) -> int:
    """The length of a span in microseconds."""
    return span // _MICROSECOND


def day_of(text: str) -> date | None:
    """The date of ISO 8601 text; None for never, and where there is none."""
    return None if text in ("", NEVER) else date.fromisoformat(text)


def day_text(day: date | None) -> str:
    """ISO 8601 text; empty for None. Raises ValueError for a datetime, whose date would depend on its time zone."""
    if isinstance(day, datetime):
        raise ValueError("Give a date, not a moment: which day a moment falls on depends on the time zone.")
    return "" if day is None else day.isoformat()
