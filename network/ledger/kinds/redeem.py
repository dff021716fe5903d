"""Consumes a holder's points at the author, the acceptor."""

from __future__ import annotations

from coalition.v1 import consent_pb2, network_pb2
from coalition.v1.consent_pb2 import Consent
from coalition.v1.transaction_pb2 import Redeem
from network.ledger.consents import spend_without_consent, use_consent
from network.ledger.context import Context, Effect
from network.ledger.holdings import take_out, use
from network.ledger.kinds.kind import BUSINESS, Kind
from network.ledger.records import Usage
from network.ledger.state import Wanted


def touches(message: Redeem, author: str, transaction_id: bytes, days: tuple[str, ...], wanted: Wanted) -> None:
    wanted.holders.add(message.holder_id)
    if message.HasField("consent"):
        wanted.nonces.add((message.holder_id, Consent.FromString(message.consent.document).nonce))
    for day in days:
        wanted.usage.add((Usage.REDEEMED, message.holder_id, day))
        wanted.usage.add((Usage.UNCONSENTED, author, day))


def apply(ctx: Context, message: Redeem) -> Effect:
    holder = ctx.holder(message.holder_id)
    ctx.require_within_limit(message.points)
    ctx.require_terms()
    if message.HasField("consent"):
        use_consent(ctx, holder, message.consent, consent_pb2.CONSENT_PURPOSE_REDEEM, message.points)
    else:
        spend_without_consent(ctx, holder, message.points)
    if holder.kind == network_pb2.HOLDER_KIND_MEMBER and ctx.policy.redeem_points_per_day_max:
        use(ctx, Usage.REDEEMED, holder.holder_id, message.points, ctx.policy.redeem_points_per_day_max)

    _, parts = take_out(ctx, holder, message.points, redeemed=1)
    return Effect(holder.holder_id, parts)


KIND = Kind(BUSINESS, touches, apply)
