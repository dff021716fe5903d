"""Ties a card number or the like to a holder, or unties it."""

from __future__ import annotations

from coalition.v1 import error_pb2
from coalition.v1 import transaction_pb2 as pb
from network.ledger.context import Context, Effect, Rejected
from network.ledger.kinds.enrol import take_alias
from network.ledger.kinds.kind import BUSINESS, OPERATOR, Kind
from network.ledger.state import Wanted


def touches(message: pb.SetAlias, author: str, transaction_id: bytes, days: tuple[str, ...], wanted: Wanted) -> None:
    wanted.holders.add(message.holder_id)
    wanted.aliases.add(message.alias)


def apply(ctx: Context, message: pb.SetAlias) -> Effect:
    holder = ctx.holder(message.holder_id)
    if ctx.author.kind != OPERATOR and holder.enrolled_by != ctx.author.party_id:
        raise Rejected(error_pb2.REASON_ORDER_REQUIRED, holder_id=holder.holder_id, enrolled_by=holder.enrolled_by)
    if not message.remove:
        take_alias(ctx, message.alias, holder.holder_id)
    elif ctx.state.aliases.get(message.alias) == holder.holder_id:
        ctx.state.aliases.put(message.alias, None)
    else:
        raise Rejected(error_pb2.REASON_ALIAS_UNKNOWN, alias=message.alias, holder_id=holder.holder_id)
    return Effect(holder.holder_id)


KIND = Kind(BUSINESS | {OPERATOR}, touches, apply)
