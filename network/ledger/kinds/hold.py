"""Sets points aside for the author. A hold resolves exactly once: captured, released, or timed out."""

from __future__ import annotations

from coalition.clock import US_PER_S
from coalition.v1 import consent_pb2, error_pb2, network_pb2
from coalition.v1 import transaction_pb2 as pb
from coalition.v1.consent_pb2 import Consent
from network.ledger.consents import use_consent
from network.ledger.context import Context, Effect, Rejected
from network.ledger.holdings import take_out, use
from network.ledger.kinds.kind import BUSINESS, Kind
from network.ledger.records import Hold, HoldStatus, Usage
from network.ledger.state import Wanted


def touches(message: pb.Hold, author: str, transaction_id: bytes, days: tuple[str, ...], wanted: Wanted) -> None:
    wanted.holders.add(message.holder_id)
    wanted.holds.add((author, transaction_id))
    wanted.nonces.add((message.holder_id, Consent.FromString(message.consent.document).nonce))
    wanted.usage.update((Usage.REDEEMED, message.holder_id, day) for day in days)


def apply(ctx: Context, message: pb.Hold) -> Effect:
    holder = ctx.holder(message.holder_id)
    ctx.require_within_limit(message.points)
    ctx.require_terms()
    longest_us = ctx.policy.hold_lifetime_max_s * US_PER_S
    if not 0 < message.expires_us - ctx.committed_us <= longest_us:
        raise Rejected(
            error_pb2.REASON_HOLD_LIFETIME, expires_us=message.expires_us, latest_us=ctx.committed_us + longest_us
        )
    use_consent(ctx, holder, message.consent, consent_pb2.CONSENT_PURPOSE_REDEEM, message.points)
    if holder.kind == network_pb2.HOLDER_KIND_MEMBER and ctx.policy.redeem_points_per_day_max:
        use(ctx, Usage.REDEEMED, holder.holder_id, message.points, ctx.policy.redeem_points_per_day_max)

    holder, parts = take_out(ctx, holder, message.points, in_holds=1)
    ctx.state.holders.put(holder.holder_id, holder._replace(held_points=holder.held_points + message.points))
    key = (ctx.author.party_id, ctx.transaction_id)
    hold = Hold(*key, holder.holder_id, message.points, message.expires_us, HoldStatus.OPEN, parts)
    ctx.state.holds.put(key, hold)
    return Effect(holder.holder_id, parts)


KIND = Kind(BUSINESS, touches, apply)
