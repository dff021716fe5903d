"""Moves points between members, where policy allows it. Issuer and expiry stay."""

from __future__ import annotations

from coalition.v1 import consent_pb2, error_pb2, network_pb2
from coalition.v1.consent_pb2 import Consent
from coalition.v1.transaction_pb2 import Transfer
from network.ledger.consents import use_consent
from network.ledger.context import Context, Effect, Rejected
from network.ledger.holdings import put_in, take_out, use
from network.ledger.kinds.donate import require_kind
from network.ledger.kinds.kind import BUSINESS, Kind
from network.ledger.records import Usage
from network.ledger.state import Wanted


def touches(message: Transfer, author: str, transaction_id: bytes, days: tuple[str, ...], wanted: Wanted) -> None:
    wanted.holders.update((message.holder_id, message.recipient_id))
    wanted.nonces.add((message.holder_id, Consent.FromString(message.consent.document).nonce))
    wanted.usage.update((Usage.TRANSFERRED, message.holder_id, day) for day in days)


def apply(ctx: Context, message: Transfer) -> Effect:
    holder = ctx.holder(message.holder_id)
    recipient = ctx.holder(message.recipient_id)
    require_kind(holder, network_pb2.HOLDER_KIND_MEMBER)
    require_kind(recipient, network_pb2.HOLDER_KIND_MEMBER)
    ctx.require_within_limit(message.points)
    limit = ctx.policy.transfer_points_max
    if message.points > limit:
        raise Rejected(error_pb2.REASON_TRANSFER_NOT_ALLOWED, asked=message.points, limit=limit)
    purpose = consent_pb2.CONSENT_PURPOSE_TRANSFER
    use_consent(ctx, holder, message.consent, purpose, message.points, recipient.holder_id)
    use(ctx, Usage.TRANSFERRED, holder.holder_id, message.points, ctx.policy.transfer_points_per_day_max)

    _, parts = take_out(ctx, holder, message.points)
    put_in(ctx, recipient, parts)
    return Effect(holder.holder_id, parts)


KIND = Kind(BUSINESS, touches, apply)
