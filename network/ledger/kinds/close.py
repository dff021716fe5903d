"""Closes an empty account: a member's on its order, a fund by its charity."""

from __future__ import annotations

from coalition.v1 import error_pb2, network_pb2
from coalition.v1 import transaction_pb2 as pb
from coalition.v1.consent_pb2 import HolderOrder
from network.ledger.consents import use_order
from network.ledger.context import Context, Effect, Rejected
from network.ledger.kinds.kind import BUSINESS, Kind
from network.ledger.state import Wanted


def touches(message: pb.Close, author: str, transaction_id: bytes, days: tuple[str, ...], wanted: Wanted) -> None:
    wanted.holders.add(message.holder_id)
    if message.HasField("order"):
        wanted.nonces.add((message.holder_id, HolderOrder.FromString(message.order.document).nonce))


def apply(ctx: Context, message: pb.Close) -> Effect:
    holder = ctx.holder(message.holder_id)
    owns = holder.kind == network_pb2.HOLDER_KIND_FUND and holder.enrolled_by == ctx.author.party_id
    if message.HasField("order"):
        use_order(ctx, holder, message.order)
    elif not owns:
        raise Rejected(error_pb2.REASON_ORDER_REQUIRED, holder_id=holder.holder_id)
    if holder.points or holder.held_points:
        raise Rejected(
            error_pb2.REASON_HOLDER_NOT_EMPTY,
            holder_id=holder.holder_id,
            points=holder.points,
            held=holder.held_points,
        )
    ctx.state.holders.put(holder.holder_id, holder._replace(status=network_pb2.HOLDER_STATUS_CLOSED))
    return Effect(holder.holder_id)


KIND = Kind(BUSINESS, touches, apply)
