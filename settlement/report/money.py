"""Amounts as people write them. Exact: no number passes through a float."""

from __future__ import annotations

from typing import Final

MICRO_DIGITS: Final = 6


def decimal_text(amount: int, digits: int) -> str:
    """`-12.34` for -1234 and 2 digits; `1234` for no digits."""
    sign, text = "-" if amount < 0 else "", str(abs(amount)).rjust(digits + 1, "0")
    return f"{sign}{text[:-digits]}.{text[-digits:]}" if digits else f"{sign}{text}"


def micros_text(amount_micros: int) -> str:
    """Micro-units as units of the currency, with all six digits: `0.123456`."""
    return decimal_text(amount_micros, MICRO_DIGITS)
