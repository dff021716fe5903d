"""Dates of a network: days in its time zone, as ISO 8601 text, which sorts as time does."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

#: The date of what never expires; later than every other.
NEVER: Final = "9999-12-31"

#: Days begin at a whole number of these: every zone's offset is one, in all years that a network can live in.
SLOT_US: Final = 15 * 60 * 1_000_000
_SLOTS_KEPT: Final = 10_000
_DAYS_KEPT: Final = 1_000
# Machines keep these beside the zones. They mean another zone elsewhere, none at all, or count leap seconds, so two
# readers of one journal would not agree about its days.
_OF_THE_MACHINE: Final = re.compile(r"localtime|posixrules|Factory|(posix|right)/.*")


class Calendar:
    """Tells the day of a moment. Raises ValueError for an unknown zone."""

    def __init__(self, time_zone: str) -> None:
        try:
            if _OF_THE_MACHINE.fullmatch(time_zone):
                raise ZoneInfoNotFoundError(time_zone)
            self._zone = ZoneInfo(time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"{time_zone!r} is not a time zone of the IANA database, such as Europe/Berlin") from None
        #: IANA name.
        self.time_zone: Final = time_zone
        self._days: dict[int, str] = {}

    def day(self, moment_us: int) -> str:
        """The day, in the network's time zone, of a moment in microseconds since the Unix epoch."""
        slot = moment_us // SLOT_US
        day = self._days.get(slot)
        if day is None:
            if len(self._days) >= _SLOTS_KEPT:
                self._days.clear()
            moment = datetime.fromtimestamp(slot * SLOT_US // 1_000_000, UTC)
            day = self._days[slot] = moment.astimezone(self._zone).date().isoformat()
        return day

    def moment_us(self, day: str, minute: int) -> int:
        """When clocks show `minute` minutes after midnight of `day`, in microseconds since the Unix epoch.

        The first time, where they show it twice; where they are put forward over it, when they would have shown it.
        """
        shown = datetime.combine(date.fromisoformat(day), time(minute // 60, minute % 60), self._zone)
        return int(shown.timestamp()) * 1_000_000


def parse_day(text: str) -> date:
    """The date of `2017-12-31`, and of nothing else. Raises ValueError."""
    parsed = date.fromisoformat(text)
    if parsed.isoformat() != text:
        raise ValueError(f"{text!r} is not a date of the form 2017-12-31")
    return parsed


def is_day(text: str) -> bool:
    """Whether `text` is a date of the form 2017-12-31."""
    try:
        parse_day(text)
    except ValueError:
        return False
    return True


@lru_cache(_DAYS_KEPT)
def add_days(day: str, days: int) -> str:
    """The day that lies `days` later; NEVER when that is beyond the calendar."""
    try:
        return (date.fromisoformat(day) + timedelta(days=days)).isoformat()
    except OverflowError:
        return NEVER


@lru_cache(_DAYS_KEPT)
def end_of_month(day: str, months: int) -> str:
    """The last day of the month that lies `months` after the month of `day`."""
    year, month = divmod(int(day[:4]) * 12 + int(day[5:7]) - 1 + months, 12)
    if year > date.max.year:
        return NEVER
    return date(year, month + 1, calendar.monthrange(year, month + 1)[1]).isoformat()
