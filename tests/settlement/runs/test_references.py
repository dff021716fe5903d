"""References of payments: unique, checkable, and found in what people and banks make of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import iso11649

from settlement.runs.references import INSTRUCTIONS_MAX, creditor_reference, references_in

RUNS = st.binary(min_size=16, max_size=16)
NUMBERS = st.integers(1, INSTRUCTIONS_MAX)
OURS = creditor_reference(b"\x01" * 16, 42)


@given(RUNS, NUMBERS, RUNS, NUMBERS)
def test_every_instruction_has_its_own(run: bytes, number: int, other_run: bytes, other: int) -> None:
    """Valid by ISO 11649, short enough for an end-to-end id, and the same only for the same instruction."""
    reference = creditor_reference(run, number)
    assert iso11649.is_valid(reference)
    assert len(reference) <= 25
    again = creditor_reference(other_run, other)
    assert (reference == again) == ((run, number) == (other_run, other))


@given(RUNS, NUMBERS, st.text(max_size=20), st.text(max_size=20))
def test_reference_is_found_in_any_text(run: bytes, number: int, before: str, after: str) -> None:
    """Whatever stands before and after it."""
    reference = creditor_reference(run, number)
    assert reference in set(references_in(f"{before} {reference} {after}"))


@pytest.mark.parametrize(
    "text",
    [
        OURS,
        OURS.lower(),
        iso11649.format(OURS),
        f"Invoice/{OURS}/thanks",
        f"RF{OURS}",
        f"RF99{OURS}",
        f"{OURS[:7]}\n{OURS[7:]}",
        "-".join(OURS[start : start + 4] for start in range(0, len(OURS), 4)),
        f"+++{OURS}+++",
    ],
)
def test_reference_is_found_as_people_write_it(text: str) -> None:
    """In groups, in lower case, broken over lines, and behind what looks like the beginning of another."""
    assert OURS in set(references_in(text))


@pytest.mark.parametrize("text", ["", "RF", OURS[:-1], OURS[:-1] + "9", "R" + OURS[2:], "\N{FULLWIDTH DIGIT ONE}" * 19])
def test_what_is_no_reference_is_not_taken_for_one(text: str) -> None:
    """Cut off, mistyped, or something else."""
    assert OURS not in set(references_in(text))
