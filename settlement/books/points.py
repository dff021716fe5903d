"""How an issuer's outstanding points moved, window by window: what came in, what went out, and that it adds up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from coalition.calendar import NEVER
from settlement.books.cohorts import Cohort, PointsFlow, Tally
from settlement.clearing.movements import MovementKind


@dataclass(frozen=True, slots=True)
class PointsMovement:
    """One issuer's points in one window.

    opening + issued - issue_reversed - redeemed + redeem_reversed - expired + given - taken = closing. Points that
    repaid arrears, or became some, never were in a lot and count in neither. `donated` changes no total: those points
    stay outstanding, and cease to expire.
    """

    window: int
    issuer: str
    opening: int
    issued: int
    issue_reversed: int
    redeemed: int
    redeem_reversed: int
    expired: int
    given: int
    taken: int
    closing: int
    donated: int


def movements(issuer: str, flows: Sequence[PointsFlow], windows: Iterable[int]) -> tuple[PointsMovement, ...]:
    """What happened to an issuer's points in each of `windows`, which are all from the first on, ascending."""
    tallies: dict[int, Tally] = {}
    for flow in flows:
        tally = tallies.setdefault(flow.window, Tally())
        tally.add(flow)
        if flow.kind is MovementKind.DONATE:
            tally.received += flow.points
    moved = []
    opening = 0
    for window in windows:
        tally = tallies.get(window, Tally())
        closing = opening + tally.outstanding
        moved.append(
            PointsMovement(
                window=window,
                issuer=issuer,
                opening=opening,
                issued=tally.issued,
                issue_reversed=tally.issue_reversed,
                redeemed=tally.redeemed,
                redeem_reversed=tally.redeem_reversed,
                expired=tally.expired,
                given=tally.given,
                taken=tally.taken,
                closing=closing,
                donated=tally.donated,
            )
        )
        opening = closing
    return tuple(moved)


def count(tallies: dict[Cohort, Tally], flow: PointsFlow) -> None:
    """Count a flow in the cohort that it names, and a donation also in the one that it enters."""
    if flow.kind is MovementKind.DONATE and flow.expires_on == NEVER:
        # They never expired before either, so they stay where they are.
        return
    tallies.setdefault(Cohort(flow.issuer, flow.expires_on), Tally()).add(flow)
    if flow.kind is MovementKind.DONATE:
        tallies.setdefault(Cohort(flow.issuer, NEVER), Tally()).received += flow.points
