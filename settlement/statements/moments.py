"""Moments as values of Python."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def moment_of(microseconds: int) -> datetime:
    """The moment, aware and in UTC, of microseconds since the Unix epoch; exact."""
    return _EPOCH + timedelta(microseconds=microseconds)
