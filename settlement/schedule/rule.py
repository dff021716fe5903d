"""When windows close: a period, a cut-off on its days, and when the payments that follow are due."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from coalition.calendar import Calendar
from settlement.schedule.business_days import CLOSED_DAYS_MAX, WEEKDAYS, BusinessCalendar, Roll, month_end, months_from

#: A window that was closed so shortly before a cut-off was closed for it: by hand, or by a clock that is ahead.
EARLY_US: Final = 5 * 60 * 1_000_000
#: No day moves further.
_MOVED_MAX: Final = timedelta(days=CLOSED_DAYS_MAX + 1)
_ONE_DAY: Final = timedelta(days=1)
_WEEK: Final = timedelta(days=7)


class Period(StrEnum):
    """How often windows close."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class Method(StrEnum):
    """How the payments of a window come about."""

    GROSS = "gross"
    BILATERAL = "bilateral"
    MULTILATERAL = "multilateral"


class Closing(NamedTuple):
    """A moment at which a window is due to close."""

    #: In the network's time zone.
    day: date
    #: Microseconds since the Unix epoch.
    moment_us: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """What the operator has agreed with its parties."""

    period: Period
    #: Minutes after midnight, in the network's time zone.
    cut_off_min: int
    #: Monday is 0; for WEEKLY.
    weekday: int = 0
    #: 1 to 31 for MONTHLY, the last day in months that have no such day; None for the last business day.
    day: int | None = None
    roll: Roll = Roll.NONE
    calendar: BusinessCalendar = WEEKDAYS
    method: Method = Method.MULTILATERAL
    #: Business days from the closing until payments are due.
    payment_days: int = 0

    def closings(self, network: Calendar, after_us: int) -> Iterator[Closing]:
        """Every closing later than a moment, ascending, without end."""
        last_us = after_us
        for agreed in self._days(date.fromisoformat(network.day(after_us)) - _MOVED_MAX):
            day = self.calendar.roll(agreed, self.roll)
            moment_us = network.moment_us(day.isoformat(), self.cut_off_min)
            # Days that moved to one close once; so do two of which a zone leaves one out.
            if moment_us > last_us:
                last_us = moment_us
                yield Closing(day, moment_us)

    def due(self, network: Calendar, opened_us: int) -> Closing:
        """When a window that opened at `opened_us` is to be closed. Closings that were missed are one."""
        return next(self.closings(network, opened_us + EARLY_US))

    def payments_due_on(self, closed_on: date) -> date:
        """The day on which the payments of a window are due that is closed on a day."""
        return self.calendar.after(closed_on, self.payment_days)

    def closing_of(self, network: Calendar, opened_us: int, closed_us: int) -> date:
        """The day of the closing for which a window was closed: the last one since it opened, or one just ahead.

        Where there was none, for somebody closed it out of turn, the day on which it was closed.
        """
        day = date.fromisoformat(network.day(closed_us))
        for closing in self.closings(network, opened_us + EARLY_US):
            if closing.moment_us > closed_us + EARLY_US:
                break
            day = closing.day
        return day

    def window_due_on(self, network: Calendar, opened_us: int, closed_us: int) -> date:
        """The day on which the payments of a closed window are due: by the closing that was announced, whenever it was
        closed for it, though never before it was closed."""
        announced = self.payments_due_on(self.closing_of(network, opened_us, closed_us))
        return max(announced, self.calendar.after(date.fromisoformat(network.day(closed_us)), 0))

    def _days(self, first: date) -> Iterator[date]:
        """The days of the period from `first` on or a little before, ascending, whatever day they fall on."""
        match self.period:
            case Period.DAILY:
                return _every(_ONE_DAY, first)
            case Period.WEEKLY:
                return _every(_WEEK, first + (self.weekday - first.weekday()) % 7 * _ONE_DAY)
            case Period.MONTHLY:
                return map(self._day_of_month, months_from(first))

    def _day_of_month(self, first: date) -> date:
        if self.day is None:
            return self.calendar.last_of_month(first)
        return min(first + (self.day - 1) * _ONE_DAY, month_end(first))


def _every(step: timedelta, day: date) -> Iterator[date]:
    while True:
        yield day
        day += step
