"""Netting and rounding: nothing is lost, nothing is made."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from settlement.clearing.netting import bilateral, multilateral, together
from settlement.clearing.obligations import Owed, Pair
from settlement.clearing.rounding import Position, round_positions

NAMES = ("ash", "birch", "cedar", "dogwood", "elm", "fir", "ginkgo")
PAIRS = st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)).filter(lambda pair: pair[0] != pair[1])
OWED = st.dictionaries(
    PAIRS.map(lambda pair: Pair(*pair)),
    st.builds(Owed, st.integers(0, 10**9), st.integers(0, 10**12)),
    max_size=30,
)
MINOR = st.sampled_from([10**2, 10**3, 10**4, 10**5, 10**6])


@given(OWED)
def test_bilateral_nets_equal_the_gross(owed: dict[Pair, Owed]) -> None:
    """Each two parties appear once, and what one owes the other is the difference of what was owed both ways."""
    netted = bilateral(owed)
    assert {frozenset(pair) for pair in netted} == {frozenset(pair) for pair in owed}
    assert len(netted) == len({frozenset(pair) for pair in netted})
    nothing = Owed(0, 0)
    for pair, net in netted.items():
        there, back = owed.get(pair, nothing), owed.get(Pair(pair.creditor, pair.debtor), nothing)
        assert net == Owed(there.points - back.points, there.amount_micros - back.amount_micros)
        assert net.amount_micros > 0 or (net.amount_micros == 0 and pair.debtor < pair.creditor)


@given(OWED)
def test_multilateral_nets_equal_the_gross_and_sum_to_zero(owed: dict[Pair, Owed]) -> None:
    """A party's position is all that it is owed less all that it owes, also when computed from bilateral nets."""
    net = multilateral(owed)
    assert sum(net.values()) == 0
    assert net == multilateral(bilateral(owed))
    for party_id, amount in net.items():
        receives = sum(part.amount_micros for pair, part in owed.items() if pair.creditor == party_id)
        pays = sum(part.amount_micros for pair, part in owed.items() if pair.debtor == party_id)
        assert amount == receives - pays


@given(st.lists(OWED, max_size=5))
def test_windows_net_together_as_they_net_apart(windows: list[dict[Pair, Owed]]) -> None:
    """Settling several windows at once pays each party the sum of its positions in them."""
    apart: dict[str, int] = {}
    for owed in windows:
        for party_id, amount in multilateral(owed).items():
            apart[party_id] = apart.get(party_id, 0) + amount
    assert multilateral(together(windows)) == apart


@given(st.lists(OWED, min_size=1, max_size=8), MINOR)
def test_remainders_are_small_and_carried_for_ever_exactly(windows: list[dict[Pair, Owed]], minor: int) -> None:
    """Run after run, payments sum to zero, remainders stay below one minor unit, and nothing is ever lost."""
    carried: dict[str, int] = {}
    paid: dict[str, int] = dict.fromkeys(NAMES, 0)
    exact: dict[str, int] = dict.fromkeys(NAMES, 0)
    for owed in windows:
        positions = round_positions(multilateral(owed), carried, minor)
        assert [position.party_id for position in positions] == sorted({*multilateral(owed), *carried})
        assert sum(position.payable_minor for position in positions) == 0
        assert sum(position.carried_out_micros for position in positions) == 0
        for position in positions:
            assert abs(position.carried_out_micros) < minor
            assert position.carried_in_micros == carried.get(position.party_id, 0)
            paid[position.party_id] += position.payable_minor
            exact[position.party_id] += position.amount_micros
        carried = {position.party_id: position.carried_out_micros for position in positions}
    for party_id in NAMES:
        assert exact[party_id] == paid[party_id] * minor + carried.get(party_id, 0)


@given(OWED, MINOR, st.randoms())
def test_rounding_does_not_depend_on_order(owed: dict[Pair, Owed], minor: int, chance: random.Random) -> None:
    """The same positions in another order are rounded alike."""
    amounts = multilateral(owed)
    shuffled = list(amounts.items())
    chance.shuffle(shuffled)
    assert round_positions(dict(shuffled), {}, minor) == round_positions(amounts, {}, minor)


@given(OWED, MINOR)
def test_whole_minor_units_are_not_touched(owed: dict[Pair, Owed], minor: int) -> None:
    """What needs no rounding is paid as it is."""
    amounts = {party_id: amount * minor for party_id, amount in multilateral(owed).items()}
    for position in round_positions(amounts, {}, minor):
        assert position.payable_minor * minor == position.amount_micros
        assert position.carried_out_micros == 0


def test_largest_remainders_are_served_first_and_ties_go_by_party_id() -> None:
    """Of three thirds of a cent owed by one party, the first two creditors by id are served."""
    amounts = {"ash": -20_001, "birch": 6_667, "cedar": 6_667, "dogwood": 6_667}
    assert round_positions(amounts, {}, 10_000) == (
        Position("ash", -20_001, 0, -2, -1),
        Position("birch", 6_667, 0, 1, -3_333),
        Position("cedar", 6_667, 0, 1, -3_333),
        Position("dogwood", 6_667, 0, 0, 6_667),
    )


def test_what_was_carried_is_paid_later() -> None:
    """Remainders alone can make a payment, also for a party without new business."""
    carried = {"ash": -9_999, "birch": 9_999}
    assert round_positions({"ash": -1, "birch": 1}, carried, 10_000) == (
        Position("ash", -1, -9_999, -1, 0),
        Position("birch", 1, 9_999, 1, 0),
    )
    assert round_positions({}, {"ash": -6_000, "birch": 6_000}, 10_000) == (
        Position("ash", 0, -6_000, -1, 4_000),
        Position("birch", 0, 6_000, 1, -4_000),
    )
