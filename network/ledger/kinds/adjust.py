"""Corrections, never edits: two people of the operator sign, and the journal keeps why."""

from __future__ import annotations

from coalition.v1 import error_pb2
from coalition.v1 import transaction_pb2 as pb
from network.ledger.context import Context, Effect, Rejected
from network.ledger.holdings import lots_of, put_in, take_any
from network.ledger.kinds.issue import expiry_of
from network.ledger.kinds.kind import BUSINESS, OPERATOR, Kind
from network.ledger.records import Part
from network.ledger.state import Wanted


def touches(message: pb.Adjust, author: str, transaction_id: bytes, days: tuple[str, ...], wanted: Wanted) -> None:
    if message.HasField("points"):
        wanted.holders.add(message.points.holder_id)
        wanted.totals.add(message.points.issuer)


def apply(ctx: Context, message: pb.Adjust) -> Effect:
    if message.HasField("obligation"):
        ctx.party(message.obligation.debtor)
        ctx.party(message.obligation.creditor)
        return Effect()
    correction = message.points
    holder = ctx.holder(correction.holder_id)
    if ctx.party(correction.issuer).kind not in BUSINESS:
        raise Rejected(error_pb2.REASON_PARTY_UNKNOWN, party_id=correction.issuer, needed="PARTNER or CHARITY")
    if correction.points > 0:
        parts: tuple[Part, ...] = (Part(correction.issuer, expiry_of(ctx, holder.kind), correction.points),)
        put_in(ctx, holder, parts, adjusted=1)
        return Effect(holder.holder_id, parts)
    lots = lots_of(ctx, holder.holder_id)
    asked = -correction.points
    _, parts, missing = take_any(ctx, holder, lots, asked, lambda lot: lot.issuer == correction.issuer, adjusted=-1)
    if missing:
        raise Rejected(
            error_pb2.REASON_INSUFFICIENT_POINTS, holder_id=holder.holder_id, available=asked - missing, asked=asked
        )
    return Effect(holder.holder_id, parts)


KIND = Kind(frozenset({OPERATOR}), touches, apply, signatures=2)
