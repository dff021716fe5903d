"""Standing consents: what earned points add to them, what refunds take away, what is due to a fund."""

from __future__ import annotations

from typing import Final

from coalition.v1 import error_pb2
from network.ledger.context import Context, Rejected
from network.ledger.records import Pledge, PledgeStatus

#: Hundredths of a percent in a whole.
ALL_BPS: Final = 10_000
#: Far more than the largest pledge ever gives, and still a 64-bit integer.
ACCRUED_BPS_MAX: Final = 10**18


def accrue(ctx: Context, holder_id: str, points: int) -> None:
    """Earned points count for every pledge that runs today."""
    _change(ctx, holder_id, points, ctx.committed_us)


def unaccrue(ctx: Context, holder_id: str, points: int, earned_us: int) -> None:
    """Points taken back no longer count, as far as they are not donated yet; `earned_us` is when they counted."""
    _change(ctx, holder_id, -points, earned_us)


def _change(ctx: Context, holder_id: str, points: int, earned_us: int) -> None:
    pledges = ctx.state.pledges.get(holder_id)
    if not pledges:
        return
    earned_on = ctx.state.reference.calendar().day(earned_us)
    changed = tuple(
        _with_accrued(pledge, pledge.accrued_bps + points * pledge.share_bps)
        if pledge.status == PledgeStatus.ACTIVE and pledge.granted_us < earned_us and earned_on <= pledge.ends_on
        else pledge
        for pledge in pledges
    )
    if changed != pledges:
        ctx.state.pledges.put(holder_id, changed)


def _with_accrued(pledge: Pledge, accrued_bps: int) -> Pledge:
    accrued_bps = min(max(accrued_bps, pledge.donated_points * ALL_BPS), ACCRUED_BPS_MAX)
    due = min(accrued_bps // ALL_BPS, pledge.points_max) - pledge.donated_points
    return pledge._replace(accrued_bps=accrued_bps, due_points=due)


def find(pledges: tuple[Pledge, ...], pledge_id: bytes) -> Pledge:
    """Raises Rejected: PLEDGE_UNKNOWN, PLEDGE_ENDED."""
    for pledge in pledges:
        if pledge.pledge_id == pledge_id:
            if pledge.status != PledgeStatus.ACTIVE:
                raise Rejected(error_pb2.REASON_PLEDGE_ENDED, pledge_id=pledge_id.hex())
            return pledge
    raise Rejected(error_pb2.REASON_PLEDGE_UNKNOWN, pledge_id=pledge_id.hex())


def replace(ctx: Context, holder_id: str, changed: Pledge) -> None:
    """Put the changed pledge in the place of the one with its id."""
    pledges = ctx.state.pledges.get(holder_id) or ()
    ctx.state.pledges.put(
        holder_id, tuple(changed if pledge.pledge_id == changed.pledge_id else pledge for pledge in pledges)
    )


def give(ctx: Context, holder_id: str, pledge_id: bytes, fund_id: str, points: int) -> None:
    """Count a donation under a pledge. Raises Rejected: PLEDGE_UNKNOWN, PLEDGE_ENDED, PLEDGE_EXCEEDED."""
    pledge = find(ctx.state.pledges.get(holder_id) or (), pledge_id)
    if pledge.fund_id != fund_id or ctx.author.party_id != ctx.network.hub:
        raise Rejected(error_pb2.REASON_PLEDGE_UNKNOWN, pledge_id=pledge_id.hex())
    if points > pledge.due_points:
        raise Rejected(error_pb2.REASON_PLEDGE_EXCEEDED, due=pledge.due_points, asked=points)
    given = pledge._replace(donated_points=pledge.donated_points + points)
    replace(ctx, holder_id, _with_accrued(given, given.accrued_bps))
