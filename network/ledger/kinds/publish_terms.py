"""Publishes terms that the party has signed. Later terms keep the network's notice period."""

from __future__ import annotations

from coalition.calendar import add_days
from coalition.v1 import error_pb2, network_pb2
from coalition.v1 import transaction_pb2 as pb
from network.ledger.context import Context, Effect, Rejected
from network.ledger.kinds.kind import BUSINESS, OPERATOR, Kind, touches_nothing
from network.ledger.records import Terms


def apply(ctx: Context, message: pb.PublishTerms) -> Effect:
    offer = network_pb2.Terms.FromString(message.terms.document)
    party = ctx.party(offer.party_id)
    if offer.network_id != ctx.network.network_id:
        raise Rejected(error_pb2.REASON_COUNTERSIGNATURE_MISSING, field="network_id", document=offer.network_id)
    if message.terms.signature.public_key not in party.keys or party.kind not in BUSINESS:
        raise Rejected(error_pb2.REASON_COUNTERSIGNATURE_MISSING, party_id=party.party_id)
    _check_rates(ctx, offer, party.kind)
    versions = ctx.state.reference.terms.get(party.party_id) or ()
    # A party's first terms change nothing that anybody relied on, so they may start at once.
    earliest = add_days(ctx.today, ctx.policy.notice_days) if versions else ctx.today
    if offer.effective_on < earliest:
        raise Rejected(error_pb2.REASON_NOTICE_TOO_SHORT, effective_on=offer.effective_on, earliest=earliest)
    published = Terms(
        party_id=party.party_id,
        effective_on=offer.effective_on,
        sequence=ctx.sequence,
        price_micros=offer.price_micros,
        reimbursement_micros=offer.reimbursement_micros,
        issue_fee_micros=offer.issue_fee_micros,
        prefunded_bps=offer.prefunded_bps,
        outstanding_points_max=offer.outstanding_points_max,
        funding=offer.funding,
        pack_points=offer.pack_points,
        reorder_points=offer.reorder_points,
        alarm_bps=offer.alarm_bps,
    )
    ordered = sorted((*versions, published), key=lambda terms: (terms.effective_on, terms.sequence))
    ctx.state.reference.terms.put(party.party_id, tuple(ordered))
    ctx.changes_reference()
    return Effect()


def _check_rates(ctx: Context, offer: network_pb2.Terms, kind: int) -> None:
    """What an acceptor receives is never more than any issuer pays, and every cause is paid the one published rate.

    Policies that are published already and begin while these terms hold count as well.
    """
    policies = ctx.state.reference.policies_from(offer.effective_on)
    floor = max(policy.price_floor_micros for policy in policies)
    ceiling = min(policy.reimbursement_ceiling_micros for policy in policies)
    if kind == network_pb2.PARTY_KIND_CHARITY:
        ceiling = 0
    for field, value, lowest, highest in (
        ("price_micros", offer.price_micros, floor, offer.price_micros),
        ("reimbursement_micros", offer.reimbursement_micros, 0, ceiling),
    ):
        if not lowest <= value <= highest:
            raise Rejected(error_pb2.REASON_RATE_OUT_OF_RANGE, field=field, value=value, lowest=lowest, highest=highest)


KIND = Kind(frozenset({OPERATOR}), touches_nothing, apply)
