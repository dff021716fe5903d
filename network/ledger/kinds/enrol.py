"""Opens an account: a member's by any business, a fund by the charity that owns it."""

from __future__ import annotations

from coalition.v1 import error_pb2, network_pb2
from coalition.v1 import transaction_pb2 as pb
from network.ledger.context import Context, Effect, Rejected
from network.ledger.kinds.kind import BUSINESS, CHARITY, Kind
from network.ledger.records import Holder
from network.ledger.state import Wanted


def touches(message: pb.Enrol, author: str, transaction_id: bytes, days: tuple[str, ...], wanted: Wanted) -> None:
    wanted.holders.add(message.holder_id)
    if message.alias:
        wanted.aliases.add(message.alias)


def apply(ctx: Context, message: pb.Enrol) -> Effect:
    if message.kind == network_pb2.HOLDER_KIND_FUND and ctx.author.kind != CHARITY:
        raise Rejected(error_pb2.REASON_HOLDER_KIND_WRONG, holder_id=message.holder_id, needed="MEMBER")
    if message.alias:
        take_alias(ctx, message.alias, message.holder_id)
    open_account(ctx, message.holder_id, message.kind, ctx.author.party_id, tuple(message.public_keys))
    return Effect(message.holder_id)


def open_account(ctx: Context, holder_id: str, kind: int, enrolled_by: str, keys: tuple[bytes, ...]) -> None:
    """Raises Rejected with HOLDER_EXISTS: an id is never used again, not even after the account was closed."""
    if ctx.state.holders.get(holder_id) is not None:
        raise Rejected(error_pb2.REASON_HOLDER_EXISTS, holder_id=holder_id)
    holder = Holder(
        holder_id=holder_id,
        kind=kind,
        status=network_pb2.HOLDER_STATUS_ACTIVE,
        enrolled_by=enrolled_by,
        keys=keys,
        points=0,
        held_points=0,
        raised_points=0,
    )
    ctx.state.holders.put(holder_id, holder)


def take_alias(ctx: Context, alias: str, holder_id: str) -> None:
    """Raises Rejected with ALIAS_TAKEN."""
    if ctx.state.aliases.get(alias) is not None:
        raise Rejected(error_pb2.REASON_ALIAS_TAKEN, alias=alias)
    ctx.state.aliases.put(alias, holder_id)


KIND = Kind(BUSINESS, touches, apply)
