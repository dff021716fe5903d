"""Days of a network."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coalition.calendar import NEVER, Calendar, add_days, end_of_month, is_day, parse_day

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia"]
CALENDARS = {zone: Calendar(zone) for zone in ZONES}
DAYS = st.dates(date(1970, 1, 2), date(9_998, 12, 31)).map(date.isoformat)


def us(text: str) -> int:
    """Microseconds since the epoch of an ISO 8601 moment with its offset."""
    return round(datetime.fromisoformat(text).timestamp() * 1_000_000)


@pytest.mark.parametrize(
    ("zone", "moment", "day"),
    [
        ("UTC", "2017-12-31T23:59:59.999999+00:00", "2017-12-31"),
        ("UTC", "2018-01-01T00:00:00+00:00", "2018-01-01"),
        ("UTC", "1970-01-01T00:00:00+00:00", "1970-01-01"),
        ("Europe/Berlin", "2017-12-31T22:59:59.999999+00:00", "2017-12-31"),
        ("Europe/Berlin", "2017-12-31T23:00:00+00:00", "2018-01-01"),
        # Summer time begins on 26 March 2017 at 02:00 and ends on 29 October at 03:00.
        ("Europe/Berlin", "2017-03-25T22:59:59.999999+00:00", "2017-03-25"),
        ("Europe/Berlin", "2017-03-25T23:00:00+00:00", "2017-03-26"),
        ("Europe/Berlin", "2017-03-26T21:59:59.999999+00:00", "2017-03-26"),
        ("Europe/Berlin", "2017-03-26T22:00:00+00:00", "2017-03-27"),
        ("Europe/Berlin", "2017-10-28T22:00:00+00:00", "2017-10-29"),
        ("Europe/Berlin", "2017-10-29T22:59:59.999999+00:00", "2017-10-29"),
        ("Europe/Berlin", "2017-10-29T23:00:00+00:00", "2017-10-30"),
        ("America/New_York", "2024-02-29T04:59:59+00:00", "2024-02-28"),
        ("America/New_York", "2024-02-29T05:00:00+00:00", "2024-02-29"),
        ("Asia/Kathmandu", "2024-06-30T18:14:59.999999+00:00", "2024-06-30"),
        ("Asia/Kathmandu", "2024-06-30T18:15:00+00:00", "2024-07-01"),
    ],
)
def test_day_begins_at_midnight_where_the_network_is(zone: str, moment: str, day: str) -> None:
    """To the microsecond, in summer and in winter."""
    assert CALENDARS[zone].day(us(moment)) == day


@given(st.sampled_from(ZONES), st.integers(us("2015-01-01T00:00:00+00:00"), us("2060-01-01T00:00:00+00:00")))
def test_day_is_that_of_the_time_zone(zone: str, moment_us: int) -> None:
    """What is remembered for a quarter of an hour is true of every microsecond in it."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=moment_us)
    assert CALENDARS[zone].day(moment_us) == moment.astimezone(ZoneInfo(zone)).date().isoformat()


def test_memory_is_bounded() -> None:
    """A calendar that has told a great many days still tells them, and forgets some."""
    told = Calendar("Europe/Berlin")
    start = us("2017-01-01T12:00:00+01:00")
    days = [told.day(start + number * 86_400_000_000) for number in range(10_050)]
    assert (days[0], days[31], days[10_049]) == ("2017-01-01", "2017-02-01", "2044-07-07")
    assert told.day(start) == "2017-01-01"
    assert len(told._days) <= 10_000


@pytest.mark.parametrize(
    "zone", ["", "Berlin", "Europe/Atlantis", "../etc/passwd", "/etc/localtime", "a\x00b", "x" * 300]
)
def test_zone_that_nobody_knows(zone: str) -> None:
    """Other names are refused, whatever they look like."""
    with pytest.raises(ValueError, match="is not a time zone"):
        Calendar(zone)


@pytest.mark.parametrize("zone", ["localtime", "posixrules", "Factory", "posix/Europe/Berlin", "right/UTC"])
def test_zone_of_one_machine(zone: str) -> None:
    """What machines keep beside the zones of the database is refused, for it means something else on another one."""
    with pytest.raises(ValueError, match="is not a time zone"):
        Calendar(zone)


@given(DAYS)
def test_day_is_read_as_it_is_written(day: str) -> None:
    """The one form is accepted."""
    assert parse_day(day).isoformat() == day
    assert is_day(day)


@pytest.mark.parametrize(
    "text",
    [
        "", "2017", "2017-2-1", "2017-02-29", "2017-13-01", "2017-00-10", "2017-01-32", "20170101", "2017-W01-1",
        "2017-01-01T00:00", " 2017-01-01", "2017-01-01\n", "+2017-01-01", "10000-01-01", "0000-01-01",
        "\uff12\uff10\uff11\uff17-01-01",
    ],
)  # fmt: skip
def test_text_that_is_no_day(text: str) -> None:
    """No other form, and no day that does not exist."""
    assert not is_day(text)
    with pytest.raises(ValueError, match=r"."):
        parse_day(text)


@given(DAYS, st.integers(0, 5_000))
def test_days_are_added(day: str, days: int) -> None:
    """Later days are later, also as text."""
    later = add_days(day, days)
    assert later >= day
    assert later == NEVER or parse_day(later) - parse_day(day) == timedelta(days=days)


@pytest.mark.parametrize(
    ("day", "days", "expected"),
    [
        ("2016-02-28", 1, "2016-02-29"),
        ("2017-02-28", 1, "2017-03-01"),
        ("2017-12-31", 1, "2018-01-01"),
        ("2017-06-15", 0, "2017-06-15"),
        (NEVER, 0, NEVER),
        (NEVER, 1, NEVER),
        ("2017-01-01", 10**7, NEVER),
    ],
)
def test_days_across_months_years_and_the_end(day: str, days: int, expected: str) -> None:
    """Leap days count, and what lies beyond the calendar is never."""
    assert add_days(day, days) == expected


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        ("2017-01-01", 0, "2017-01-31"),
        ("2017-01-31", 1, "2017-02-28"),
        ("2016-01-31", 1, "2016-02-29"),
        ("2016-02-29", 12, "2017-02-28"),
        ("2017-11-30", 1, "2017-12-31"),
        ("2017-12-01", 1, "2018-01-31"),
        ("2017-04-15", 24, "2019-04-30"),
        ("2099-12-31", 2, "2100-02-28"),
        ("1999-12-31", 2, "2000-02-29"),
        ("9999-11-01", 0, "9999-11-30"),
        ("9999-12-01", 0, NEVER),
        ("9999-12-01", 1, NEVER),
        ("9000-01-01", 12_000, NEVER),
    ],
)
def test_end_of_month(day: str, months: int, expected: str) -> None:
    """The last day of the month, months later, whichever day one starts from."""
    assert end_of_month(day, months) == expected


@given(DAYS, st.integers(0, 1_200))
def test_end_of_month_is_the_day_before_a_first(day: str, months: int) -> None:
    """A month's last day is followed by another month's first."""
    last = end_of_month(day, months)
    assert last >= day
    assert last == NEVER or add_days(last, 1).endswith("-01")


@given(
    st.sampled_from(("UTC", "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kathmandu")),
    st.dates(date(1980, 1, 1), date(2060, 1, 1)),
    st.integers(0, 1_439),
)
def test_moment_of_a_time_of_day(zone: str, day: date, minute: int) -> None:
    """Clocks show it then, for the first time; or they were put forward over it, by so much as they show more."""
    moment = datetime.fromtimestamp(Calendar(zone).moment_us(day.isoformat(), minute) // 1_000_000, UTC)
    wanted = datetime.combine(day, datetime.min.time()) + timedelta(minutes=minute)

    def shown(at: datetime) -> datetime:
        return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)

    over = shown(moment) - wanted
    assert timedelta(0) <= over <= timedelta(hours=1)
    assert shown(moment - over - timedelta(minutes=1)) == wanted - over - timedelta(minutes=1)
    assert all(shown(moment - timedelta(minutes=earlier)) != wanted for earlier in range(30, 91, 30))


@given(DAYS)
def test_never_is_last(day: str) -> None:
    """Every day comes before never, as text."""
    assert day < NEVER
    assert is_day(NEVER)
