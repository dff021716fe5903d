"""Deferred revenue, against the example that comes with the standard."""

from __future__ import annotations

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
