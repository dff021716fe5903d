"""The one place where money is rounded: positions to whole minor units, by largest remainder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Position:
    """What one party receives (positive) or pays (negative) when its windows are settled.

    amount + carried in = payable + carried out, exactly; the remainder carried is always less than one minor unit.
    """

    party_id: str
    amount_micros: int
    carried_in_micros: int
    payable_minor: int
    carried_out_micros: int


def round_positions(
    amounts: Mapping[str, int], carried_in: Mapping[str, int], micros_per_minor: int
) -> tuple[Position, ...]:
    """Round `amounts` together with what earlier settlements carried, so that what is payable sums to zero again.

    Every party is first rounded down to whole minor units. The minor units that this leaves over go, one each, to the
    parties with the largest remainders; of equal remainders the party id that sorts first is served first. Amounts and
    remainders are micro-units, and each mapping sums to zero. Positions are ordered by party id.
    """
    assert sum(amounts.values()) == 0, "positions balance before they are rounded"
    assert sum(carried_in.values()) == 0, "remainders balance as the positions did that left them"
    parties = sorted(amounts.keys() | carried_in.keys())
    exact = {party_id: amounts.get(party_id, 0) + carried_in.get(party_id, 0) for party_id in parties}
    remainders = {party_id: amount % micros_per_minor for party_id, amount in exact.items()}
    left_over = sum(remainders.values()) // micros_per_minor
    by_remainder = sorted(parties, key=lambda party_id: (-remainders[party_id], party_id))
    served = frozenset(by_remainder[:left_over])
    return tuple(
        _position(party_id, amounts.get(party_id, 0), carried_in.get(party_id, 0), micros_per_minor, party_id in served)
        for party_id in parties
    )


def _position(party_id: str, amount: int, carried_in: int, micros_per_minor: int, served: bool) -> Position:
    payable = (amount + carried_in) // micros_per_minor + served
    carried_out = amount + carried_in - payable * micros_per_minor
    assert abs(carried_out) < micros_per_minor, "a remainder is less than one minor unit"
    return Position(party_id, amount, carried_in, payable, carried_out)
