"""What people type."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.console.typed import amount_micros, whole_number


@given(st.integers(0, 10**15))
def test_amounts_are_read_exactly(micros: int) -> None:
    """However many of the six decimals are written."""
    text = f"{Decimal(micros) / 10**6:f}"
    assert amount_micros(text) == micros


@pytest.mark.parametrize("text", ["", "1,50", "1.0000001", "-1", "1e3", "ten", ".", "1.2.3", "٣", "9999999999999"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    """Nothing is guessed: a comma means different things to different people."""
    with pytest.raises(ValueError, match="is not an amount"):
        amount_micros(text)


@pytest.mark.parametrize("text", ["", "-1", "1.5", "1 000", "²", "9" * 16])
def test_what_is_no_number_is_refused(text: str) -> None:
    """Points are whole."""
    with pytest.raises(ValueError, match="is not a whole number"):
        whole_number(text)


def test_whole_numbers_are_read() -> None:
    """Digits and nothing else."""
    assert whole_number("1200") == 1_200
