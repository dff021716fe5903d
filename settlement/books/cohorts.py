"""Points of an issuer that expire together, and what happened to them: what the books start from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from coalition.calendar import NEVER
from settlement.clearing.movements import MovementKind


class PointsFlow(NamedTuple):
    """Points of one expiry that did one thing, within one window and one month: a row of what the clearing adds up."""

    window: int
    #: `2017-03`, in the network's time zone.
    month: str
    kind: MovementKind
    issuer: str
    #: Last day on which they may be spent; of donated points, the one before the donation lifted it.
    expires_on: str
    points: int
    #: What was bought for when they were issued, in minor units of the settlement currency.
    purchase_minor: int = 0
    #: Those of the points that were issued with a purchase.
    sold_points: int = 0


class Cohort(NamedTuple):
    """Points of one issuer that expire together."""

    issuer: str
    expires_on: str

    @property
    def expires(self) -> bool:
        """Whether it ever does. Donated points do not."""
        return self.expires_on != NEVER


@dataclass(slots=True)
class Tally:
    """What happened to the points of a cohort, or of an issuer, each figure as it was journaled."""

    issued: int = 0
    issue_reversed: int = 0
    redeemed: int = 0
    redeem_reversed: int = 0
    expired: int = 0
    #: Given away to causes: they left the cohort for the one that never expires.
    donated: int = 0
    #: Received from the cohorts that expire; only the cohort that never expires receives.
    received: int = 0
    given: int = 0
    taken: int = 0

    @property
    def entered(self) -> int:
        """Points that the cohort is about: issued, given and received, less what was taken back."""
        return self.issued - self.issue_reversed + self.given - self.taken + self.received

    @property
    def used(self) -> int:
        """Points that found their purpose: redeemed or donated, less redemptions that were reversed."""
        return self.redeemed - self.redeem_reversed + self.donated

    @property
    def outstanding(self) -> int:
        """Points that can still be redeemed, or are held, or wait to be swept."""
        return self.entered - self.used - self.expired

    def add(self, flow: PointsFlow) -> None:
        """Count a flow out of, or into, the cohort that it names."""
        name = _FIELDS[flow.kind]
        setattr(self, name, getattr(self, name) + flow.points)


_FIELDS: Final[Mapping[MovementKind, str]] = {
    MovementKind.ISSUE: "issued",
    MovementKind.ISSUE_REVERSED: "issue_reversed",
    MovementKind.REDEEM: "redeemed",
    MovementKind.REDEEM_REVERSED: "redeem_reversed",
    MovementKind.EXPIRE: "expired",
    MovementKind.DONATE: "donated",
    MovementKind.POINTS_GIVEN: "given",
    MovementKind.POINTS_TAKEN: "taken",
}


def by_issuer(flows: Iterable[PointsFlow]) -> dict[str, list[PointsFlow]]:
    """The flows of each issuer, by its id."""
    found: dict[str, list[PointsFlow]] = {}
    for flow in flows:
        found.setdefault(flow.issuer, []).append(flow)
    return dict(sorted(found.items()))


def origins(flows: Sequence[PointsFlow]) -> dict[Cohort, str]:
    """The month in which points of each cohort first came about."""
    first: dict[Cohort, str] = {}
    for flow in flows:
        cohort = Cohort(flow.issuer, flow.expires_on)
        first[cohort] = min(first.get(cohort, flow.month), flow.month)
        if flow.kind is MovementKind.DONATE:
            lifted = Cohort(flow.issuer, NEVER)
            first[lifted] = min(first.get(lifted, flow.month), flow.month)
    return first
