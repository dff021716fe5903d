"""Business days of countries and markets, and counting them."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.schedule.business_days import BusinessCalendar, UnknownCalendar, month_end
from tests.settlement.schedule.calendars import CALENDARS, ONE_DAY, days_of_month

dates = st.dates(date(2019, 1, 1), date(2033, 1, 1))


@pytest.mark.parametrize(
    ("calendar", "off", "on"),
    [
        (BusinessCalendar(), "2026-08-08", "2026-12-25"),
        (BusinessCalendar(country="DE"), "2026-12-25", "2026-01-06"),
        (BusinessCalendar(country="DE", subdivision="BY"), "2026-01-06", "2026-01-07"),
        (BusinessCalendar(country="US"), "2026-07-03", "2026-07-06"),
        (BusinessCalendar(country="IL"), "2026-02-20", "2026-02-22"),
        (BusinessCalendar(market="ECB"), "2026-05-01", "2026-10-05"),
        (BusinessCalendar(extra_days=frozenset({date(2026, 2, 17)})), "2026-02-17", "2026-02-18"),
    ],
)
def test_days_off_are_known(calendar: BusinessCalendar, off: str, on: str) -> None:
    """Weekends, public holidays of a country or a part of it, closing days of a market, and days of one's own."""
    assert not calendar.is_business_day(date.fromisoformat(off))
    assert calendar.is_business_day(date.fromisoformat(on))


@given(calendar=st.sampled_from(CALENDARS), day=dates, count=st.integers(0, 30))
def test_business_days_are_counted(calendar: BusinessCalendar, day: date, count: int) -> None:
    """From a day, exclusive, to the day that lies so many business days later, inclusive, there are so many."""
    found = calendar.after(day, count)

    assert calendar.is_business_day(found)
    passed = [day + number * ONE_DAY for number in range(1, (found - day).days + 1)]
    business = [other for other in passed if calendar.is_business_day(other)]
    if count:
        assert len(business) == count
    else:
        assert business == ([] if calendar.is_business_day(day) else [found])


@given(calendar=st.sampled_from(CALENDARS), day=dates)
def test_the_last_business_day_of_a_month_is_found(calendar: BusinessCalendar, day: date) -> None:
    """No later day of the month is one; months of 28, 29, 30 and 31 days end where they do."""
    of_month = days_of_month(day)

    assert month_end(day) == of_month[-1]
    if not calendar.extra_days:
        assert calendar.last_of_month(day) == [other for other in of_month if calendar.is_business_day(other)][-1]


@pytest.mark.parametrize(
    ("calendar", "problem"),
    [
        (BusinessCalendar(country="XX"), "Country XX not available"),
        (BusinessCalendar(country="DE", subdivision="ZZ"), "does not have subdivision ZZ"),
        (BusinessCalendar(market="MOON"), "MOON not available"),
        (BusinessCalendar(country="DE", market="ECB"), "a country or a market, not both"),
        (BusinessCalendar(subdivision="BY"), "BY is a part of which country"),
        (
            BusinessCalendar(extra_days=frozenset(date(2026, 3, 1) + number * ONE_DAY for number in range(40))),
            "no business day in the 31 days up to 2026-04-",
        ),
    ],
)
def test_a_calendar_that_cannot_be_is_refused(calendar: BusinessCalendar, problem: str) -> None:
    """What is unknown, said twice, or never open is told at once, not on the day when it matters."""
    with pytest.raises(UnknownCalendar, match=problem):
        calendar.check()
