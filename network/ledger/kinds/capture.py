"""Redeems held points, all or some; the rest goes back to the holder."""

from __future__ import annotations

from coalition.v1 import error_pb2
from coalition.v1 import transaction_pb2 as pb
from network.ledger.context import Context, Effect, Rejected
from network.ledger.holdings import count, put_in
from network.ledger.kinds.kind import BUSINESS, Kind
from network.ledger.records import Hold, Holder, HoldStatus, Part
from network.ledger.state import Wanted


def touches(message: pb.Capture, author: str, transaction_id: bytes, days: tuple[str, ...], wanted: Wanted) -> None:
    wanted.holds.add((author, message.hold_id))


def apply(ctx: Context, message: pb.Capture) -> Effect:
    hold = open_hold(ctx, ctx.author.party_id, message.hold_id)
    if hold.expires_us <= ctx.committed_us:
        raise Rejected(error_pb2.REASON_HOLD_EXPIRED, expires_us=hold.expires_us, committed_us=ctx.committed_us)
    if message.points > hold.points:
        raise Rejected(error_pb2.REASON_HOLD_EXCEEDED, held=hold.points, asked=message.points)

    captured, rest = split(hold.parts, message.points)
    holder = resolve(ctx, hold, HoldStatus.CAPTURED)
    count(ctx.state, captured, redeemed=1)
    put_in(ctx, holder, rest)
    return Effect(hold.holder_id, captured)


def open_hold(ctx: Context, acceptor: str, hold_id: bytes) -> Hold:
    """A hold that is not resolved yet. Raises Rejected: HOLD_UNKNOWN, HOLD_RESOLVED."""
    hold = ctx.state.holds.get((acceptor, hold_id))
    if hold is None:
        raise Rejected(error_pb2.REASON_HOLD_UNKNOWN, hold_id=hold_id.hex())
    if hold.status != HoldStatus.OPEN:
        raise Rejected(error_pb2.REASON_HOLD_RESOLVED, hold_id=hold_id.hex(), status=hold.status.name)
    return hold


def resolve(ctx: Context, hold: Hold, status: HoldStatus) -> Holder:
    """Take the held points out of the hold, for good."""
    count(ctx.state, hold.parts, in_holds=-1)
    ctx.state.holds.put((hold.acceptor, hold.hold_id), hold._replace(status=status))
    holder = ctx.state.holders.get(hold.holder_id)
    assert holder is not None, "a holder is never removed"
    holder = holder._replace(held_points=holder.held_points - hold.points)
    assert holder.held_points >= 0, "holds never go below zero"
    ctx.state.holders.put(holder.holder_id, holder)
    return holder


def split(parts: tuple[Part, ...], points: int) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    """The first `points` of `parts`, and the rest."""
    first: list[Part] = []
    rest: list[Part] = []
    for part in parts:
        some = min(points, part.points)
        points -= some
        if some:
            first.append(part._replace(points=some))
        if some < part.points:
            rest.append(part._replace(points=part.points - some))
    return tuple(first), tuple(rest)


KIND = Kind(BUSINESS, touches, apply)
