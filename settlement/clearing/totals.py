"""What a window adds up to: who owes whom, and what happened to points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from operator import add
from typing import Final, NamedTuple

#: The most that one party may owe another within one window, in micro-units: a million million units of the settlement
#: currency, and far below the 64 bits of the protocol and of databases.
OWED_MICROS_MAX: Final = 10**18


class Pair(NamedTuple):
    """Who owes whom."""

    debtor: str
    creditor: str


class Owed(NamedTuple):
    """How much, and the points behind it; fees and adjustments have none. Never negative."""

    points: int
    amount_micros: int


class Activity(NamedTuple):
    """What happened to points, seen from one party. Reversals are subtracted, so a figure may be negative."""

    issued_points: int = 0
    accepted_points: int = 0
    redeemed_points: int = 0
    redeemed_own_points: int = 0
    expired_points: int = 0
    donated_points: int = 0
    adjusted_points: int = 0


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums of one window, or of a part of it."""

    owed: Mapping[Pair, Owed]
    activity: Mapping[str, Activity]

    def plus(self, other: Totals) -> Totals:
        """The sums of both parts."""
        sums = Sums()
        for part in (self, other):
            for pair, owed in part.owed.items():
                sums.owe(pair.debtor, pair.creditor, owed.points, owed.amount_micros)
            for party_id, activity in part.activity.items():
                sums.count(party_id, activity)
        return sums.totals()


class Sums:
    """Adds up entries one by one."""

    __slots__ = ("_activity", "_owed")

    def __init__(self) -> None:
        self._owed: dict[Pair, list[int]] = {}
        self._activity: dict[str, list[int]] = {}

    def owe(self, debtor: str, creditor: str, points: int, amount_micros: int) -> None:
        """`debtor` owes `creditor` so much more. Nothing is written down for nothing, nor for oneself."""
        assert points >= 0, "a reversal is owed the other way, never negative"
        assert amount_micros >= 0, "a reversal is owed the other way, never negative"
        if debtor == creditor or not (points or amount_micros):
            return
        owed = self._owed.setdefault(Pair(debtor, creditor), [0, 0])
        owed[0] += points
        owed[1] += amount_micros

    def count(self, party_id: str, activity: Activity) -> None:
        """More of what happened to points."""
        counted = self._activity.get(party_id)
        if counted is None:
            self._activity[party_id] = list(activity)
            return
        counted[:] = map(add, counted, activity)

    def totals(self) -> Totals:
        """What has been added so far, ordered by party id."""
        return Totals(
            {pair: Owed(*self._owed[pair]) for pair in sorted(self._owed)},
            {party_id: Activity(*self._activity[party_id]) for party_id in sorted(self._activity)},
        )
