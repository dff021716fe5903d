"""Flows made up for tests of the books: what a ledger could have done, and nothing that it could not."""

from __future__ import annotations

from collections import Counter

from hypothesis import strategies as st

from coalition.calendar import NEVER, end_of_month
from settlement.books.books import ClosedWindow
from settlement.books.cohorts import PointsFlow
from settlement.clearing.movements import MovementKind

ISSUERS = ("florist", "grocer")
MICROS_PER_MINOR = 10_000
FIRST_MONTH = (2017, 1)


def month(number: int) -> str:
    """The month that lies `number` months after the first one."""
    return end_of_month(f"{FIRST_MONTH[0]:04}-{FIRST_MONTH[1]:02}-01", number)[:7]


def last_day(number: int) -> str:
    """Its last day."""
    return end_of_month(f"{month(number)}-01", 0)


def monthly(months: int) -> list[ClosedWindow]:
    """One window for each of so many months, closed on its last day."""
    return [ClosedWindow(number + 1, last_day(number), (number + 1) * 1_000) for number in range(months)]


def value_of(issuer: str, day: str, sequence: int) -> int:
    """What a point is worth: more as time goes by, and not the same for all."""
    return len(issuer) * 1_000 + int(day[:4]) + sequence % 7


@st.composite
def businesses(draw: st.DrawFn, months: int = 8, life: int = 2) -> list[PointsFlow]:
    """So many months of business, in which points live for up to `life` months or for ever."""
    flows: list[PointsFlow] = []
    lots: Counter[tuple[str, str]] = Counter()
    for number in range(months):
        for _ in range(draw(st.integers(0, 6))):
            issuer = draw(st.sampled_from(ISSUERS))
            expires_on = draw(
                st.sampled_from([last_day(number + life), last_day(number + life), last_day(number), NEVER])
            )
            kind = draw(st.sampled_from([MovementKind.ISSUE, MovementKind.ISSUE, MovementKind.POINTS_GIVEN]))
            purchase = draw(st.sampled_from([0, 1, 999, 10**9])) if kind is MovementKind.ISSUE else 0
            points = draw(st.integers(1, 10**6))
            sold = draw(st.sampled_from([points, -(-points // 2)])) if purchase else 0
            flows.append(PointsFlow(number + 1, month(number), kind, issuer, expires_on, points, purchase, sold))
            lots[issuer, expires_on] += points
        for _ in range(draw(st.integers(0, 8))):
            _move(draw, number, lots, flows)
        for (issuer, expires_on), points in sorted(lots.items()):
            # Holds and sweeps that are late leave points outstanding past their date.
            if points and expires_on <= last_day(number) and draw(st.integers(0, 3)):
                flows.append(PointsFlow(number + 1, month(number), MovementKind.EXPIRE, issuer, expires_on, points))
                lots[issuer, expires_on] = 0
    return flows


_OUT = (
    MovementKind.REDEEM,
    MovementKind.REDEEM,
    MovementKind.REDEEM,
    MovementKind.DONATE,
    MovementKind.ISSUE_REVERSED,
    MovementKind.POINTS_TAKEN,
)


def _move(draw: st.DrawFn, number: int, lots: Counter[tuple[str, str]], flows: list[PointsFlow]) -> None:
    there = sorted(lot for lot, points in lots.items() if points)
    if not there:
        return
    issuer, expires_on = draw(st.sampled_from(there))
    points = draw(st.integers(1, lots[issuer, expires_on]))
    kind = draw(st.sampled_from(_OUT))
    flows.append(PointsFlow(number + 1, month(number), kind, issuer, expires_on, points))
    lots[issuer, expires_on] -= points
    if kind is MovementKind.DONATE:
        lots[issuer, NEVER] += points
    elif kind is MovementKind.REDEEM and draw(st.booleans()):
        back = draw(st.integers(1, points))
        # What has expired meanwhile comes back with the policy's grace, as points of another month.
        grace = draw(st.sampled_from([expires_on, max(expires_on, last_day(number + 1))]))
        flows.append(PointsFlow(number + 1, month(number), MovementKind.REDEEM_REVERSED, issuer, grace, back))
        lots[issuer, grace] += back


def outstanding(flows: list[PointsFlow], issuer: str, up_to: int) -> dict[str, int]:
    """By expiry: a second way to add up what is outstanding after a window."""
    lots: Counter[str] = Counter()
    for flow in flows:
        if flow.issuer != issuer or flow.window > up_to:
            continue
        if flow.kind in (MovementKind.ISSUE, MovementKind.POINTS_GIVEN, MovementKind.REDEEM_REVERSED):
            lots[flow.expires_on] += flow.points
        else:
            lots[flow.expires_on] -= flow.points
        if flow.kind is MovementKind.DONATE:
            lots[NEVER] += flow.points
    return {expires_on: points for expires_on, points in lots.items() if points}
