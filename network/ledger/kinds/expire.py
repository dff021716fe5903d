"""Removes points past their date. They could not be spent since; this tells the issuer so."""

from __future__ import annotations

from coalition.v1 import error_pb2
from coalition.v1 import transaction_pb2 as pb
from network.ledger.context import Context, Effect, Rejected
from network.ledger.holdings import lots_of, take_any
from network.ledger.kinds.kind import HUB, Kind
from network.ledger.records import Part
from network.ledger.state import Wanted


def touches(message: pb.Expire, author: str, transaction_id: bytes, days: tuple[str, ...], wanted: Wanted) -> None:
    wanted.holders.update(message.holder_ids)


def apply(ctx: Context, message: pb.Expire) -> Effect:
    if message.through >= ctx.today:
        raise Rejected(error_pb2.REASON_NOT_DUE, through=message.through, day=ctx.today)
    sums: dict[tuple[str, str], int] = {}
    for holder_id in message.holder_ids:
        holder = ctx.holder(holder_id)
        lots = lots_of(ctx, holder_id)
        _, parts, _ = take_any(
            ctx, holder, lots, holder.points, lambda lot: lot.expires_on <= message.through, expired=1
        )
        for part in parts:
            key = (part.issuer, part.expires_on)
            sums[key] = sums.get(key, 0) + part.points
    if not sums:
        raise Rejected(error_pb2.REASON_NOT_DUE, through=message.through, day=ctx.today)
    return Effect(parts=tuple(Part(*key, points) for key, points in sorted(sums.items())))


KIND = Kind(frozenset({HUB}), touches, apply)
