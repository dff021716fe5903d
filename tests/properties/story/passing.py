"""How time passes in a story: in jumps, many of which end right at a boundary."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from tests.properties.model.books import Books

_SECOND = 1_000_000
_HOUR = 3_600 * _SECOND
_DAY = 24 * _HOUR


def midnight_us(books: Books, now_us: int, days: int) -> int:
    """The first moment of the day that lies `days` after today, in the network's time zone."""
    zone = ZoneInfo(books.network["time_zone"])
    today = datetime.fromtimestamp(now_us // _SECOND, zone)
    wanted = (today + timedelta(days=days)).date()
    # Clocks may skip midnight, so the beginning of a day is looked for rather than made.
    moment_us = int(datetime(wanted.year, wanted.month, wanted.day, tzinfo=zone).timestamp()) * _SECOND
    while books.day(moment_us) < wanted.isoformat():
        moment_us += _HOUR // 4
    while books.day(moment_us - 1) >= wanted.isoformat():
        moment_us -= _HOUR // 4
    return moment_us


def later(random: Random, books: Books, now_us: int) -> int:
    """The next moment; never an earlier one."""
    way = random.randrange(100)
    just_before_us = random.randint(-2, 6)
    if way < 30:
        return now_us
    if way < 58:
        return now_us + random.choice((1, 3, _SECOND, 600 * _SECOND, 5 * _HOUR, _DAY))
    if way < 71:
        return max(now_us, midnight_us(books, now_us, random.choice((1, 1, 2, 5))) - just_before_us)
    if way < 80:
        return max(now_us, _month_us(books, now_us) - just_before_us)
    if way < 90:
        ends = [hold["expires"] for hold in books.holds.values() if hold["status"] == "OPEN"]
        return max(now_us, random.choice(ends) - random.choice((0, 0, 0, 1, 2, -1))) if ends else now_us + _DAY
    if way < 97:
        return now_us + random.randint(1, 20) * _DAY
    return now_us + random.randint(20, 70) * _DAY


def _month_us(books: Books, now_us: int) -> int:
    """The first moment of the next month."""
    moment_us = midnight_us(books, now_us, 1)
    while not books.day(moment_us).endswith("-01"):
        moment_us = midnight_us(books, moment_us, 1)
    return moment_us
