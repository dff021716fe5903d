"""Figures and moments as people read them."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from partner_sdk.statement import StatementPeriod, decimal_of
from settlement.statements.table import Cell, Column, Kind
from settlement.statements.words import words_of

_MICRO_DIGITS: Final = 6
_BREAK: Final = "\N{ZERO WIDTH SPACE}"
_LONG_WORD: Final = re.compile(r"\S{20,}")
_EIGHT: Final = re.compile(r".{1,8}")
_MINUS: Final = "−"

#: A figure: what one reads, and digits beyond the minor unit.
Figure = tuple[str, str]


class Layout:
    """Writes the figures of one statement."""

    def __init__(self, period: StatementPeriod) -> None:
        self.period: Final = period
        self._zone = ZoneInfo(period.time_zone)

    def day(self, moment: datetime) -> str:
        """`31 January 2017`, in the network's time zone."""
        return day_text(moment.astimezone(self._zone).date())

    def moment(self, moment: datetime) -> str:
        """`2017-01-31 23:59:59`, in the network's time zone."""
        return f"{moment.astimezone(self._zone):%Y-%m-%d %H:%M:%S}"

    def micros(self, amount: int) -> Figure:
        """An exact amount, what lies beyond the minor unit apart."""
        whole, _, fraction = decimal_of(abs(amount), _MICRO_DIGITS).partition(".")
        minor = self.period.currency_exponent
        text = f"{int(whole):,}" + (f".{fraction[:minor]}" if minor else "")
        rest = fraction[minor:]
        sign = _MINUS if amount < 0 else ""
        return sign + text, rest if minor or not rest else f".{rest}"

    def minor(self, amount: int) -> str:
        """A payable amount."""
        whole, point, fraction = decimal_of(abs(amount), self.period.currency_exponent).partition(".")
        return f"{_MINUS if amount < 0 else ''}{int(whole):,}{point}{fraction}"

    def cell(self, column: Column, value: Cell) -> str | Figure:
        """What stands in a table."""
        if value is None or value == "":
            return "–"
        match column.kind:
            case Kind.CODE:
                return words_of(str(value))
            case Kind.MICROS:
                assert isinstance(value, int)
                return self.micros(value)
            case Kind.MINOR:
                assert isinstance(value, int)
                return self.minor(value)
            case Kind.POINTS:
                assert isinstance(value, int)
                return f"{value:,}".replace("-", _MINUS)
            case Kind.RATE:
                assert isinstance(value, int)
                return f"{decimal_of(value, 2)} %"
            case Kind.MOMENT:
                assert isinstance(value, datetime)
                return self.moment(value)
            case _:
                return str(value)


def day_text(day: date) -> str:
    """`31 January 2017`."""
    return f"{day.day} {day:%B %Y}"


def breakable(name: str) -> str:
    """A name whose long words may be broken anywhere, with nothing to be seen of it."""
    return _LONG_WORD.sub(lambda word: _BREAK.join(_EIGHT.findall(word[0])), name)


def in_fours(text: str) -> str:
    """Long codes in groups of four, so that they can be compared and may be broken."""
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))
