"""Who may take a holder's points: the holder's consent, the hub's word for a one-time code, or policy."""

from __future__ import annotations

from coalition.v1 import consent_pb2, error_pb2, network_pb2
from coalition.v1.consent_pb2 import Consent, ConsentPurpose, HolderOrder
from coalition.v1.envelope_pb2 import SignedDocument
from network.ledger.context import Context, Rejected
from network.ledger.holdings import use
from network.ledger.records import Holder, Usage


def holder_keys(ctx: Context, holder: Holder) -> tuple[bytes, ...]:
    """The keys that speak for a holder; a fund's are those of its charity, and none while that is suspended."""
    if holder.kind == network_pb2.HOLDER_KIND_FUND:
        charity = ctx.party(holder.enrolled_by)
        return charity.keys if charity.status == network_pb2.PARTY_STATUS_ACTIVE else ()
    return holder.keys


def use_consent(
    ctx: Context,
    holder: Holder,
    signed: SignedDocument,
    purpose: ConsentPurpose.ValueType,
    points: int,
    recipient_id: str = "",
) -> None:
    """Spend a consent on a debit. Its signature was checked with the transaction's form.

    Raises Rejected: CONSENT_MISMATCH, CONSENT_KEY_UNKNOWN, CONSENT_EXPIRED, CONSENT_TOO_SMALL, CONSENT_USED.
    """
    consent = Consent.FromString(signed.document)
    for field, given, needed in (
        ("network_id", consent.network_id, ctx.network.network_id),
        ("holder_id", consent.holder_id, holder.holder_id),
        ("acceptor", consent.acceptor, ctx.author.party_id),
        ("purpose", consent.purpose, purpose),
        ("recipient_id", consent.recipient_id, recipient_id),
    ):
        if given != needed:
            raise Rejected(error_pb2.REASON_CONSENT_MISMATCH, field=field, consent=given, transaction=needed)
    key = signed.signature.public_key
    if key not in holder_keys(ctx, holder) and not _hub_vouches(ctx, holder, key, purpose):
        raise Rejected(error_pb2.REASON_CONSENT_KEY_UNKNOWN, holder_id=holder.holder_id)
    if consent.expires_us <= ctx.committed_us:
        raise Rejected(error_pb2.REASON_CONSENT_EXPIRED, expires_us=consent.expires_us, committed_us=ctx.committed_us)
    if points > consent.points_max:
        raise Rejected(error_pb2.REASON_CONSENT_TOO_SMALL, consent=consent.points_max, asked=points)
    use_nonce(ctx, holder.holder_id, consent.nonce)


def spend_without_consent(ctx: Context, holder: Holder, points: int) -> None:
    """A small debit at the acceptor's risk. Raises Rejected: CONSENT_REQUIRED, DAILY_LIMIT."""
    limit = ctx.policy.unconsented_points_max
    if holder.kind != network_pb2.HOLDER_KIND_MEMBER or points > limit:
        raise Rejected(error_pb2.REASON_CONSENT_REQUIRED, asked=points, limit=limit)
    use(ctx, Usage.UNCONSENTED, ctx.author.party_id, points, ctx.policy.unconsented_points_per_day_max)


def use_order(ctx: Context, holder: Holder, signed: SignedDocument) -> None:
    """Carry out a holder's order about its own account, once.

    Raises Rejected: CONSENT_MISMATCH, CONSENT_KEY_UNKNOWN, CONSENT_EXPIRED, CONSENT_USED.
    """
    order = HolderOrder.FromString(signed.document)
    check_signer(ctx, holder, order.network_id, signed)
    if order.expires_us <= ctx.committed_us:
        raise Rejected(error_pb2.REASON_CONSENT_EXPIRED, expires_us=order.expires_us, committed_us=ctx.committed_us)
    use_nonce(ctx, holder.holder_id, order.nonce)


def check_signer(ctx: Context, holder: Holder, network_id: str, signed: SignedDocument) -> None:
    """Raises Rejected unless a document is of this network and signed by a key of the holder."""
    if network_id != ctx.network.network_id:
        raise Rejected(
            error_pb2.REASON_CONSENT_MISMATCH,
            field="network_id",
            consent=network_id,
            transaction=ctx.network.network_id,
        )
    if signed.signature.public_key not in holder_keys(ctx, holder):
        raise Rejected(error_pb2.REASON_CONSENT_KEY_UNKNOWN, holder_id=holder.holder_id)


def use_nonce(ctx: Context, who: str, nonce: bytes) -> None:
    """Raises Rejected with CONSENT_USED when a document of `who` with this nonce was used before."""
    used = ctx.state.nonces.get((who, nonce))
    if used is not None:
        raise Rejected(error_pb2.REASON_CONSENT_USED, sequence=used)
    ctx.state.nonces.put((who, nonce), ctx.sequence)


def _hub_vouches(ctx: Context, holder: Holder, key: bytes, purpose: ConsentPurpose.ValueType) -> bool:
    """A member's one-time code that the hub has checked stands for a consent to redeem."""
    if holder.kind != network_pb2.HOLDER_KIND_MEMBER or purpose != consent_pb2.CONSENT_PURPOSE_REDEEM:
        return False
    return key in ctx.party(ctx.network.hub).keys
