"""Calendars, schedules and time zones to try, and what a day is by counting alone."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from hypothesis import strategies as st

from settlement.schedule.business_days import BusinessCalendar, Roll
from settlement.schedule.rule import Period, Schedule

ONE_DAY: Final = timedelta(days=1)

#: Zones with summer time at midnight, by half an hour, in both halves of the year; one that left out a day.
ZONES: Final = (
    *("UTC", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "America/St_Johns", "Asia/Kathmandu"),
    *("Asia/Beirut", "Africa/Casablanca", "Africa/Cairo", "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Kiritimati"),
)
#: A works holiday of almost a month, besides.
SHUT: Final = frozenset(date(2026, 8, 3) + number * ONE_DAY for number in range(25))
CALENDARS: Final = (
    BusinessCalendar(),
    BusinessCalendar(country="DE", subdivision="BY"),
    BusinessCalendar(country="US", extra_days=SHUT),
    BusinessCalendar(country="IL"),
    BusinessCalendar(country="JP"),
    BusinessCalendar(market="ECB"),
)

schedules = st.builds(
    Schedule,
    period=st.sampled_from(Period),
    cut_off_min=st.sampled_from((0, 30, 2 * 60 + 30, 18 * 60, 23 * 60 + 59)) | st.integers(0, 1_439),
    weekday=st.integers(0, 6),
    day=st.none() | st.integers(1, 31),
    roll=st.sampled_from(Roll),
    calendar=st.sampled_from(CALENDARS),
    payment_days=st.integers(0, 20),
)
#: From 2019 to 2033, to the microsecond.
moments = st.integers(1_546_300_800_000_000, 1_988_150_400_000_000)
#: Where more goes wrong: the works holiday, the day that Apia left out, nights on which clocks change.
edges = st.sampled_from((1_785_600_000, 1_325_203_200, 1_774_746_000, 1_792_890_000)).flatmap(
    lambda second: st.integers((second - 86_400 * 5) * 1_000_000, (second + 86_400 * 35) * 1_000_000)
)


def is_agreed(schedule: Schedule, day: date) -> bool:
    """Whether a day is one of the period."""
    if schedule.period is Period.DAILY:
        return True
    if schedule.period is Period.WEEKLY:
        return day.weekday() == schedule.weekday
    of_month = days_of_month(day)
    if schedule.day is None:
        return day == [other for other in of_month if schedule.calendar.is_business_day(other)][-1]
    return day.day == min(schedule.day, len(of_month))


def days_of_month(day: date) -> list[date]:
    """All days of the month of a day."""
    return [
        other for other in (day.replace(day=1) + number * ONE_DAY for number in range(31)) if other.month == day.month
    ]


def moved(schedule: Schedule, day: date) -> date:
    """Where the roll moves a day to."""
    calendar, how = schedule.calendar, schedule.roll
    later, earlier = day, day
    while not calendar.is_business_day(later):
        later += ONE_DAY
    while not calendar.is_business_day(earlier):
        earlier -= ONE_DAY
    if how is Roll.MODIFIED_FOLLOWING:
        return later if later.month == day.month else earlier
    return {Roll.NONE: day, Roll.FOLLOWING: later, Roll.PRECEDING: earlier}[how]
