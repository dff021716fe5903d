"""Each method pays what is owed: nothing is lost, nothing is made, and what rounding leaves is small and carried."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.clearing.obligations import Pair
from settlement.runs.carried import Carried, Why, merged, net_of, rest_of
from settlement.runs.methods import Method, Payable, Settlement, settle

OPERATOR = "operator"
NAMES = ("ash", "birch", "cedar", "dogwood", OPERATOR)
PAIRS = st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)).filter(lambda pair: pair[0] != pair[1])
OWED = st.dictionaries(PAIRS.map(lambda pair: Pair(*pair)), st.integers(0, 10**7), max_size=12)
CARRIED = st.lists(
    st.builds(
        lambda pair, micros, why: Carried(*pair, micros, why), PAIRS, st.integers(1, 10**6), st.sampled_from(Why)
    ),
    max_size=6,
).map(merged)
MINOR = st.sampled_from([10**3, 10**4, 10**6])
METHODS = st.sampled_from(Method)


def paid(settlement: Settlement) -> Counter[str]:
    """What every party receives by payments less what it pays, in minor units."""
    net: Counter[str] = Counter()
    for payment in settlement.payments:
        net[payment.payee] += payment.amount_minor
        net[payment.payer] -= payment.amount_minor
    return net


@given(METHODS, OWED, CARRIED, MINOR)
def test_payments_and_remainders_are_all_that_is_owed(
    method: Method, owed: dict[Pair, int], carried_in: tuple[Carried, ...], minor: int
) -> None:
    """For every party, what it is owed is what it is paid and what it is still owed, to the millionth."""
    settlement = settle(method, owed, carried_in, OPERATOR, minor)
    due: Counter[str] = Counter(net_of(carried_in))
    for pair, micros in owed.items():
        due[pair.creditor] += micros
        due[pair.debtor] -= micros
    received, left = paid(settlement), net_of(settlement.rounding)
    for party_id in NAMES:
        assert due[party_id] == received[party_id] * minor + left.get(party_id, 0)
    for position in settlement.positions:
        assert position.payable_minor == received[position.party_id]
        assert position.carried_out_micros == left.get(position.party_id, 0)
        assert position.amount_micros + position.carried_in_micros == due[position.party_id]
    for figure in ("amount_micros", "carried_in_micros", "payable_minor", "carried_out_micros"):
        assert sum(getattr(position, figure) for position in settlement.positions) == 0


@given(METHODS, OWED, CARRIED, MINOR)
def test_payments_are_few_and_remainders_small(
    method: Method, owed: dict[Pair, int], carried_in: tuple[Carried, ...], minor: int
) -> None:
    """Nobody is paid nothing, nor by two payments of one kind; each remainder is less than one minor unit."""
    settlement = settle(method, owed, carried_in, OPERATOR, minor)
    pairs = [payment[:2] for payment in settlement.payments]
    assert pairs == sorted(set(pairs))
    assert all(payment.amount_minor >= 1 for payment in settlement.payments)
    assert all(1 <= item.micros < minor and item.why is Why.ROUNDING for item in settlement.rounding)
    assert list(settlement.rounding) == sorted(settlement.rounding)
    between = {frozenset(pair) for pair in pairs} | {frozenset(item[:2]) for item in settlement.rounding}
    match method:
        case Method.MULTILATERAL:
            assert len(pairs) == len({frozenset(pair) for pair in pairs})
            assert all(OPERATOR in pair for pair in between)
        case Method.BILATERAL:
            assert len(pairs) == len({frozenset(pair) for pair in pairs})
        case Method.GROSS:
            assert set(pairs) <= {*owed, *(item[:2] for item in carried_in)}


@given(OWED, MINOR)
def test_between_two_the_remainder_stays_between_them(owed: dict[Pair, int], minor: int) -> None:
    """Where each debtor pays each creditor, what a pair pays and what it carries is what it owes."""
    gross = settle(Method.GROSS, owed, (), OPERATOR, minor)
    due = Counter({(payment.payer, payment.payee): payment.amount_minor * minor for payment in gross.payments})
    due.update({(item.debtor, item.creditor): item.micros for item in gross.rounding})
    assert due == Counter({tuple(pair): micros for pair, micros in owed.items() if micros})
    bilateral = settle(Method.BILATERAL, owed, (), OPERATOR, minor)
    net = Counter({(payment.payer, payment.payee): payment.amount_minor * minor for payment in bilateral.payments})
    net.update({(item.debtor, item.creditor): item.micros for item in bilateral.rounding})
    for first, second in net:
        difference = owed.get(Pair(first, second), 0) - owed.get(Pair(second, first), 0)
        assert net[first, second] == difference > 0


@pytest.mark.parametrize(
    ("method", "payments", "rounding"),
    [
        (
            Method.GROSS,
            [("ash", "birch", 100), ("ash", OPERATOR, 1), ("birch", "ash", 40), ("birch", "cedar", 25)],
            [("ash", "birch", 4_000), ("ash", OPERATOR, 9_000), ("birch", "ash", 7_000)],
        ),
        (
            Method.BILATERAL,
            [("ash", "birch", 59), ("ash", OPERATOR, 1), ("birch", "cedar", 25)],
            [("ash", "birch", 7_000), ("ash", OPERATOR, 9_000)],
        ),
        (
            Method.MULTILATERAL,
            [("ash", OPERATOR, 62), (OPERATOR, "birch", 35), (OPERATOR, "cedar", 25)],
            [(OPERATOR, "birch", -3_000), ("ash", OPERATOR, -4_000)],
        ),
    ],
)
def test_three_ways_to_settle_the_same(
    method: Method, payments: list[tuple[str, str, int]], rounding: list[tuple[str, str, int]]
) -> None:
    """Ash owes birch 1.004 and the operator 0.019; birch owes ash 0.407 and cedar 0.25."""
    owed = {
        Pair("ash", "birch"): 1_004_000,
        Pair("ash", OPERATOR): 19_000,
        Pair("birch", "ash"): 407_000,
        Pair("birch", "cedar"): 250_000,
    }
    settlement = settle(method, owed, (), OPERATOR, 10_000)
    assert settlement.payments == tuple(Payable(*payment) for payment in payments)
    turned = [(b, a, -micros) if micros < 0 else (a, b, micros) for a, b, micros in rounding]
    assert settlement.rounding == tuple(sorted(Carried(*item, Why.ROUNDING) for item in turned))


def test_what_was_carried_joins_what_is_owed() -> None:
    """An unpaid amount is netted with new obligations, also in the other direction, and one overpaid is given back."""
    carried = (Carried("ash", "birch", 500_000, Why.UNPAID), Carried("cedar", "ash", 20_000, Why.OVERPAID))
    owed = {Pair("birch", "ash"): 200_000}
    assert settle(Method.BILATERAL, owed, carried, OPERATOR, 10_000).payments == (
        Payable("ash", "birch", 30),
        Payable("cedar", "ash", 2),
    )
    assert settle(Method.GROSS, owed, carried, OPERATOR, 10_000).payments == (
        Payable("ash", "birch", 50),
        Payable("birch", "ash", 20),
        Payable("cedar", "ash", 2),
    )
    assert settle(Method.MULTILATERAL, owed, carried, OPERATOR, 10_000).payments == (
        Payable("ash", OPERATOR, 28),
        Payable("cedar", OPERATOR, 2),
        Payable(OPERATOR, "birch", 30),
    )


def test_rests_of_payments_say_who_owes() -> None:
    """Of what is missing the payer, of what is too much the payee."""
    assert rest_of("ash", "birch", 5) == Carried("ash", "birch", 5, Why.UNPAID)
    assert rest_of("ash", "birch", -5) == Carried("birch", "ash", 5, Why.OVERPAID)
