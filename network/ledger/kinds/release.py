"""Gives held points back: the author of the hold at any time, the hub once the hold has expired."""

from __future__ import annotations

from coalition.v1 import error_pb2
from coalition.v1 import transaction_pb2 as pb
from network.ledger.context import Context, Effect, Rejected
from network.ledger.holdings import put_in
from network.ledger.kinds.capture import open_hold, resolve
from network.ledger.kinds.kind import BUSINESS, HUB, Kind
from network.ledger.records import HoldStatus
from network.ledger.state import Wanted


def touches(message: pb.Release, author: str, transaction_id: bytes, days: tuple[str, ...], wanted: Wanted) -> None:
    wanted.holds.add((message.acceptor, message.hold_id))


def apply(ctx: Context, message: pb.Release) -> Effect:
    by_hub = ctx.author.kind == HUB
    if not by_hub and message.acceptor != ctx.author.party_id:
        raise Rejected(error_pb2.REASON_HOLD_UNKNOWN, hold_id=message.hold_id.hex())
    hold = open_hold(ctx, message.acceptor, message.hold_id)
    if by_hub and hold.expires_us > ctx.committed_us:
        raise Rejected(error_pb2.REASON_HOLD_NOT_EXPIRED, expires_us=hold.expires_us, committed_us=ctx.committed_us)

    holder = resolve(ctx, hold, HoldStatus.RELEASED)
    put_in(ctx, holder, hold.parts)
    return Effect(hold.holder_id, hold.parts)


KIND = Kind(BUSINESS | {HUB}, touches, apply)
