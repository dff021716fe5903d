"""What happened to points in a window, seen from each party."""

from __future__ import annotations

from collections import defaultdict
from typing import Final, NamedTuple

from settlement.clearing.movements import MovementKind
from settlement.clearing.totals import Totals


class Activity(NamedTuple):
    """What happened to points, seen from one party. Reversals are subtracted, so a figure may be negative."""

    issued_points: int = 0
    accepted_points: int = 0
    redeemed_points: int = 0
    redeemed_own_points: int = 0
    expired_points: int = 0
    donated_points: int = 0
    adjusted_points: int = 0


#: The figure that a kind counts to with the issuer, and the sign.
_WITH_ISSUER: Final = {
    MovementKind.ISSUE: ("issued_points", 1),
    MovementKind.ISSUE_REVERSED: ("issued_points", -1),
    MovementKind.REDEEM: ("redeemed_points", 1),
    MovementKind.REDEEM_REVERSED: ("redeemed_points", -1),
    MovementKind.EXPIRE: ("expired_points", 1),
    MovementKind.POINTS_GIVEN: ("adjusted_points", 1),
    MovementKind.POINTS_TAKEN: ("adjusted_points", -1),
}
_WITH_COUNTERPARTY: Final = {
    MovementKind.REDEEM: ("accepted_points", 1),
    MovementKind.REDEEM_REVERSED: ("accepted_points", -1),
    MovementKind.DONATE: ("donated_points", 1),
}
_REDEMPTIONS: Final = {MovementKind.REDEEM: 1, MovementKind.REDEEM_REVERSED: -1}


def activity_in(totals: Totals) -> dict[str, Activity]:
    """Of every party to which something happened, ordered by party id."""
    counted: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for key, total in totals.sums.items():
        for party_id, figures in ((key.issuer, _WITH_ISSUER), (key.counterparty, _WITH_COUNTERPARTY)):
            if key.kind in figures:
                name, sign = figures[key.kind]
                counted[party_id][name] += sign * total.points
        if key.issuer == key.counterparty and key.kind in _REDEMPTIONS:
            counted[key.issuer]["redeemed_own_points"] += _REDEMPTIONS[key.kind] * total.points
    return {party_id: Activity(**counted[party_id]) for party_id in sorted(counted)}
