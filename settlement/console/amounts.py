"""Figures as the pages write them: thousands set off, a true minus sign, nothing rounded that is not said to be."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Final

from settlement.report.money import MICRO_DIGITS, decimal_text

_MINUS: Final = "\N{MINUS SIGN}"
_NONE: Final = "–"
#: A percent has a hundred basis points.
_BPS_DIGITS: Final = 2


def points_text(points: int) -> str:
    """`1,234`. A hyphen before figures is passed over by screen readers, so a minus sign stands there."""
    return f"{points:,}".replace("-", _MINUS)


def minor_text(amount_minor: int, exponent: int) -> str:
    """Minor units as units of the currency: `1,234.50`."""
    return _grouped(decimal_text(amount_minor, exponent))


def exact_text(amount_micros: int) -> str:
    """Micro-units as units of the currency, with all six digits, so that a column's points stand below each other."""
    return _grouped(decimal_text(amount_micros, MICRO_DIGITS))


def rounded_text(amount_micros: int, exponent: int) -> str:
    """Micro-units rounded half away from zero to the minor unit, where there is no room for all digits."""
    unit = 10 ** (MICRO_DIGITS - exponent)
    minor = (abs(amount_micros) + unit // 2) // unit
    return minor_text(-minor if amount_micros < 0 else minor, exponent)


def figure_text(name: str, value: int, currency: str, exponent: int) -> str:
    """A figure whose name ends in its unit, `share_bps`: `share 88.19 %`. Units that people know stay in the name.

    Amounts are in the currency, whose minor unit has so many digits.
    """
    words, _, unit = name.rpartition("_")
    if unit == "micros":
        return f"{words.replace('_', ' ')} {exact_text(value)} {currency}"
    if unit == "minor":
        return f"{words.replace('_', ' ')} {minor_text(value, exponent)} {currency}"
    if unit == "bps":
        return f"{words.replace('_', ' ')} {minor_text(value, _BPS_DIGITS)} %"
    return f"{name.replace('_', ' ')} {points_text(value)}"


def share_text(part: int, whole: int) -> str:
    """`81 %`; a dash of nothing. Rounded down, so that 100 % is all."""
    return f"{100 * part // whole} %" if whole > 0 else _NONE


def moment_text(moment: datetime | None) -> str:
    """`2025-01-31 23:59 UTC`; a dash for never."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC") if moment else _NONE


def day_text(day: date | datetime | None) -> str:
    """`2025-01-31`; a dash for never."""
    if isinstance(day, datetime):
        day = day.astimezone(UTC).date()
    return day.isoformat() if day else _NONE


def count_text(count: int, one: str, many: str) -> str:
    """`1 payment`, `12 payments`."""
    return f"{count:,} {one if count == 1 else many}"


def _grouped(text: str) -> str:
    sign, digits = (_MINUS, text[1:]) if text.startswith("-") else ("", text)
    whole, point, fraction = digits.partition(".")
    return f"{sign}{int(whole):,}{point}{fraction}"
