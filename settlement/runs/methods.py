"""From obligations to payments, by the three methods. The one place where money becomes whole minor units.

multilateral  debtors pay the operator, the operator pays creditors; rounding leaves each party less than one minor
              unit, which it owes the operator or is owed by it
bilateral     of each two parties the one that owes more pays the other; rounding leaves less than one minor unit
gross         each debtor pays each creditor; rounding leaves less than one minor unit of each debt

What earlier runs carried joins the obligations before anything is netted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, unique
from typing import NamedTuple

from settlement.clearing.obligations import Pair
from settlement.clearing.rounding import Position, round_positions
from settlement.runs.carried import Carried, Why, net_of


@unique
class Method(IntEnum):
    """How obligations become payments; numbered as SettlementMethod on the wire."""

    MULTILATERAL = 1
    BILATERAL = 2
    GROSS = 3


class Payable(NamedTuple):
    """A payment that is to be made, of at least one minor unit."""

    payer: str
    payee: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Settlement:
    """What obligations come to.

    For every party, amount + carried in = payable + carried out, exactly; what is payable and what is carried out are
    also the sums of its payments and of its part in `rounding`.
    """

    #: By party id.
    positions: tuple[Position, ...]
    #: By payer and payee.
    payments: tuple[Payable, ...]
    #: By debtor and creditor.
    rounding: tuple[Carried, ...]


def settle(
    method: Method, owed: Mapping[Pair, int], carried_in: Sequence[Carried], operator: str, micros_per_minor: int
) -> Settlement:
    """Settle what is owed, in micro-units, together with what was carried."""
    if method is Method.MULTILATERAL:
        return _through_operator(owed, carried_in, operator, micros_per_minor)
    due: defaultdict[Pair, int] = defaultdict(int, owed)
    for item in carried_in:
        due[Pair(item.debtor, item.creditor)] += item.micros
    return _by_pairs(_netted(due) if method is Method.BILATERAL else due, owed, carried_in, micros_per_minor)


def _through_operator(
    owed: Mapping[Pair, int], carried_in: Sequence[Carried], operator: str, micros_per_minor: int
) -> Settlement:
    positions = round_positions(_net(owed), net_of(carried_in), micros_per_minor)
    others = [position for position in positions if position.party_id != operator]
    payments = [
        Payable(position.party_id, operator, -position.payable_minor)
        if position.payable_minor < 0
        else Payable(operator, position.party_id, position.payable_minor)
        for position in others
        if position.payable_minor
    ]
    rounding = [
        Carried(position.party_id, operator, -position.carried_out_micros, Why.ROUNDING)
        if position.carried_out_micros < 0
        else Carried(operator, position.party_id, position.carried_out_micros, Why.ROUNDING)
        for position in others
        if position.carried_out_micros
    ]
    return Settlement(positions, tuple(sorted(payments)), tuple(sorted(rounding)))


def _by_pairs(
    due: Mapping[Pair, int], owed: Mapping[Pair, int], carried_in: Sequence[Carried], micros_per_minor: int
) -> Settlement:
    payments: list[Payable] = []
    rounding: list[Carried] = []
    payable: defaultdict[str, int] = defaultdict(int)
    for pair in sorted(due):
        minor, micros = divmod(due[pair], micros_per_minor)
        if minor:
            payments.append(Payable(*pair, minor))
            payable[pair.debtor] -= minor
            payable[pair.creditor] += minor
        if micros:
            rounding.append(Carried(*pair, micros, Why.ROUNDING))
    amounts, brought, left = _net(owed), net_of(carried_in), net_of(rounding)
    positions = tuple(
        Position(party_id, amounts.get(party_id, 0), brought.get(party_id, 0), payable[party_id], left.get(party_id, 0))
        for party_id in sorted(amounts.keys() | brought.keys())
    )
    return Settlement(positions, tuple(payments), tuple(rounding))


def _net(owed: Mapping[Pair, int]) -> dict[str, int]:
    net: defaultdict[str, int] = defaultdict(int)
    for pair, micros in owed.items():
        net[pair.debtor] -= micros
        net[pair.creditor] += micros
    return dict(net)


def _netted(due: Mapping[Pair, int]) -> dict[Pair, int]:
    """Each two parties once, the one that owes more as the debtor."""
    netted: dict[Pair, int] = {}
    for first, second in {(min(pair), max(pair)) for pair in due}:
        micros = due.get(Pair(first, second), 0) - due.get(Pair(second, first), 0)
        netted[Pair(first, second) if micros >= 0 else Pair(second, first)] = abs(micros)
    return netted
