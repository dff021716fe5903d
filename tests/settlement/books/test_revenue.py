"""Deferred revenue, against the example that comes with the standard."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import example, given
from hypothesis import strategies as st

from settlement.books.cohorts import Tally
from settlement.books.estimates import Estimate
from settlement.books.revenue import Account, Deferral, allocated, selling_price

UNIT = 1_000_000


def test_example_52_of_ifrs_15() -> None:
    """IE267-IE270: for goods of 100,000 with 10,000 points worth 1, of which 9,500 are expected to be redeemed, 8,676
    are deferred. 4,500 redeemed points recognise 4,110; 4,000 more, with 9,700 expected by then, another 3,493."""
    estimate = Estimate("retailer", 36, "2017-01", 9, 950_000, 0, 950_000, (), "")
    worth = selling_price(10_000, UNIT, estimate)
    deferred = allocated(100_000 * UNIT, worth)
    assert (worth, round(deferred / UNIT)) == (9_500 * UNIT, 8_676)
    account = Account()
    start, first = Tally(), Tally(issued=10_000, redeemed=4_500)
    year = account.close(start, first, 9_500 - 4_500, deferred, 0, 0)
    assert round((year.recognised_micros + year.breakage_micros) / UNIT) == 4_110
    second = Tally(issued=10_000, redeemed=8_500)
    year = account.close(first, second, 9_700 - 8_500, 0, 0, 0)
    assert round((year.recognised_micros + year.breakage_micros) / UNIT) == 3_493
    third = Tally(issued=10_000, redeemed=8_500, expired=1_500)
    rest = account.close(second, third, 0, 0, 0, 0)
    assert rest.closing_micros == account.deferred_micros == 0
    assert account.total.recognised_micros + account.total.breakage_micros == deferred


def test_nothing_is_deferred_for_nothing() -> None:
    """Where neither a price nor a value is there, there is no share."""
    assert allocated(0, 0) == 0
    assert Account().close(Tally(), Tally(), 0, 0, 0, 0) == Deferral()


#: In one window: points redeemed, points donated, and how many of the rest are expected to be used, in per cent.
Moved = tuple[int, int, int]


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 400), st.integers(0, 100)), max_size=6))
@example([(0, 500, 0), (0, 0, 100)])
@example([(500, 10, 0), (0, 100, 100)])
def test_no_more_is_deferred_than_was_allocated(windows: list[Moved]) -> None:
    """In a cohort and for the points that were donated out of it together, whatever is estimated on the way; and
    donated points stay deferred in full."""
    cohort, never = Account(), Account()
    before, lifted = Tally(), Tally()
    after = Tally(issued=1_000)
    allocated_micros = 1_000 * UNIT
    cohort.close(before, after, 1_000, allocated_micros, 0, 0)
    for redeemed, donated, expected in windows:
        redeemed = min(redeemed, after.outstanding)
        donated = min(donated, after.outstanding - redeemed)
        before, after = after, replace(after, redeemed=after.redeemed + redeemed, donated=after.donated + donated)
        moved = cohort.close(before, after, after.outstanding * expected // 100, 0, 0, 0)
        received = replace(lifted, received=lifted.received + donated)
        never.close(lifted, received, received.outstanding, 0, 0, moved.donated_micros)
        lifted = received
        assert cohort.deferred_micros >= 0
        assert cohort.deferred_micros + never.deferred_micros <= allocated_micros
        assert never.deferred_micros == cohort.total.donated_micros


def test_what_is_taken_back_is_a_part_of_what_was_not_donated() -> None:
    """When 400 of 1,000 points were donated and all others are taken back, nothing stays deferred, nor is revenue."""
    account = Account()
    issued, donated = Tally(issued=1_000), Tally(issued=1_000, donated=400)
    account.close(Tally(), issued, 1_000, 0, 1_000 * UNIT, 0)
    assert account.close(issued, donated, 600, 0, 0, 0).donated_micros == 400 * UNIT
    moved = account.close(donated, replace(donated, issue_reversed=600), 0, 0, 0, 0)
    assert moved == Deferral(opening_micros=600 * UNIT, cancelled_micros=600 * UNIT)
