"""Adds and removes a holder's keys: on the holder's order, or by those who may when it cannot give one."""

from __future__ import annotations

from typing import Final

from coalition.form.checks import HOLDER_KEYS_MAX
from coalition.v1 import error_pb2, network_pb2
from coalition.v1 import transaction_pb2 as pb
from coalition.v1.consent_pb2 import HolderOrder
from network.ledger.consents import use_order
from network.ledger.context import Context, Effect, Rejected
from network.ledger.kinds.donate import require_kind
from network.ledger.kinds.kind import BUSINESS, OPERATOR, Kind
from network.ledger.records import Holder
from network.ledger.state import Wanted

#: The operator speaks for a holder that lost its keys only with two people's signatures.
RECOVERY_SIGNATURES: Final = 2


def touches(
    message: pb.AddKey | pb.RemoveKey, author: str, transaction_id: bytes, days: tuple[str, ...], wanted: Wanted
) -> None:
    wanted.holders.add(message.holder_id)
    if message.HasField("order"):
        wanted.nonces.add((message.holder_id, HolderOrder.FromString(message.order.document).nonce))


def add(ctx: Context, message: pb.AddKey) -> Effect:
    holder = _authorised(ctx, message, first_key=True)
    if message.public_key in holder.keys:
        raise Rejected(error_pb2.REASON_KEY_EXISTS, holder_id=holder.holder_id)
    if len(holder.keys) >= HOLDER_KEYS_MAX:
        raise Rejected(error_pb2.REASON_KEY_EXISTS, holder_id=holder.holder_id, limit=HOLDER_KEYS_MAX)
    ctx.state.holders.put(holder.holder_id, holder._replace(keys=(*holder.keys, message.public_key)))
    return Effect(holder.holder_id)


def remove(ctx: Context, message: pb.RemoveKey) -> Effect:
    holder = _authorised(ctx, message, first_key=False)
    if message.public_key not in holder.keys:
        raise Rejected(error_pb2.REASON_CONSENT_KEY_UNKNOWN, holder_id=holder.holder_id)
    keys = tuple(key for key in holder.keys if key != message.public_key)
    if not keys:
        raise Rejected(error_pb2.REASON_LAST_KEY, holder_id=holder.holder_id)
    ctx.state.holders.put(holder.holder_id, holder._replace(keys=keys))
    return Effect(holder.holder_id)


def _authorised(ctx: Context, message: pb.AddKey | pb.RemoveKey, *, first_key: bool) -> Holder:
    """The member whose keys the author may change. Raises Rejected with ORDER_REQUIRED."""
    holder = ctx.holder(message.holder_id)
    require_kind(holder, network_pb2.HOLDER_KIND_MEMBER)
    recovers = ctx.author.kind == OPERATOR and ctx.signatures >= RECOVERY_SIGNATURES
    gives_first = first_key and not holder.keys and holder.enrolled_by == ctx.author.party_id
    if message.HasField("order"):
        use_order(ctx, holder, message.order)
    elif not recovers and not gives_first:
        raise Rejected(error_pb2.REASON_ORDER_REQUIRED, holder_id=holder.holder_id)
    return holder


ADD_KEY = Kind(BUSINESS | {OPERATOR}, touches, add)
REMOVE_KEY = Kind(BUSINESS | {OPERATOR}, touches, remove)
