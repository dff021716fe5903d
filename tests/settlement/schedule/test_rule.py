"""When windows close: by period, roll and cut-off, across months, holidays, time zones and changes of clocks."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coalition.calendar import Calendar
from settlement.schedule.business_days import BusinessCalendar, Roll
from settlement.schedule.rule import EARLY_US, Period, Schedule
from tests.settlement.schedule.calendars import ONE_DAY, ZONES, edges, is_agreed, moments, moved, schedules


def us(text: str, zone: str = "Europe/Berlin") -> int:
    """A moment in microseconds, as a clock in the zone shows it."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()) * 1_000_000


def next_days(schedule: Schedule, after: str, count: int) -> list[str]:
    """The days of the next closings in Berlin."""
    closings = schedule.closings(Calendar("Europe/Berlin"), us(after))
    return [closing.day.isoformat() for closing in islice(closings, count)]


@given(schedule=schedules, zone=st.sampled_from(ZONES), after_us=moments | edges)
def test_closings_are_those_that_counting_finds(schedule: Schedule, zone: str, after_us: int) -> None:
    """Every day of the period, moved as the roll says, once, at its cut-off; none is left out and none is added."""
    calendar = Calendar(zone)
    first = date.fromisoformat(calendar.day(after_us))
    around = [first + number * ONE_DAY for number in range(-80, 150)]
    days = sorted({moved(schedule, day) for day in around if is_agreed(schedule, day)})
    found_us = sorted({calendar.moment_us(day.isoformat(), schedule.cut_off_min) for day in days})
    expected = [moment_us for moment_us in found_us if moment_us > after_us][:3]

    assert [closing.moment_us for closing in islice(schedule.closings(calendar, after_us), 3)] == expected


@given(schedule=schedules, zone=st.sampled_from(ZONES), opened_us=moments | edges)
def test_a_window_is_due_at_the_first_closing_after_it_opened(schedule: Schedule, zone: str, opened_us: int) -> None:
    """What closes on time is due one period later, never at once again; payments are due on a business day after it."""
    calendar = Calendar(zone)
    due = schedule.due(calendar, opened_us)
    following = schedule.due(calendar, due.moment_us)

    assert opened_us + EARLY_US < due.moment_us < following.moment_us
    # Closed a little before or after its cut-off, it is not due again for the same one.
    for late_us in (-EARLY_US, -1, 1, 60_000_000):
        assert schedule.due(calendar, due.moment_us + late_us) == following
    payment = schedule.payments_due_on(due.day)
    assert payment >= due.day
    assert schedule.calendar.is_business_day(payment)
    assert schedule.payments_due_on(following.day) >= payment


def test_a_month_ends_when_it_ends() -> None:
    """A day that a month lacks is its last; in a leap year February has one more."""
    monthly = Schedule(Period.MONTHLY, cut_off_min=0, day=31)
    assert next_days(monthly, "2028-01-31", 3) == ["2028-02-29", "2028-03-31", "2028-04-30"]
    assert next_days(monthly, "2027-01-31", 1) == ["2027-02-28"]


def test_the_last_business_day_may_come_early() -> None:
    """The last one of May 2026 in Bavaria is a Friday; of December the 31st, for only the 25th and 26th are off."""
    monthly = Schedule(Period.MONTHLY, 18 * 60, calendar=BusinessCalendar(country="DE", subdivision="BY"))
    assert next_days(monthly, "2026-05-01", 2) == ["2026-05-29", "2026-06-30"]
    assert next_days(monthly, "2026-12-01", 1) == ["2026-12-31"]


@pytest.mark.parametrize(
    ("roll", "expected"),
    [
        (Roll.NONE, ["2026-01-31", "2026-02-28"]),
        (Roll.FOLLOWING, ["2026-02-02", "2026-03-02"]),
        (Roll.PRECEDING, ["2026-01-30", "2026-02-27"]),
        (Roll.MODIFIED_FOLLOWING, ["2026-01-30", "2026-02-27"]),
    ],
)
def test_a_day_off_moves_as_agreed(roll: Roll, expected: list[str]) -> None:
    """The ends of January and February 2026 are Saturdays."""
    assert next_days(Schedule(Period.MONTHLY, 0, day=31, roll=roll), "2026-01-15", 2) == expected


def test_daily_closings_on_business_days_leave_weekends_out() -> None:
    """Saturday and Sunday move to Monday, which closes once."""
    daily = Schedule(Period.DAILY, 18 * 60, roll=Roll.FOLLOWING)
    assert next_days(daily, "2026-08-06 12:00", 4) == ["2026-08-06", "2026-08-07", "2026-08-10", "2026-08-11"]


def test_a_day_that_moved_is_not_forgotten() -> None:
    """Good Friday 2026 moves over Easter Monday to Tuesday, also for who asks on the Saturday between."""
    calendar = BusinessCalendar(country="DE")
    weekly = Schedule(Period.WEEKLY, 18 * 60, weekday=4, roll=Roll.FOLLOWING, calendar=calendar)
    assert next_days(weekly, "2026-04-04", 2) == ["2026-04-07", "2026-04-10"]


def test_missed_closings_are_one() -> None:
    """A window that stayed open over three Fridays is due since the first of them, and the next one on the fourth."""
    weekly, berlin = Schedule(Period.WEEKLY, 18 * 60, weekday=4), Calendar("Europe/Berlin")
    assert weekly.due(berlin, us("2026-08-01")).day == date(2026, 8, 7)
    assert weekly.due(berlin, us("2026-08-25 09:00")).day == date(2026, 8, 28)


@pytest.mark.parametrize(
    ("cut_off", "day", "shown"),
    [
        pytest.param(150, "2026-03-29", "2026-03-29T01:30:00+00:00", id="clocks jump over it"),
        pytest.param(150, "2026-10-25", "2026-10-25T00:30:00+00:00", id="clocks show it twice"),
        pytest.param(18 * 60, "2026-03-29", "2026-03-29T16:00:00+00:00", id="summer"),
        pytest.param(18 * 60, "2026-03-28", "2026-03-28T17:00:00+00:00", id="winter"),
    ],
)
def test_the_cut_off_follows_the_clocks_of_the_network(cut_off: int, day: str, shown: str) -> None:
    """On the wall it is always the same time; where it is shown twice, the first counts."""
    before_us = us(day) - 1
    closing = next(Schedule(Period.DAILY, cut_off).closings(Calendar("Europe/Berlin"), before_us))
    assert closing.moment_us == int(datetime.fromisoformat(shown).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("cut_off", "closed", "closing", "due"),
    [
        pytest.param(0, "2026-08-04 23:57", "2026-08-05", "2026-08-07", id="closed three minutes early"),
        pytest.param(0, "2026-08-05 00:10", "2026-08-05", "2026-08-07", id="closed ten minutes late"),
        pytest.param(23 * 60 + 55, "2026-08-05 00:05", "2026-08-04", "2026-08-06", id="closed on the day after"),
        pytest.param(18 * 60, "2026-08-04 12:00", "2026-08-04", "2026-08-06", id="closed out of turn"),
        pytest.param(18 * 60, "2026-08-09 12:00", "2026-08-08", "2026-08-11", id="closed days late"),
    ],
)
def test_payments_are_due_by_the_closing_that_was_announced(cut_off: int, closed: str, closing: str, due: str) -> None:
    """Two business days after the closing for which a window was closed, a little before or after it."""
    schedule, berlin = Schedule(Period.DAILY, cut_off, payment_days=2), Calendar("Europe/Berlin")
    opened_us = us("2026-08-04 00:01")
    assert schedule.closing_of(berlin, opened_us, us(closed)).isoformat() == closing
    assert schedule.window_due_on(berlin, opened_us, us(closed)).isoformat() == due


def test_payments_are_never_due_before_the_window_was_closed() -> None:
    """A monthly window that was closed a week late, on a Saturday, is due on the Monday."""
    schedule, berlin = Schedule(Period.MONTHLY, 18 * 60, day=31, payment_days=1), Calendar("Europe/Berlin")
    due = schedule.window_due_on(berlin, us("2026-07-01"), us("2026-08-08 12:00"))
    assert due == date(2026, 8, 10)


def test_payments_are_due_in_business_days() -> None:
    """Five business days after Maundy Thursday 2026, Good Friday and Easter Monday being none of the euro's."""
    schedule = Schedule(Period.DAILY, 0, calendar=BusinessCalendar(market="ECB"), payment_days=5)
    assert schedule.payments_due_on(date(2026, 4, 2)) == date(2026, 4, 13)
    assert schedule.payments_due_on(date(2026, 4, 2) + timedelta(days=1)) == date(2026, 4, 13)
