"""Which days are business days: those of a country, of a market, and an operator's own days off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final

#: No stretch without a business day is longer; a calendar with one is refused.
CLOSED_DAYS_MAX: Final = 31
_ONE_DAY: Final = timedelta(days=1)
_YEARS_KEPT: Final = 200
_WEEKEND: Final = 5


class Roll(StrEnum):
    """Where a day moves that is no business day."""

    #: It stays.
    NONE = "none"
    FOLLOWING = "following"
    PRECEDING = "preceding"
    #: The following one, or the preceding where that lies in another month.
    MODIFIED_FOLLOWING = "modified following"


class UnknownCalendar(ValueError):
    """A country, part of a country or market whose days off are not known, or one that is always closed."""


@dataclass(frozen=True, slots=True)
class BusinessCalendar:
    """Monday to Friday, less days off. `check` says whether the rest is known."""

    #: ISO 3166 code, `DE`; empty: none.
    country: str = ""
    #: A part of it that has days off of its own, `BY`; empty: the whole country's.
    subdivision: str = ""
    #: Instead of a country, a market by its code: `ECB` for TARGET, `NYSE`.
    market: str = ""
    #: Days off besides.
    extra_days: frozenset[date] = frozenset()

    def check(self) -> None:
        """Raises UnknownCalendar unless every day can be told, and there is a business day every month."""
        if self.country and self.market:
            raise UnknownCalendar("name a country or a market, not both.")
        if self.subdivision and not self.country:
            raise UnknownCalendar(f"{self.subdivision} is a part of which country?")
        try:
            _business_days(2026, self.country, self.subdivision, self.market)
        except NotImplementedError as error:
            raise UnknownCalendar(f"{error}.") from error
        for day in self.extra_days:
            if not self.is_business_day(day):
                self.roll(day, Roll.FOLLOWING)

    def is_business_day(self, day: date) -> bool:
        """Whether banks and offices work on it."""
        known = _business_days(day.year, self.country, self.subdivision, self.market)
        return day in known and day not in self.extra_days

    def roll(self, day: date, how: Roll) -> date:
        """`day`, or the business day that it moves to."""
        if how is Roll.NONE or self.is_business_day(day):
            return day
        if how is Roll.PRECEDING:
            return self._next(day, -_ONE_DAY)
        found = self._next(day, _ONE_DAY)
        if how is Roll.MODIFIED_FOLLOWING and found.month != day.month:
            return self._next(day, -_ONE_DAY)
        return found

    def after(self, day: date, count: int) -> date:
        """The business day that lies `count` business days after `day`; for 0 the first from that day on."""
        found = self.roll(day, Roll.FOLLOWING)
        # A day that is none has its first business day later already.
        steps = count if found == day else count - 1
        for _ in range(steps):
            found = self._next(found, _ONE_DAY)
        return found

    def last_of_month(self, day: date) -> date:
        """The last business day in the month of `day`."""
        return self.roll(month_end(day), Roll.PRECEDING)

    def _next(self, day: date, step: timedelta) -> date:
        for _ in range(CLOSED_DAYS_MAX):
            day += step
            if self.is_business_day(day):
                return day
        raise UnknownCalendar(f"there is no business day in the {CLOSED_DAYS_MAX} days up to {day}.")


#: Where nobody has named any days off.
WEEKDAYS: Final = BusinessCalendar()


def month_end(day: date) -> date:
    """The last day of the month of `day`."""
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - _ONE_DAY


def months_from(day: date) -> Iterator[date]:
    """The first days of the month of `day` and of those after it, without end."""
    first = day.replace(day=1)
    while True:
        yield first
        first = month_end(first) + _ONE_DAY


@lru_cache(_YEARS_KEPT)
def _business_days(year: int, country: str, subdivision: str, market: str) -> frozenset[date]:
    """All of a year. Made anew for each: what the library keeps is filled while it is read, by one thread."""
    # Here, as most commands of the service never ask, and it is large.
    import holidays

    days = (date(year, 1, 1) + timedelta(days=number) for number in range(366))
    of_year = [day for day in days if day.year == year]
    if country:
        known = holidays.country_holidays(country, subdiv=subdivision or None, years=year)
    elif market:
        known = holidays.financial_holidays(market, years=year)
    else:
        return frozenset(day for day in of_year if day.weekday() < _WEEKEND)
    return frozenset(day for day in of_year if known.is_working_day(day))
