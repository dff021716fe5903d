"""The table [schedule] of settlement.toml, right and wrong."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path

import pytest

from settlement.config import ConfigError, SettlementConfig, load_config, write_config
from settlement.schedule.business_days import BusinessCalendar, Roll
from settlement.schedule.rule import Method, Period, Schedule
from settlement.schedule.settings import ScheduleError, read_schedule, words_of

MONTHLY = 'period = "monthly"\nday = 15\ncut_off = "18:00"\n'


def test_everything_that_can_be_said_is_read() -> None:
    """All settings together, and what they are in words again."""
    text = """
        period = "weekly"
        weekday = "friday"
        cut_off = "09:05"
        roll = "modified following"
        country = "DE"
        subdivision = "BY"
        extra_days = [2026-12-24, "2026-12-31"]
        method = "bilateral"
        payment_days = 5
    """
    schedule = read_schedule(tomllib.loads(text))

    calendar = BusinessCalendar("DE", "BY", extra_days=frozenset({date(2026, 12, 24), date(2026, 12, 31)}))
    assert schedule == Schedule(
        Period.WEEKLY, 545, 4, None, Roll.MODIFIED_FOLLOWING, calendar, Method.BILATERAL, payment_days=5
    )
    assert words_of(schedule) == {
        "period": "weekly",
        "weekday": "friday",
        "day": "",
        "cut_off": "09:05",
        "roll": "modified following",
        "calendar": "DE-BY",
        "method": "bilateral",
        "payment_days": 5,
    }


@pytest.mark.parametrize(
    ("text", "day", "calendar"),
    [
        (MONTHLY + 'market = "ECB"', "15", "ECB"),
        ('period = "monthly"\nday = "last business day"\ncut_off = "00:00"', "last business day", ""),
        ('period = "daily"\ncut_off = "23:59"', "", ""),
    ],
)
def test_little_needs_to_be_said(text: str, day: str, calendar: str) -> None:
    """Period and cut-off are enough; payments are then netted among all and due on the day."""
    words = words_of(read_schedule(tomllib.loads(text)))
    assert (words["day"], words["calendar"]) == (day, calendar)
    assert (words["method"], words["payment_days"]) == ("multilateral", 0)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "schedule.period is missing; it must be one of: daily, weekly, monthly"),
        ('period = "yearly"', "schedule.period is 'yearly'"),
        ("period = 7", "schedule.period is 7"),
        ('period = "daily"', "schedule.cut_off is missing"),
        ('period = "daily"\ncut_off = "24:00"', "schedule.cut_off is '24:00'"),
        ('period = "daily"\ncut_off = 18:00:00', "schedule.cut_off is datetime.time"),
        ('period = "weekly"\ncut_off = "18:00"', "schedule.weekday is missing"),
        ('period = "weekly"\ncut_off = "18:00"\nweekday = "Fri"', "schedule.weekday is 'Fri'"),
        ('period = "daily"\ncut_off = "18:00"\nweekday = "friday"', "schedule.weekday is for a weekly period only"),
        ('period = "daily"\ncut_off = "18:00"\nday = 1', "schedule.day is for a monthly period only"),
        ('period = "monthly"\ncut_off = "18:00"', r'schedule.day is missing; .* 1 to 31, or "last business day"'),
        ('period = "monthly"\ncut_off = "18:00"\nday = 32', "schedule.day is 32"),
        ('period = "monthly"\ncut_off = "18:00"\nday = true', "schedule.day is True"),
        (MONTHLY + 'roll = "forward"', "schedule.roll is 'forward'"),
        (MONTHLY + 'method = "net"', "schedule.method is 'net'"),
        (MONTHLY + "payment_days = 91", "schedule.payment_days is 91; it must be a number from 0 to 90"),
        (MONTHLY + "payment_days = 1.5", "schedule.payment_days is 1.5"),
        (MONTHLY + "country = 49", "schedule.country is 49; it must be text"),
        (MONTHLY + 'country = "XX"', "Country XX not available"),
        (MONTHLY + 'extra_days = "2026-12-24"', "schedule.extra_days must be a list"),
        (MONTHLY + 'extra_days = ["24.12.2026"]', "schedule.extra_days has '24.12.2026'"),
        (MONTHLY + "extra_days = [2026-12-24T00:00:00]", "schedule.extra_days has datetime.datetime"),
        (MONTHLY + "cutoff = 1", "schedule.cutoff is no setting. Known: country, cut_off"),
    ],
)
def test_what_cannot_work_is_named(text: str, problem: str) -> None:
    """The setting, what it is, and what it could be."""
    with pytest.raises(ScheduleError, match=problem):
        read_schedule(tomllib.loads(text))


def test_the_service_s_settings_have_the_schedule(tmp_path: Path) -> None:
    """It is a table of settlement.toml; what is wrong with it is told with the file's name."""
    write_config(SettlementConfig.default(tmp_path, "net", "auditor"))
    assert load_config(tmp_path).schedule is None
    file = tmp_path / "settlement.toml"
    plain = file.read_text()
    file.write_text(f"{plain}[schedule]\n{MONTHLY}")
    schedule = load_config(tmp_path).schedule
    assert schedule is not None
    assert schedule.day == 15
    file.write_text(plain + "schedule = 7\n")
    with pytest.raises(ConfigError, match="schedule must be a table"):
        load_config(tmp_path)
    file.write_text(f"{plain}[schedule]\n")
    with pytest.raises(ConfigError, match=r"settlement\.toml: schedule\.period is missing"):
        load_config(tmp_path)
