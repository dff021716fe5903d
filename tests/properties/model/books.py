"""What the model keeps: plain dictionaries, and the few sums that follow from them.

Written from the rules (the design's, and the comments in the .proto files), not from the ledger's code: where the two
disagree, one of them is wrong. Nothing here is fast, and nothing is clever.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from coalition.v1.network_pb2 import Policy

NEVER = "9999-12-31"
MEMBER, FUND = 1, 2
PARTNER, CHARITY, OPERATOR, HUB, AUDITOR = 1, 2, 3, 4, 5
BUSINESS = (PARTNER, CHARITY)

#: Issuer, last day on which they may be spent, how many.
Part = tuple[str, str, int]


@dataclass
class Lot:
    """Points of one issuer with one expiry and one first day. `opened`: the entry that put the first of them there."""

    issuer: str
    expires: str
    available: str
    opened: int
    points: int

    def order(self) -> tuple[str, int, str, str]:
        """Earliest expiry first; then the oldest."""
        return (self.expires, self.opened, self.issuer, self.available)


@dataclass
class Books:
    """The state after some entries."""

    network: dict[str, Any] = field(default_factory=dict)
    policies: list[tuple[str, int, bytes]] = field(default_factory=list)
    parties: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: By party: (first day, sequence, the message).
    terms: dict[str, list[tuple[str, int, Any]]] = field(default_factory=dict)
    #: By fund: the CampaignOffer.
    campaigns: dict[str, Any] = field(default_factory=dict)
    holders: dict[str, dict[str, Any]] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    lots: dict[str, list[Lot]] = field(default_factory=dict)
    #: By holder and issuer.
    arrears: Counter[tuple[str, str]] = field(default_factory=Counter)
    holds: dict[tuple[str, bytes], dict[str, Any]] = field(default_factory=dict)
    nonces: dict[tuple[str, bytes], int] = field(default_factory=dict)
    usage: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    pledges: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    #: What a Reverse may name.
    originals: dict[tuple[str, bytes], dict[str, Any]] = field(default_factory=dict)
    #: By issuer and what happened to its points.
    flows: Counter[tuple[str, str]] = field(default_factory=Counter)
    sequence: int = 0
    committed_us: int = 0
    window: int = 1

    # Dates -----------------------------------------------------------------------------------------------------------

    def day(self, moment_us: int) -> str:
        """The day of a moment in the network's time zone."""
        return _day(self.network["time_zone"], moment_us // 1_000_000)

    def policy(self, day: str) -> Policy:
        """The newest policy that has begun."""
        begun = max(version for version in self.policies if version[0] <= day)
        return Policy.FromString(begun[2])

    def terms_of(self, party_id: str, day: str) -> Any | None:
        """The newest terms that have begun."""
        begun = [version for version in self.terms.get(party_id, ()) if version[0] <= day]
        return max(begun, key=lambda version: version[:2])[2] if begun else None

    # Points ----------------------------------------------------------------------------------------------------------

    def lots_of(self, holder_id: str, today: str) -> list[Lot]:
        """A holder's lots in the order of consumption. Those whose first day has come join those they now equal."""
        merged: dict[tuple[str, str, str], Lot] = {}
        for lot in sorted(self.lots.get(holder_id, ()), key=Lot.order):
            available = lot.available if lot.available > today else ""
            twin = merged.get((lot.issuer, lot.expires, available))
            if twin is None:
                merged[lot.issuer, lot.expires, available] = Lot(
                    lot.issuer, lot.expires, available, lot.opened, lot.points
                )
            else:
                twin.points += lot.points
                twin.opened = min(twin.opened, lot.opened)
        return sorted(merged.values(), key=Lot.order)

    def spendable(self, holder_id: str, today: str) -> int:
        """Points that may be spent today."""
        return sum(lot.points for lot in self.lots_of(holder_id, today) if lot.expires >= today and not lot.available)

    def add(self, holder_id: str, parts: list[Part], sequence: int, today: str, available: str = "") -> None:
        """Put points in."""
        lots = self.lots_of(holder_id, today)
        for issuer, expires, points in parts:
            for lot in lots:
                if (lot.issuer, lot.expires, lot.available) == (issuer, expires, available):
                    lot.points += points
                    break
            else:
                lots.append(Lot(issuer, expires, available, sequence, points))
        self.lots[holder_id] = lots

    def take(self, holder_id: str, lots: list[Lot], points: int) -> list[Part]:
        """Take points, or as many as there are, from these lots of the holder in the order given."""
        parts: list[Part] = []
        for lot in lots:
            some = min(points, lot.points)
            if some:
                lot.points -= some
                points -= some
                parts.append((lot.issuer, lot.expires, some))
        return parts

    def keep(self, holder_id: str, lots: list[Lot]) -> None:
        """Write back what `lots_of` gave, after points were taken."""
        self.lots[holder_id] = [lot for lot in lots if lot.points]

    def spend(self, holder_id: str, points: int, today: str) -> list[Part]:
        """Take spendable points, earliest expiry first. The caller has seen that there are enough."""
        lots = self.lots_of(holder_id, today)
        parts = self.take(holder_id, [lot for lot in lots if lot.expires >= today and not lot.available], points)
        assert sum(part[2] for part in parts) == points
        self.keep(holder_id, lots)
        return parts

    def flow(self, what: str, parts: list[Part]) -> None:
        """Note what happened to an issuer's points."""
        for issuer, _, points in parts:
            self.flows[issuer, what] += points

    # Sums ------------------------------------------------------------------------------------------------------------

    def in_lots(self, issuer: str) -> int:
        return sum(lot.points for lots in self.lots.values() for lot in lots if lot.issuer == issuer)

    def in_holds(self, issuer: str) -> int:
        return sum(
            points
            for hold in self.holds.values()
            if hold["status"] == "OPEN"
            for name, _, points in hold["parts"]
            if name == issuer
        )

    def owed_to(self, issuer: str) -> int:
        return sum(points for (_, name), points in self.arrears.items() if name == issuer)

    def held(self, holder_id: str) -> int:
        return sum(
            hold["points"] for hold in self.holds.values() if hold["holder"] == holder_id and hold["status"] == "OPEN"
        )

    def owed_by(self, holder_id: str) -> int:
        return sum(points for (name, _), points in self.arrears.items() if name == holder_id)

    def points_of(self, holder_id: str) -> int:
        """In lots, whatever their dates."""
        return sum(lot.points for lot in self.lots.get(holder_id, ()))

    def balance(self, holder_id: str, today: str) -> tuple[str, int, int, int, int]:
        """Holder, available, pending, held, arrears: as an outcome shows them."""
        pending = sum(
            lot.points for lot in self.lots.get(holder_id, ()) if lot.expires >= today and lot.available > today
        )
        available = self.spendable(holder_id, today)
        return (holder_id, available, pending, self.held(holder_id), self.owed_by(holder_id))


@lru_cache(maxsize=10_000)
def _day(zone: str, second: int) -> str:
    return datetime.fromtimestamp(second, UTC).astimezone(ZoneInfo(zone)).date().isoformat()


def add_days(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()


def month_end(day: str, months: int) -> str:
    """The last day of the month that lies `months` after that of `day`."""
    first = date.fromisoformat(day).replace(day=1)
    for _ in range(months + 1):
        first = (first + timedelta(days=31)).replace(day=1)
    return (first - timedelta(days=1)).isoformat()


def cut(parts: list[Part], points: int) -> tuple[list[Part], list[Part]]:
    """The first so many points, and the others."""
    first: list[Part] = []
    rest: list[Part] = []
    for issuer, expires, all_points in parts:
        some = min(all_points, points)
        points -= some
        first.append((issuer, expires, some))
        rest.append((issuer, expires, all_points - some))
    return [part for part in first if part[2]], [part for part in rest if part[2]]
