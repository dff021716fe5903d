"""Records a standing consent."""

from __future__ import annotations

from typing import Final

from coalition.v1 import error_pb2, network_pb2
from coalition.v1 import transaction_pb2 as pb
from coalition.v1.consent_pb2 import PledgeOffer
from network.ledger.consents import check_signer, use_nonce
from network.ledger.context import Context, Effect, Rejected
from network.ledger.kinds.donate import require_kind
from network.ledger.kinds.kind import BUSINESS, Kind
from network.ledger.pledges import ALL_BPS
from network.ledger.records import Pledge, PledgeStatus
from network.ledger.state import Wanted

#: Every issue to a holder updates each of its pledges.
PLEDGES_MAX: Final = 16
#: Ended ones count too: they are loaded with the holder, whatever is done with it.
PLEDGES_EVER_MAX: Final = 256


def touches(message: pb.Pledge, author: str, transaction_id: bytes, days: tuple[str, ...], wanted: Wanted) -> None:
    offer = PledgeOffer.FromString(message.offer.document)
    wanted.holders.update((offer.holder_id, offer.fund_id))
    wanted.nonces.add((offer.holder_id, offer.nonce))


def apply(ctx: Context, message: pb.Pledge) -> Effect:
    offer = PledgeOffer.FromString(message.offer.document)
    holder = ctx.holder(offer.holder_id)
    fund = ctx.holder(offer.fund_id)
    require_kind(holder, network_pb2.HOLDER_KIND_MEMBER)
    require_kind(fund, network_pb2.HOLDER_KIND_FUND)
    check_signer(ctx, holder, offer.network_id, message.offer)
    campaign = ctx.state.reference.campaigns.get(fund.holder_id)
    last = campaign.ends_on if campaign is not None else offer.ends_on
    if not ctx.today <= offer.ends_on <= last:
        raise Rejected(error_pb2.REASON_DATE_INVALID, ends_on=offer.ends_on, first=ctx.today, last=last)
    use_nonce(ctx, holder.holder_id, offer.nonce)

    pledges = ctx.state.pledges.get(holder.holder_id) or ()
    if any(pledge.pledge_id == ctx.transaction_id for pledge in pledges):
        raise Rejected(error_pb2.REASON_PLEDGE_EXISTS, pledge_id=ctx.transaction_id.hex())
    running = [pledge for pledge in pledges if pledge.status == PledgeStatus.ACTIVE and pledge.ends_on >= ctx.today]
    if len(running) >= PLEDGES_MAX:
        raise Rejected(error_pb2.REASON_PLEDGE_LIMIT, limit=PLEDGES_MAX)
    if len(pledges) >= PLEDGES_EVER_MAX:
        raise Rejected(error_pb2.REASON_PLEDGE_LIMIT, limit=PLEDGES_EVER_MAX)
    share = sum(pledge.share_bps for pledge in running) + offer.share_bps
    if share > ALL_BPS:
        raise Rejected(error_pb2.REASON_PLEDGE_LIMIT, share_bps=share, limit=ALL_BPS)
    pledge = Pledge(
        pledge_id=ctx.transaction_id,
        fund_id=fund.holder_id,
        share_bps=offer.share_bps,
        points_max=offer.points_max,
        ends_on=offer.ends_on,
        status=PledgeStatus.ACTIVE,
        granted_us=ctx.committed_us,
        accrued_bps=0,
        donated_points=0,
        due_points=0,
    )
    ctx.state.pledges.put(holder.holder_id, (*pledges, pledge))
    return Effect(holder.holder_id)


KIND = Kind(BUSINESS, touches, apply)
