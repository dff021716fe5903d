"""What a window adds up to. Everything else that is said about it (who owes whom, what happened) follows from this."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from operator import add
from typing import Final, NamedTuple

from settlement.clearing.flows import Flow, FlowKey
from settlement.clearing.movements import Movement, MovementKind

#: The most that any one sum of a window may come to, in micro-units or points: a million million units of the
#: settlement currency. So all sums of a pair together stay below the 64 bits of the protocol and of databases.
SUM_MAX: Final = 10**18


class Key(NamedTuple):
    """Movements that are added up."""

    kind: MovementKind
    issuer: str
    counterparty: str


class Sum(NamedTuple):
    """Movements of one key, added up: the fields of Movement, and how many they are."""

    entries: int
    points: int
    arrears_points: int
    direct_micros: int
    topup_micros: int
    margin_micros: int
    fee_micros: int
    paid_in_micros: int
    paid_back_micros: int
    drawn_micros: int

    def plus(self, other: Sum) -> Sum:
        """Both together."""
        return Sum(*map(add, self, other))


NOTHING: Final = Sum(*[0] * len(Sum._fields))


def held_change(key: Key, total: Sum) -> int:
    """By how much more of the issuer's money the operator holds after movements of one key."""
    if key.kind == MovementKind.REDEEM_REVERSED:
        return total.drawn_micros
    return total.paid_in_micros - total.drawn_micros


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums of one window, or of a part of it."""

    sums: Mapping[Key, Sum] = field(default_factory=dict)
    flows: Mapping[FlowKey, Flow] = field(default_factory=dict)

    def plus(self, other: Totals) -> Totals:
        """The sums of both parts."""
        tally = Tally()
        for part in (self, other):
            for key, total in part.sums.items():
                tally.add(key, total)
            for flow_key, flow in part.flows.items():
                tally.flow(flow_key, flow)
        return tally.totals()


class Tally:
    """Adds up movements one by one."""

    __slots__ = ("_flows", "_sums")

    def __init__(self) -> None:
        self._sums: dict[Key, list[int]] = {}
        self._flows: dict[FlowKey, Flow] = {}

    def move(self, movement: Movement) -> None:
        """One more movement. A negative figure is impossible: a reversal is a kind of its own."""
        assert min(movement[3:]) >= 0, "what goes the other way is a movement of another kind"
        self.add(Key(*movement[:3]), (1, *movement[3:]))

    def add(self, key: Key, figures: Iterable[int]) -> None:
        """More of one key."""
        known = self._sums.get(key)
        if known is None:
            self._sums[key] = list(figures)
        else:
            known[:] = map(add, known, figures)

    def flow(self, key: FlowKey, flow: Flow) -> None:
        """More points with one expiry."""
        known = self._flows.get(key)
        self._flows[key] = known.plus(flow) if known else flow

    def totals(self) -> Totals:
        """What has been added so far, in the order of its keys."""
        return Totals(
            {key: Sum(*self._sums[key]) for key in sorted(self._sums)},
            {key: self._flows[key] for key in sorted(self._flows)},
        )
