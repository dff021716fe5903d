"""Moves points from a member to a fund: the issuer stays on each lot, expiry is lifted."""

from __future__ import annotations

from coalition.calendar import NEVER
from coalition.v1 import consent_pb2, error_pb2, network_pb2
from coalition.v1.consent_pb2 import Consent
from coalition.v1.transaction_pb2 import Donate
from network.ledger.consents import use_consent
from network.ledger.context import Context, Effect, Rejected
from network.ledger.holdings import put_in, take_out
from network.ledger.kinds.kind import BUSINESS, HUB, Kind
from network.ledger.pledges import give
from network.ledger.records import Holder
from network.ledger.state import Wanted


def touches(message: Donate, author: str, transaction_id: bytes, days: tuple[str, ...], wanted: Wanted) -> None:
    wanted.holders.update((message.holder_id, message.fund_id))
    if message.HasField("consent"):
        wanted.nonces.add((message.holder_id, Consent.FromString(message.consent.document).nonce))


def apply(ctx: Context, message: Donate) -> Effect:
    holder = ctx.holder(message.holder_id)
    fund = ctx.holder(message.fund_id)
    require_kind(holder, network_pb2.HOLDER_KIND_MEMBER)
    require_kind(fund, network_pb2.HOLDER_KIND_FUND)
    ctx.require_within_limit(message.points)
    if message.HasField("consent"):
        if ctx.author.kind == HUB:
            raise Rejected(error_pb2.REASON_PLEDGE_UNKNOWN, holder_id=holder.holder_id)
        _require_running(ctx, fund.holder_id)
        purpose = consent_pb2.CONSENT_PURPOSE_DONATE
        use_consent(ctx, holder, message.consent, purpose, message.points, fund.holder_id)
    else:
        give(ctx, holder.holder_id, message.pledge_id, fund.holder_id, message.points)

    _, parts = take_out(ctx, holder, message.points)
    lifted = tuple(part._replace(expires_on=NEVER) for part in parts)
    fund = put_in(ctx, fund, lifted)
    ctx.state.holders.put(fund.holder_id, fund._replace(raised_points=fund.raised_points + message.points))
    return Effect(holder.holder_id, parts)


def require_kind(holder: Holder, kind: network_pb2.HolderKind.ValueType) -> None:
    """Raises Rejected with HOLDER_KIND_WRONG unless the holder is of this kind."""
    if holder.kind != kind:
        needed = network_pb2.HolderKind.Name(kind).removeprefix("HOLDER_KIND_")
        raise Rejected(error_pb2.REASON_HOLDER_KIND_WRONG, holder_id=holder.holder_id, needed=needed)


def _require_running(ctx: Context, fund_id: str) -> None:
    """A campaign's fund takes donations while the campaign runs; a charity's general fund always does."""
    campaign = ctx.state.reference.campaigns.get(fund_id)
    if campaign is not None and not campaign.starts_on <= ctx.today <= campaign.ends_on:
        raise Rejected(
            error_pb2.REASON_CAMPAIGN_NOT_RUNNING,
            campaign_id=campaign.campaign_id,
            starts_on=campaign.starts_on,
            ends_on=campaign.ends_on,
            day=ctx.today,
        )


KIND = Kind(BUSINESS | {HUB}, touches, apply)
