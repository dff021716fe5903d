"""ReconciliationService: who may ask about whose records, and what the ReconciliationDesk answers.

A party reconciles its own transactions; the operator those of any party; auditors see what was recorded.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Final

import grpc

from coalition.errors import Refused
from coalition.v1 import error_pb2, network_pb2
from coalition.v1 import settlement_reconciliation_pb2 as pb
from coalition.v1.settlement_reconciliation_pb2_grpc import (
    ReconciliationServiceServicer,
    add_ReconciliationServiceServicer_to_server,
)
from partner_sdk.settlement import RecordsMapping
from settlement.intake import Intake
from settlement.reconciliation.desk import Order, ReconciliationDesk
from settlement.reconciliation.limits import JOB_S
from settlement.rpc.access import Caller, Gatekeeper
from settlement.rpc.downloads import SEND_S, Downloads, in_time
from settlement.rpc.server import Offer

#: How long an answer may take that a job is done for first.
_JOB_SENT_S: Final = JOB_S + SEND_S
_SERVICE: Final = pb.DESCRIPTOR.services_by_name["ReconciliationService"].full_name


def reconciliation_offer(
    desk: ReconciliationDesk, intake: Intake, gatekeeper: Gatekeeper, downloads: Downloads
) -> Offer:
    """The service, for a server."""
    servicer = ReconciliationServicer(desk, intake, gatekeeper, downloads)
    return Offer(_SERVICE, lambda server: add_ReconciliationServiceServicer_to_server(servicer, server))


class ReconciliationServicer(ReconciliationServiceServicer):
    """Answers over the network what the ReconciliationDesk knows."""

    def __init__(self, desk: ReconciliationDesk, intake: Intake, gatekeeper: Gatekeeper, downloads: Downloads) -> None:
        self._desk = desk
        self._intake = intake
        self._gatekeeper = gatekeeper
        self._downloads = downloads

    def UploadRecords(
        self, request: pb.UploadRecordsRequest, context: grpc.ServicerContext
    ) -> pb.UploadRecordsResponse:
        _, party_id = self._concerned(request.party_id, context)
        received = self._desk.uploads.add(party_id, request.digest, request.size, request.offset, request.data)
        return pb.UploadRecordsResponse(received=received)

    def InspectRecords(
        self, request: pb.InspectRecordsRequest, context: grpc.ServicerContext
    ) -> Iterator[pb.InspectRecordsResponse]:
        _, party_id = self._concerned(request.party_id, context)
        answer = self._desk.inspect(party_id, request.digest, _mapping(request.mapping))
        yield from in_time(answer, context, _JOB_SENT_S)

    def Reconcile(self, request: pb.ReconcileRequest, context: grpc.ServicerContext) -> Iterator[pb.ReconcileResponse]:
        caller, party_id = self._concerned(request.party_id, context)
        order = Order(
            party_id=party_id,
            digest=request.digest,
            file_name=request.file_name,
            mapping=_mapping(request.mapping) if request.HasField("mapping") else None,
            windows=tuple(request.windows),
            record=request.record,
        )
        yield from in_time(self._desk.reconcile(order, caller.party_id), context, _JOB_SENT_S)

    def GetRecordsMapping(
        self, request: pb.GetRecordsMappingRequest, context: grpc.ServicerContext
    ) -> pb.GetRecordsMappingResponse:
        _, party_id = self._concerned(request.party_id, context)
        return pb.GetRecordsMappingResponse(mapping=self._desk.mapping(party_id))

    def SetRecordsMapping(
        self, request: pb.SetRecordsMappingRequest, context: grpc.ServicerContext
    ) -> pb.SetRecordsMappingResponse:
        caller, party_id = self._concerned(request.party_id, context)
        self._desk.remember(party_id, _mapping(request.mapping), caller.party_id)
        return pb.SetRecordsMappingResponse()

    def ListReconciliations(
        self, request: pb.ListReconciliationsRequest, context: grpc.ServicerContext
    ) -> pb.ListReconciliationsResponse:
        caller = self._gatekeeper.caller(context)
        party_id = request.party_id or (None if caller.sees_all else caller.party_id)
        if party_id is not None:
            _require(caller.sees(party_id), caller, party_id)
        return pb.ListReconciliationsResponse(reconciliations=self._desk.reconciliations(party_id, request.before))

    def GetReconciliation(
        self, request: pb.GetReconciliationRequest, context: grpc.ServicerContext
    ) -> Iterator[pb.GetReconciliationResponse]:
        caller = self._gatekeeper.caller(context)
        with self._downloads.place(caller.party_id):
            found = self._desk.reconciliation(request.reconciliation_id)
            # What a party may not see is as if it were not there.
            if found is None or not caller.sees(found[0].party_id):
                raise Refused(error_pb2.REASON_NOT_FOUND, "There is no such reconciliation.")
            summary, differences = found
            parts = (pb.GetReconciliationResponse(differences=part) for part in differences)
            yield from in_time(chain([pb.GetReconciliationResponse(summary=summary)], parts), context)

    def _concerned(self, named: str, context: grpc.ServicerContext) -> tuple[Caller, str]:
        """Who calls, and whose records are meant. Raises Refused for others' records, unless the operator calls."""
        caller = self._gatekeeper.caller(context)
        party_id = named or caller.party_id
        is_operator = caller.kind == network_pb2.PARTY_KIND_OPERATOR
        _require(is_operator or caller.party_id == party_id, caller, party_id)
        if party_id not in self._intake.directory.parties:
            raise Refused(
                error_pb2.REASON_NOT_FOUND, f"There is no party {party_id[:64]!r}.", {"party_id": party_id[:64]}
            )
        return caller, party_id


def _require(allowed: bool, caller: Caller, party_id: str) -> None:
    if not allowed:
        raise Refused(
            error_pb2.REASON_PERMISSION_DENIED,
            f"{caller.party_id} may not reconcile for {party_id[:64]!r}: a party does so for itself, and the operator.",
            {"party_id": caller.party_id},
        )


def _mapping(message: pb.RecordsMapping) -> RecordsMapping:
    """Raises Refused with FIELD_INVALID for words that this version lacks."""
    try:
        return RecordsMapping.of(message)
    except (KeyError, ValueError) as error:
        text = f"The mapping has a kind, status or sign that is not known here: {error}."
        raise Refused(error_pb2.REASON_FIELD_INVALID, text) from error
