"""From who owes whom to who pays what: bilateral and multilateral netting, in exact micro-units."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from settlement.clearing.obligations import Owed, Pair


def bilateral(owed: Mapping[Pair, Owed]) -> dict[Pair, Owed]:
    """Each two parties once, netted against each other.

    The debtor is the one that owes more; where neither does, the one whose id comes first. Points are the debtor's less
    the creditor's, and may be negative: who owes more money need not owe for more points.
    """
    netted: dict[Pair, Owed] = {}
    nothing = Owed(0, 0)
    for first, second in sorted({(min(pair), max(pair)) for pair in owed}):
        there, back = owed.get(Pair(first, second), nothing), owed.get(Pair(second, first), nothing)
        debtor, creditor = first, second
        if back.amount_micros > there.amount_micros:
            debtor, creditor, there, back = second, first, back, there
        netted[Pair(debtor, creditor)] = Owed(there.points - back.points, there.amount_micros - back.amount_micros)
    return netted


def multilateral(owed: Mapping[Pair, Owed]) -> dict[str, int]:
    """What every party receives from all others together, less what it owes them: micro-units, which sum to zero."""
    net: defaultdict[str, int] = defaultdict(int)
    for pair, amount in owed.items():
        net[pair.debtor] -= amount.amount_micros
        net[pair.creditor] += amount.amount_micros
    assert sum(net.values()) == 0, "what is owed by one is owed to another"
    return {party_id: net[party_id] for party_id in sorted(net)}


def together(windows: Iterable[Mapping[Pair, Owed]]) -> dict[Pair, Owed]:
    """The obligations of several windows, added up."""
    points: defaultdict[Pair, int] = defaultdict(int)
    amounts: defaultdict[Pair, int] = defaultdict(int)
    for owed in windows:
        for pair, part in owed.items():
            points[pair] += part.points
            amounts[pair] += part.amount_micros
    return {pair: Owed(points[pair], amounts[pair]) for pair in sorted(amounts)}
