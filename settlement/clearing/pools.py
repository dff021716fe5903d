"""What the operator holds of an issuer's money: prefunded shares and packs, for points that nobody has spent yet.

One pool for each issuer, at its average: whatever takes points out of circulation takes the same part of the money, so
a change of price or share moves none of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from settlement.clearing.entry import ClearingError


class Pool(NamedTuple):
    """An issuer's points that are still to be paid for, and what was paid in for them. No figure is negative."""

    #: In lots and in holds.
    outstanding_points: int = 0
    #: Paid for in packs and not issued yet.
    prepaid_points: int = 0
    #: What the operator holds for both, in micro-units.
    held_micros: int = 0


_NOTHING: Final = Pool()


class Pools:
    """The pools of all issuers while a batch of entries is cleared."""

    __slots__ = ("_changed", "_given")

    def __init__(self, given: Mapping[str, Pool]) -> None:
        """`given` stays as it is."""
        self._given = given
        self._changed: dict[str, Pool] = {}

    def of(self, issuer: str) -> Pool:
        """An issuer's pool as it is now."""
        return self._changed.get(issuer) or self._given.get(issuer, _NOTHING)

    @property
    def changed(self) -> Mapping[str, Pool]:
        """The pools that differ from those given."""
        return self._changed

    def pay_in(self, issuer: str, points: int, micros: int) -> None:
        """A pack of points that are not issued yet."""
        pool = self.of(issuer)
        self._changed[issuer] = Pool(pool.outstanding_points, pool.prepaid_points + points, pool.held_micros + micros)

    def put(self, issuer: str, points: int, prefund: int) -> int:
        """Newly issued points; what is not prepaid pays `prefund` micro-units a point. Gives what is paid in."""
        pool = self.of(issuer)
        prepaid = min(points, pool.prepaid_points)
        paid_in = (points - prepaid) * prefund
        self._changed[issuer] = Pool(
            pool.outstanding_points + points, pool.prepaid_points - prepaid, pool.held_micros + paid_in
        )
        return paid_in

    def put_back(self, issuer: str, points: int, price: int, prefund: int) -> int:
        """Points whose redemption is undone: they are covered as all others are, but by no more than `price` a point.

        Where no others are, by `prefund`. Gives what is paid in.
        """
        pool = self.of(issuer)
        covered = pool.outstanding_points + pool.prepaid_points
        paid_in = min(price * points, pool.held_micros * points // covered) if covered else prefund * points
        self._changed[issuer] = Pool(pool.outstanding_points + points, pool.prepaid_points, pool.held_micros + paid_in)
        return paid_in

    def put_for_nothing(self, issuer: str, points: int) -> None:
        """Points that the operator gave; they share what there is."""
        pool = self.of(issuer)
        self._changed[issuer] = pool._replace(outstanding_points=pool.outstanding_points + points)

    def take(self, issuer: str, points: int, sequence: int) -> int:
        """Points that are no longer outstanding, and their part of the money, rounded down to a whole micro-unit.

        Raises ClearingError, naming the entry at `sequence`, where so many points are not outstanding.
        """
        pool = self.of(issuer)
        if points > pool.outstanding_points:
            there = pool.outstanding_points
            raise ClearingError(sequence, f"it takes {points} points of {issuer}, of which {there} are outstanding.")
        covered = pool.outstanding_points + pool.prepaid_points
        part = pool.held_micros * points // covered if covered else 0
        self._changed[issuer] = Pool(pool.outstanding_points - points, pool.prepaid_points, pool.held_micros - part)
        return part
