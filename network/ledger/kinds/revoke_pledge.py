"""Ends a standing consent. What it accrued and has not given stays with the holder."""

from __future__ import annotations

from coalition.v1 import transaction_pb2 as pb
from coalition.v1.consent_pb2 import HolderOrder
from network.ledger.consents import use_order
from network.ledger.context import Context, Effect
from network.ledger.kinds.kind import BUSINESS, Kind
from network.ledger.pledges import find, replace
from network.ledger.records import PledgeStatus
from network.ledger.state import Wanted


def touches(
    message: pb.RevokePledge, author: str, transaction_id: bytes, days: tuple[str, ...], wanted: Wanted
) -> None:
    order = HolderOrder.FromString(message.order.document)
    wanted.holders.add(order.holder_id)
    wanted.nonces.add((order.holder_id, order.nonce))


def apply(ctx: Context, message: pb.RevokePledge) -> Effect:
    holder = ctx.holder(HolderOrder.FromString(message.order.document).holder_id)
    pledge = find(ctx.state.pledges.get(holder.holder_id) or (), message.pledge_id)
    use_order(ctx, holder, message.order)
    replace(ctx, holder.holder_id, pledge._replace(status=PledgeStatus.REVOKED, due_points=0))
    return Effect(holder.holder_id)


KIND = Kind(BUSINESS, touches, apply)
