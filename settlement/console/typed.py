"""What people type: amounts and numbers."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Final

from settlement.report.money import MICRO_DIGITS

_MOST: Final = Decimal(10**12)


def amount_micros(text: str) -> int:
    """Units of the currency with at most six decimals, `12.50`, as micro-units. Raises ValueError with what is wrong.

    A comma could mean thousands to one person and cents to another, so it is not taken.
    """
    wrong = f"{text!r} is not an amount such as 12.50: digits, and a point before at most {MICRO_DIGITS} decimals."
    if not text.isascii() or set(text) - set("0123456789."):
        raise ValueError(wrong)
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise ValueError(wrong) from None
    micros = amount.scaleb(MICRO_DIGITS)
    if amount > _MOST or micros != int(micros):
        raise ValueError(wrong)
    return int(micros)


def whole_number(text: str) -> int:
    """A number of points. Raises ValueError with what is wrong."""
    if not (text.isascii() and text.isdecimal()) or len(text) > 15:
        raise ValueError(f"{text!r} is not a whole number.")
    return int(text)
