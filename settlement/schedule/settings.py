"""The schedule in `settlement.toml`: the table `[schedule]`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Any, Final, TypeVar

from coalition.calendar import parse_day
from settlement.schedule.business_days import BusinessCalendar, Roll, UnknownCalendar
from settlement.schedule.rule import Method, Period, Schedule

#: Payments are due at most so many business days after a closing.
PAYMENT_DAYS_MAX: Final = 90
_EXTRA_DAYS_MAX: Final = 1_000
_LAST: Final = "last business day"
_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_CUT_OFF: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_SETTINGS: Final = frozenset(
    {
        *("period", "weekday", "day", "cut_off", "roll", "method", "payment_days"),
        *("country", "subdivision", "market", "extra_days"),
    }
)

E = TypeVar("E", bound=StrEnum)


class ScheduleError(ValueError):
    """A setting of the schedule that cannot work. The text names it and says what can."""


def read_schedule(table: Mapping[str, Any]) -> Schedule:
    """The schedule that the table describes. Raises ScheduleError.

    `period` and `cut_off` (`18:00`, in the network's time zone) are needed; `weekday` with a weekly period, `day` (1 to
    31, or `last business day`) with a monthly one.
    """
    for name in sorted(table.keys() - _SETTINGS):
        raise ScheduleError(f"schedule.{name} is no setting. Known: {', '.join(sorted(_SETTINGS))}.")
    period = _word(table, Period, "period", None)
    calendar = BusinessCalendar(
        country=_text(table, "country"),
        subdivision=_text(table, "subdivision"),
        market=_text(table, "market"),
        extra_days=_extra_days(table.get("extra_days", [])),
    )
    try:
        calendar.check()
    except UnknownCalendar as error:
        raise ScheduleError(f"schedule: {error}") from error
    return Schedule(
        period=period,
        cut_off_min=_cut_off(table.get("cut_off")),
        weekday=_weekday(table, period),
        day=_day(table, period),
        roll=_word(table, Roll, "roll", Roll.NONE),
        calendar=calendar,
        method=_word(table, Method, "method", Method.MULTILATERAL),
        payment_days=_number(table, "payment_days", 0, PAYMENT_DAYS_MAX, 0),
    )


def words_of(schedule: Schedule) -> dict[str, Any]:
    """The schedule in the words of its table, by the names of ScheduleTerms of the protocol."""
    calendar = schedule.calendar
    parts = (calendar.country, calendar.subdivision) if calendar.country else (calendar.market,)
    monthly = _LAST if schedule.day is None else str(schedule.day)
    return {
        "period": schedule.period.value,
        "weekday": _WEEKDAYS[schedule.weekday] if schedule.period is Period.WEEKLY else "",
        "day": monthly if schedule.period is Period.MONTHLY else "",
        "cut_off": f"{schedule.cut_off_min // 60:02}:{schedule.cut_off_min % 60:02}",
        "roll": schedule.roll.value,
        "calendar": "-".join(filter(None, parts)),
        "method": schedule.method.value,
        "payment_days": schedule.payment_days,
    }


def _text(table: Mapping[str, Any], name: str) -> str:
    value = table.get(name, "")
    if not isinstance(value, str):
        raise ScheduleError(f"schedule.{name} is {value!r}; it must be text.")
    return value


def _word(table: Mapping[str, Any], words: type[E], name: str, default: E | None) -> E:
    value = table.get(name, default)
    try:
        return words(value)
    except ValueError:
        known = ", ".join(words)
        found = "is missing" if value is None else f"is {value!r}"
        raise ScheduleError(f"schedule.{name} {found}; it must be one of: {known}.") from None


def _number(table: Mapping[str, Any], name: str, least: int, most: int, default: int | None) -> int:
    value = table.get(name, default)
    # TOML's true is Python's, and that is a 1.
    if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
        return value
    found = "is missing" if value is None else f"is {value!r}"
    raise ScheduleError(f"schedule.{name} {found}; it must be a number from {least} to {most}.")


def _cut_off(value: object) -> int:
    found = _CUT_OFF.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        shown = "is missing" if value is None else f"is {value!r}"
        raise ScheduleError(f'schedule.cut_off {shown}; it must be a time of day such as "18:00".')
    return int(found[1]) * 60 + int(found[2])


def _weekday(table: Mapping[str, Any], period: Period) -> int:
    value = table.get("weekday")
    if period is not Period.WEEKLY:
        _require_absent(value, "weekday", Period.WEEKLY)
        return 0
    if value not in _WEEKDAYS:
        shown = "is missing" if value is None else f"is {value!r}"
        raise ScheduleError(f"schedule.weekday {shown}; it must be one of: {', '.join(_WEEKDAYS)}.")
    return _WEEKDAYS.index(value)


def _day(table: Mapping[str, Any], period: Period) -> int | None:
    value = table.get("day")
    if period is not Period.MONTHLY:
        _require_absent(value, "day", Period.MONTHLY)
        return None
    if value == _LAST:
        return None
    try:
        return _number(table, "day", 1, 31, None)
    except ScheduleError as error:
        raise ScheduleError(str(error).removesuffix(".") + f', or "{_LAST}".') from None


def _require_absent(value: object, name: str, period: Period) -> None:
    if value is not None:
        raise ScheduleError(f"schedule.{name} is for a {period} period only.")


def _extra_days(values: object) -> frozenset[date]:
    if not isinstance(values, list) or len(values) > _EXTRA_DAYS_MAX:
        raise ScheduleError(f"schedule.extra_days must be a list of at most {_EXTRA_DAYS_MAX} dates.")
    return frozenset(map(_date, values))


def _date(value: object) -> date:
    # A date of TOML's own is one; a moment is one too, to Python.
    if type(value) is date:
        return value
    try:
        return parse_day(value if isinstance(value, str) else "")
    except ValueError:
        raise ScheduleError(f"schedule.extra_days has {value!r}; it must be a date such as 2026-12-24.") from None
