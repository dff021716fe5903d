"""Entries find their payments, and never another's."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.payments.matching import IdentifiedEntry, Known, Match, Unmatched, identified, match_entry
from settlement.payments.statements import StatementEntry
from settlement.runs.instructions import Happening, Instruction
from settlement.runs.references import creditor_reference

RUN = b"r" * 16
OWN = creditor_reference(RUN, 1)
OUT = creditor_reference(RUN, 2)
BETWEEN = creditor_reference(RUN, 3)
KNOWN = {
    OWN: Known(RUN, Instruction(1, "florist", "operator", 100, OWN, b"", b""), waiting=True),
    OUT: Known(RUN, Instruction(2, "operator", "grocer", 100, OUT, b"", b""), waiting=True),
    BETWEEN: Known(RUN, Instruction(3, "florist", "grocer", 100, BETWEEN, b"", b""), waiting=True),
}
ENTRY = StatementEntry("B1", 100, True, False, "", "2017-02-01", OWN, "", "", "")


def match(entry: StatementEntry, *, repeated: bool = False, waiting: bool = True) -> Match | Unmatched:
    """What an entry of the operator's account is about."""

    def find(reference: str) -> Known | None:
        known = KNOWN.get(reference)
        return None if known is None else replace(known, waiting=waiting)

    return match_entry(IdentifiedEntry(b"e", entry, repeated), "operator", find)


@pytest.mark.parametrize(
    ("reference", "credit", "returned", "expected"),
    [
        (OWN, True, False, Happening.BOOKED),
        (OWN, False, True, Happening.RETURNED),
        (OWN, False, False, Unmatched.WRONG_DIRECTION),
        (OWN, True, True, Unmatched.WRONG_DIRECTION),
        (OUT, False, False, Happening.BOOKED),
        (OUT, True, True, Happening.RETURNED),
        (OUT, True, False, Unmatched.WRONG_DIRECTION),
        (BETWEEN, True, False, Unmatched.WRONG_DIRECTION),
        ("RF18539007547034", True, False, Unmatched.UNKNOWN_REFERENCE),
        ("", True, False, Unmatched.NO_REFERENCE),
        ("INVOICE 7", True, False, Unmatched.UNKNOWN_REFERENCE),
    ],
)
def test_money_has_to_go_the_way_that_the_payment_says(
    reference: str, credit: bool, returned: bool, expected: Happening | Unmatched
) -> None:
    """In for what the operator is owed, out for what it owes, and the other way where a bank says it came back."""
    found = match(replace(ENTRY, end_to_end_id=reference, credit=credit, returned=returned))
    assert (found.happening if isinstance(found, Match) else found) == expected


def test_what_is_doubtful_is_left_to_people() -> None:
    """Two payments in one entry, one that nobody waits for, a repeated entry, and a sum that does not add up."""
    assert match(replace(ENTRY, text=f"also {OUT}")) is Unmatched.SEVERAL_REFERENCES
    assert match(replace(ENTRY, text=f"again {OWN} {OWN.lower()}")) == Match(KNOWN[OWN], Happening.BOOKED)
    assert match(ENTRY, waiting=False) is Unmatched.NOT_WAITING
    assert match(ENTRY, repeated=True) is Unmatched.REPEATED
    assert match(replace(ENTRY, details_differ=True)) is Unmatched.DETAILS_DIFFER
    refused = match(replace(ENTRY, end_to_end_id=OUT, credit=False, rejected=True))
    assert refused == Match(KNOWN[OUT], Happening.REJECTED)
    assert match(replace(ENTRY, credit=False, rejected=True)) is Unmatched.WRONG_DIRECTION


FIELDS = st.sampled_from(["bank_reference", "amount_minor", "credit", "returned", "booked_on"])
ENTRIES = st.builds(
    StatementEntry,
    bank_reference=st.sampled_from(["A", "B", "AB"]),
    amount_minor=st.integers(1, 3),
    credit=st.booleans(),
    returned=st.booleans(),
    return_reason=st.just(""),
    booked_on=st.sampled_from(["2017-01-01", "2017-01-02"]),
    end_to_end_id=st.sampled_from(["", OWN]),
    creditor_reference=st.just(""),
    text=st.sampled_from(["", "x"]),
    counterparty=st.just(""),
)


@given(st.lists(ENTRIES, max_size=12), st.lists(ENTRIES, max_size=12))
def test_ids_tell_entries_apart_and_are_the_same_in_every_file(
    one: list[StatementEntry], other: list[StatementEntry]
) -> None:
    """Within a file no two entries share an id; between files those do that are alike in what banks keep to."""

    def key(entry: StatementEntry) -> tuple[object, ...]:
        return (entry.bank_reference, entry.amount_minor, entry.credit, entry.returned, entry.booked_on)

    first, second = list(identified("1", one)), list(identified("1", other))
    assert len({item.entry_id for item in first}) == len(one)
    assert [item.repeated for item in first] == [key(entry) in map(key, one[:n]) for n, entry in enumerate(one)]
    shared = {item.entry_id for item in first} & {item.entry_id for item in second}
    alike = sum(min(list(map(key, one)).count(each), list(map(key, other)).count(each)) for each in {*map(key, one)})
    assert len(shared) == alike
    assert not {item.entry_id for item in identified("2", one)} & {item.entry_id for item in first}
