"""DisputeService: parties take steps that they have signed, and see disputes of which they are a side."""

from __future__ import annotations

from typing import Final

import grpc

from coalition.v1 import settlement_disputes_pb2 as pb
from coalition.v1.envelope_pb2 import Signature, SignedDocument
from coalition.v1.settlement_disputes_pb2_grpc import DisputeServiceServicer, add_DisputeServiceServicer_to_server
from settlement.disputes.adjustments import Adjustment
from settlement.disputes.desk import DisputeDesk
from settlement.disputes.dispute import Event
from settlement.disputes.step import Claim
from settlement.rpc.access import Caller, Gatekeeper
from settlement.rpc.server import Offer
from settlement.store.disputes import DisputeQuery, DisputeRecord

#: Disputes in one answer.
PAGE_MAX: Final = 200
_SERVICE: Final = pb.DESCRIPTOR.services_by_name["DisputeService"].full_name


def disputes_offer(desk: DisputeDesk, gatekeeper: Gatekeeper) -> Offer:
    """The service, for a server."""
    servicer = DisputeServicer(desk, gatekeeper)
    return Offer(_SERVICE, lambda server: add_DisputeServiceServicer_to_server(servicer, server))


class DisputeServicer(DisputeServiceServicer):
    """Answers over the network what the DisputeDesk knows."""

    def __init__(self, desk: DisputeDesk, gatekeeper: Gatekeeper) -> None:
        self._desk = desk
        self._gatekeeper = gatekeeper

    def TakeDisputeStep(
        self, request: pb.TakeDisputeStepRequest, context: grpc.ServicerContext
    ) -> pb.TakeDisputeStepResponse:
        caller = self._gatekeeper.caller(context)
        record = self._desk.take(request.step, caller.party_id)
        return pb.TakeDisputeStepResponse(dispute=dispute_message(record))

    def GetDispute(self, request: pb.GetDisputeRequest, context: grpc.ServicerContext) -> pb.GetDisputeResponse:
        caller = self._gatekeeper.caller(context)
        parties = None if caller.sees_all else (caller.party_id,)
        record = self._desk.dispute(request.dispute_id, parties)
        return pb.GetDisputeResponse(dispute=dispute_message(record))

    def ListDisputes(self, request: pb.ListDisputesRequest, context: grpc.ServicerContext) -> pb.ListDisputesResponse:
        caller = self._gatekeeper.caller(context)
        size = min(request.page_size or PAGE_MAX, PAGE_MAX)
        # One more than a page tells whether there is another.
        records = self._desk.disputes(_query(request, caller, size + 1))
        page = records[:size]
        return pb.ListDisputesResponse(
            disputes=[dispute_message(record, with_events=False) for record in page],
            next_after_number=page[-1].dispute.number if len(records) > size else 0,
        )


def _query(request: pb.ListDisputesRequest, caller: Caller, limit: int) -> DisputeQuery:
    return DisputeQuery(
        party_id="" if caller.sees_all else caller.party_id,
        window=request.window,
        open_only=request.open_only,
        after_number=request.after_number,
        limit=limit,
    )


def dispute_message(record: DisputeRecord, *, with_events: bool = True) -> pb.Dispute:
    """A dispute; its events carry every step as it was signed."""
    dispute, now = record
    return pb.Dispute(
        dispute_id=dispute.dispute_id,
        number=dispute.number,
        state=now.state,
        raiser=dispute.raiser,
        claim=_claim(dispute.claim),
        window=dispute.window,
        raised_us=dispute.raised_us,
        since_us=now.since_us,
        due_us=now.due_us,
        offered_micros=now.offered_micros,
        ruled_micros=now.ruling.amount_micros if now.ruling else 0,
        accepted_micros=now.accepted_micros,
        seen_digest=dispute.steps[-1].step.digest,
        events=map(_event, now.events) if with_events else (),
        adjustments=map(_adjustment, dispute.adjustments),
        problem=now.problem,
    )


def _claim(claim: Claim) -> pb.DisputeClaim:
    return pb.DisputeClaim(
        sequence=claim.sequence,
        respondent=claim.respondent,
        reason=claim.reason,
        points=claim.points,
        amount_micros=claim.amount_micros,
    )


def _event(event: Event) -> pb.DisputeEvent:
    step = event.step
    if step is None:
        return pb.DisputeEvent(state=event.state, at_us=event.at_us)
    signature = Signature(public_key=step.public_key, signature=step.signature)
    signed = SignedDocument(document=step.document, signature=signature)
    return pb.DisputeEvent(state=event.state, at_us=event.at_us, step=signed)


def _adjustment(adjustment: Adjustment) -> pb.DisputeAdjustment:
    return pb.DisputeAdjustment(
        sequence=adjustment.sequence,
        window=adjustment.window,
        committed_us=adjustment.committed_us,
        debtor=adjustment.owing.debtor,
        creditor=adjustment.owing.creditor,
        amount_micros=adjustment.owing.amount_micros,
    )
