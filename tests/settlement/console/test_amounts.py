"""Figures as the pages write them."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.console.amounts import (
    count_text,
    exact_text,
    figure_text,
    minor_text,
    points_text,
    rounded_text,
    share_text,
)

AMOUNTS = st.integers(-(10**15), 10**15)


def number(text: str) -> Decimal:
    """What a text says."""
    return Decimal(text.replace(",", "").replace("−", "-"))


@given(AMOUNTS)
def test_exact_amounts_keep_every_digit(amount: int) -> None:
    """Six digits after the point, which say exactly the amount."""
    assert number(exact_text(amount)) == Decimal(amount) / 10**6
    assert len(exact_text(amount).partition(".")[2]) == 6


@given(AMOUNTS, st.sampled_from([0, 2, 3, 6]))
def test_rounded_amounts_are_the_nearest(amount: int, exponent: int) -> None:
    """Half away from zero, to the currency's own digits."""
    expected = (Decimal(amount) / 10**6).quantize(Decimal(1).scaleb(-exponent), ROUND_HALF_UP)
    assert number(rounded_text(amount, exponent)) == expected


@given(AMOUNTS)
def test_minor_units_and_points(amount: int) -> None:
    """Thousands are set off, and nothing else changes."""
    assert number(minor_text(amount, 2)) == Decimal(amount) / 100
    assert number(points_text(amount)) == amount


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (exact_text(-1_234_567_890), "−1,234.567890"),
        (minor_text(-5, 2), "−0.05"),
        (minor_text(1_234, 0), "1,234"),
        (rounded_text(5_000, 2), "0.01"),
        (rounded_text(-4_999, 2), "0.00"),
        (share_text(1, 3), "33 %"),
        (share_text(0, 0), "–"),
        (figure_text("share_bps", 8_819, "EUR", 2), "share 88.19 %"),
        (figure_text("owed_micros", 16_884_350, "EUR", 2), "owed 16.884350 EUR"),
        (figure_text("outstanding_points", 1_200, "EUR", 2), "outstanding points 1,200"),
        (figure_text("unpaid_minor", 123_450, "EUR", 2), "unpaid 1,234.50 EUR"),
        (figure_text("unpaid_minor", 1_234, "JPY", 0), "unpaid 1,234 JPY"),
        (count_text(1, "payment", "payments"), "1 payment"),
        (count_text(1_000, "payment", "payments"), "1,000 payments"),
    ],
)
def test_texts(text: str, expected: str) -> None:
    """A minus sign instead of a hyphen, no minus before nothing."""
    assert text == expected
