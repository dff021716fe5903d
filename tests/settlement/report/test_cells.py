"""Text of others is no formula in a spreadsheet and no command for a terminal."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.report.cells import inert, printable


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\r=1", "  =1", "\n", "a\r=cmd|' /C calc'!A0", "|x", "%x"]
)
def test_formulas_are_text(text: str) -> None:
    """Whatever a spreadsheet would take for one stands behind an apostrophe."""
    assert inert(text) == f"'{text}"


@given(st.text(alphabet=st.characters(categories=["L", "N"]), max_size=20))
def test_other_text_stays(text: str) -> None:
    """Letters and digits are left as they are."""
    assert inert(text) == text
    assert printable(text) == text


@given(st.text())
def test_nothing_begins_a_formula(text: str) -> None:
    """However it is made up."""
    assert not re.match(r"\s*[=+\-@]", inert(text))


def test_terminals_are_not_commanded() -> None:
    """Escape sequences, bells and turned writing are shown as what they are: nothing."""
    assert printable("a\x1b[31mb\x07\u202ec\n") == "a\ufffd[31mb\ufffd\ufffdc\ufffd"
