"""Opens a charity's campaign and its fund."""

from __future__ import annotations

from coalition.v1 import error_pb2, network_pb2
from coalition.v1 import transaction_pb2 as pb
from coalition.v1.network_pb2 import CampaignOffer
from network.ledger.context import Context, Effect, Rejected
from network.ledger.kinds.enrol import open_account
from network.ledger.kinds.kind import CHARITY, OPERATOR, Kind
from network.ledger.records import Campaign
from network.ledger.state import Wanted


def touches(
    message: pb.OpenCampaign, author: str, transaction_id: bytes, days: tuple[str, ...], wanted: Wanted
) -> None:
    wanted.holders.add(CampaignOffer.FromString(message.campaign.document).fund_id)


def apply(ctx: Context, message: pb.OpenCampaign) -> Effect:
    offer = CampaignOffer.FromString(message.campaign.document)
    charity = ctx.party(offer.charity)
    if offer.network_id != ctx.network.network_id:
        raise Rejected(error_pb2.REASON_COUNTERSIGNATURE_MISSING, field="network_id", document=offer.network_id)
    if message.campaign.signature.public_key not in charity.keys or charity.kind != CHARITY:
        raise Rejected(error_pb2.REASON_COUNTERSIGNATURE_MISSING, party_id=charity.party_id)
    if offer.ends_on < ctx.today:
        raise Rejected(error_pb2.REASON_DATE_INVALID, ends_on=offer.ends_on, first=ctx.today)
    campaigns = ctx.state.reference.campaigns
    if any(campaign and campaign.campaign_id == offer.campaign_id for campaign in campaigns.rows.values()):
        raise Rejected(error_pb2.REASON_CAMPAIGN_EXISTS, campaign_id=offer.campaign_id)
    open_account(ctx, offer.fund_id, network_pb2.HOLDER_KIND_FUND, charity.party_id, ())
    campaign = Campaign(
        fund_id=offer.fund_id,
        campaign_id=offer.campaign_id,
        charity=charity.party_id,
        title=offer.title,
        goal_points=offer.goal_points,
        starts_on=offer.starts_on,
        ends_on=offer.ends_on,
    )
    campaigns.put(offer.fund_id, campaign)
    ctx.changes_reference()
    return Effect(offer.fund_id)


KIND = Kind(frozenset({OPERATOR}), touches, apply)
