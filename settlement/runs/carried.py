"""What one run leaves to the next: who owes whom, how much, and why it was not settled."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from enum import IntEnum, unique
from typing import NamedTuple


@unique
class Why(IntEnum):
    """Why an amount is carried; numbered as CarriedReason on the wire."""

    #: Less than one minor unit was left of it.
    ROUNDING = 1
    UNPAID = 2
    #: More was paid than was due, so the payee owes it back.
    OVERPAID = 3


class Carried(NamedTuple):
    """The debtor owes the creditor so many micro-units, at least one. Joins the obligations of the next run."""

    debtor: str
    creditor: str
    micros: int
    why: Why


def rest_of(payer: str, payee: str, micros: int) -> Carried:
    """What is left of a payment: the payer still owes it. A negative rest was paid too much, and the payee owes it."""
    assert micros, "a rest of nothing is none"
    return Carried(payer, payee, micros, Why.UNPAID) if micros > 0 else Carried(payee, payer, -micros, Why.OVERPAID)


def merged(items: Iterable[Carried]) -> tuple[Carried, ...]:
    """The same amounts, with one item for each debtor, creditor and reason, in that order."""
    sums: defaultdict[tuple[str, str, Why], int] = defaultdict(int)
    for item in items:
        sums[item.debtor, item.creditor, item.why] += item.micros
    return tuple(Carried(*key[:2], sums[key], key[2]) for key in sorted(sums))


def net_of(items: Iterable[Carried]) -> dict[str, int]:
    """What every party receives of it, less what it owes: micro-units, which sum to zero. No party has nothing."""
    net: defaultdict[str, int] = defaultdict(int)
    for item in items:
        net[item.debtor] -= item.micros
        net[item.creditor] += item.micros
    return {party_id: micros for party_id, micros in net.items() if micros}
