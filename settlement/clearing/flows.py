"""Points of an issuer by the day on which they expire: what the books tell cohorts by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from settlement.clearing.entry import Entry
from settlement.clearing.movements import MovementKind


class FlowKey(NamedTuple):
    """What happened, in which calendar month of the network's time zone, to points of an issuer with one expiry."""

    #: `2017-01`.
    month: str
    kind: MovementKind
    issuer: str
    #: Last day on which they may be spent, ISO 8601; `9999-12-31`: never. Of donated points it is what held until then:
    #: from then on they never expire.
    expires_on: str


#: No more than this is counted of purchases, which nobody but their author vouches for: 10^17 minor units.
PURCHASES_MAX: Final = 10**17


class Flow(NamedTuple):
    """How many points, and of issues what was bought for."""

    points: int
    #: In minor units of the issuer's currency.
    purchase_minor: int
    #: Those of the points that were issued with a purchase; the others were given.
    sold_points: int

    def plus(self, other: Flow) -> Flow:
        """Both together."""
        purchases = min(self.purchase_minor + other.purchase_minor, PURCHASES_MAX)
        return Flow(self.points + other.points, purchases, self.sold_points + other.sold_points)


_WITHOUT_POINTS: Final = (MovementKind.OBLIGATION, MovementKind.PACK)


def flows_of(entry: Entry, kind: MovementKind, day: str) -> Iterator[tuple[FlowKey, Flow]]:
    """What an accepted entry of `kind`, committed on `day`, does to points by expiry."""
    if kind in _WITHOUT_POINTS:
        return
    purchase_minor = entry.transaction.issue.purchase_amount_minor if kind == MovementKind.ISSUE else 0
    is_sale = purchase_minor > 0
    for allocation in entry.outcome.allocations:
        key = FlowKey(day[:7], kind, allocation.issuer, allocation.expires_on)
        yield key, Flow(allocation.points, purchase_minor, allocation.points if is_sale else 0)
        purchase_minor = 0
