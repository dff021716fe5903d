"""Orders packs of points, ahead. Settlement books their price; here nothing moves, and issues go on without them."""

from __future__ import annotations

from coalition.form.checks import PACKS_MICROS_MAX
from coalition.v1 import error_pb2, network_pb2
from coalition.v1 import transaction_pb2 as pb
from network.ledger.context import Context, Effect, Rejected
from network.ledger.kinds.kind import BUSINESS, Kind, touches_nothing


def apply(ctx: Context, message: pb.OrderPack) -> Effect:
    terms = ctx.require_terms()
    if terms.funding != network_pb2.FUNDING_PACKS:
        raise Rejected(
            error_pb2.REASON_PACKS_NOT_AGREED, party_id=terms.party_id, day=ctx.today, effective_on=terms.effective_on
        )
    points, limit = message.packs * terms.pack_points, PACKS_MICROS_MAX // max(terms.price_micros, 1)
    if points > limit:
        raise Rejected(error_pb2.REASON_TRANSACTION_LIMIT, points=points, limit=limit)
    return Effect()


KIND = Kind(BUSINESS, touches_nothing, apply)
