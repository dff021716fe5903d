"""Obligations for charts."""

from __future__ import annotations

from hypothesis import strategies as st

from partner_sdk.settlement import NetPosition, Obligation

NAMES = [f"party-{number:02}" for number in range(16)]


def obligations(size: int = 60) -> st.SearchStrategy[tuple[Obligation, ...]]:
    """Some pairs owe each other something, each pair once in each direction."""
    pairs = st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)).filter(lambda pair: pair[0] != pair[1])
    return st.dictionaries(pairs, st.integers(0, 10**12), max_size=size).map(
        lambda owed: tuple(Obligation(debtor, creditor, 0, amount) for (debtor, creditor), amount in owed.items())
    )


def positions_of(owed: tuple[Obligation, ...]) -> tuple[NetPosition, ...]:
    """What each party receives, or pays."""
    nets: dict[str, int] = {}
    for item in owed:
        nets[item.creditor] = nets.get(item.creditor, 0) + item.amount_micros
        nets[item.debtor] = nets.get(item.debtor, 0) - item.amount_micros
    return tuple(NetPosition(name, amount, 0, 0, 0) for name, amount in sorted(nets.items()))
