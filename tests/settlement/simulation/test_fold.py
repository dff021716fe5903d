"""A simulation comes to what the journal would have come to, had it been written under the other terms."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.clearing.books import Books, recompute
from settlement.clearing.netting import multilateral
from settlement.clearing.obligations import owed_in
from settlement.clearing.rates import Rates
from settlement.clearing.totals import Key, Sum, Totals, held_change
from settlement.simulation.fold import Fold, margin_of
from settlement.simulation.supposition import Supposition, supposing
from tests.settlement.journals import OPERATOR, coalition_of_three
from tests.settlement.simulation.written import Written, supposition_of, write

seeds = st.integers(0, 10**6)
days = st.sampled_from(("0001-01-01", "2017-01-03", "2017-01-09", "2017-01-20"))


def simulated(written: Written, supposition: Supposition, step: int = 10**6) -> Mapping[int, Mapping[Key, Sum]]:
    """The sums of every window of a journal in which something was moved, under a supposition."""
    entries = written.entries
    fold = Fold(supposition, range(1, written.journal.window + 1))
    for start in range(0, len(entries), step):
        fold.take(entries[start : start + step])
    return {number: totals.sums for number, totals in fold.totals().items() if totals.sums}


def sums(books: Books) -> Mapping[int, Mapping[Key, Sum]]:
    """The sums of every window in which something was moved."""
    return {number: totals.sums for number, totals in books.totals.items() if totals.sums}


@given(seeds, seeds)
def test_terms_that_were_in_force_change_nothing(seed: int, offers: int) -> None:
    """Supposing what the journal says comes to what it came to, to the millionth; so does supposing nothing."""
    written = write(seed, 60, offers, offers)
    expected = sums(recompute(written.entries))

    assert simulated(written, supposition_of(written, written.directory)) == expected
    assert simulated(written, Supposition()) == expected


@given(seeds, seeds, seeds, days, st.integers(1, 50))
def test_a_simulation_is_the_journal_of_the_other_terms(
    seed: int, first: int, later: int, from_day: str, step: int
) -> None:
    """The same business written under other terms from a day on, and replayed, comes to the same in every window."""
    written = write(seed, 60, first, first)
    other = write(seed, 60, first, later, from_day)
    assert len(written.entries) == len(other.entries)

    supposition = supposition_of(other, written.directory, from_day)

    assert simulated(written, supposition, step) == sums(recompute(other.entries))


@given(seeds, seeds)
def test_what_the_operator_earns_and_holds_is_what_it_receives(seed: int, offers: int) -> None:
    """Over all windows: its net position, without corrections, is its margin and what it holds in the end."""
    books = recompute(write(seed, 60, offers, offers).entries)
    received = 0
    for totals in books.totals.values():
        earned = Totals({key: total for key, total in totals.sums.items() if key.kind.name != "OBLIGATION"})
        net = multilateral(owed_in(earned, OPERATOR)).get(OPERATOR, 0)
        held = sum(held_change(key, total) for key, total in earned.sums.items())
        assert margin_of(totals, OPERATOR) == net - held
        received += net
    margin = sum(margin_of(totals, OPERATOR) for totals in books.totals.values())
    assert received == margin + sum(pool.held_micros for pool in books.pools.values())


@pytest.mark.parametrize("prefunded_bps", [0, 3_000, 10_000])
def test_when_an_issuer_pays_does_not_change_the_margin(prefunded_bps: int) -> None:
    """Price less reimbursement for what was redeemed elsewhere, and the fee for all; nothing for what expired."""
    journal = coalition_of_three()
    journal.terms(
        "grocer",
        "2017-01-02",
        price_micros=10_000,
        reimbursement_micros=9_000,
        issue_fee_micros=300,
        prefunded_bps=prefunded_bps,
    )
    journal.issue("grocer", 1_000)
    journal.redeem("florist", {"grocer": 600})
    journal.redeem("grocer", {"grocer": 100})
    journal.expire({"grocer": 300})
    journal.owe("grocer", OPERATOR, 77)

    margin = margin_of(recompute(journal.entries).totals[1], OPERATOR)

    assert margin == 600 * (10_000 - 8_000) + 1_000 * 300


def rate(price: int) -> Rates:
    return Rates(price, 0, 0, 0)


def test_a_rule_takes_the_place_of_what_held_then() -> None:
    """From its day on, and until the next; before the first, what was said holds. It counts from its entry on."""
    journal = coalition_of_three()
    journal.at("2017-01-10")
    journal.terms("grocer", "2017-02-01", price_micros=20_000)
    journal.terms("grocer", "2017-03-01", price_micros=30_000)
    history = Written(journal).directory.terms["grocer"]
    first, second, third = (version.sequence for version in history.versions)

    other = supposing(history, [("2017-02-10", rate(2)), ("2017-03-01", rate(3)), ("2017-01-15", rate(1))])

    in_force = {
        day: (found.price if (found := other.in_force(day, 10**6)) else None)
        for day in ("2016-12-31", "2017-01-14", "2017-01-15", "2017-02-09", "2017-02-10", "2017-02-28", "2017-03-01")
    }
    assert list(in_force.values()) == [None, 10_000, 1, 1, 2, 2, 3]
    assert [version.sequence for version in other.versions] == [first, first, second, third]
    since_ever = supposing(history, [("2016-01-01", rate(9))])
    assert [(version.effective_on, version.sequence) for version in since_ever.versions] == [("2016-01-01", first)]
    assert since_ever.in_force("2017-02-01", first) is None
