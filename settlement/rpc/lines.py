"""LinesService: what a window's figures are the sums of, down to the journal's entry and its proof."""

from __future__ import annotations

import re
from typing import Final

import grpc

from coalition.errors import FieldViolation, Refused
from coalition.merkle import leaf_hash
from coalition.v1 import error_pb2
from coalition.v1 import settlement_lines_pb2 as pb
from coalition.v1.settlement_lines_pb2_grpc import LinesServiceServicer, add_LinesServiceServicer_to_server
from settlement.clearing.movements import MovementKind
from settlement.rpc.access import Caller, Gatekeeper
from settlement.rpc.server import Offer
from settlement.store.checkpoints import signed_over
from settlement.store.database import Database
from settlement.store.entries import read_entry
from settlement.store.lines import Choice, Line, lines_of_entry, list_lines
from settlement.store.tree import audit_path, node_reader

PAGE_DEFAULT: Final = 100
PAGE_MAX: Final = 500
_TOKEN: Final = re.compile(r"([0-9]{1,18})\.([0-9]{1,9})")


SERVICE: Final = pb.DESCRIPTOR.services_by_name["LinesService"].full_name


class LinesServicer(LinesServiceServicer):
    """Answers from the service's own copy of the journal."""

    def __init__(self, database: Database, gatekeeper: Gatekeeper) -> None:
        self._database = database
        self._gatekeeper = gatekeeper

    def ListLines(self, request: pb.ListLinesRequest, context: grpc.ServicerContext) -> pb.ListLinesResponse:
        caller = self._gatekeeper.caller(context)
        size, after = _page(request)
        with self._database.read() as connection:
            lines = list(list_lines(connection, _choice(request, caller), after=after, limit=size + 1))
        more = len(lines) > size
        return pb.ListLinesResponse(
            lines=[line_message(line, caller) for line in lines[:size]],
            next_page_token=f"{lines[size - 1].sequence}.{lines[size - 1].part}" if more else "",
        )

    def GetEntry(self, request: pb.GetEntryRequest, context: grpc.ServicerContext) -> pb.GetEntryResponse:
        caller = self._gatekeeper.caller(context)
        with self._database.read() as connection:
            entry = read_entry(connection, request.sequence)
            lines = () if entry is None else lines_of_entry(connection, entry.sequence)
            seen = [line for line in lines if caller.sees(line.movement.issuer, line.movement.counterparty)]
            # What a party may not see is as if it were not there: sequences of others tell nothing.
            if entry is None or not (seen or caller.sees(entry.author)):
                raise Refused(
                    error_pb2.REASON_NOT_FOUND,
                    f"There is no entry {request.sequence} that concerns {caller.party_id}, as far as has been read.",
                    {"sequence": str(request.sequence)},
                )
            signed = signed_over(connection, entry.window)
            assert signed is not None, "a checkpoint comes with the entries that it covers"
            size, note = signed
            path = audit_path(node_reader(connection), entry.sequence, size)
        return pb.GetEntryResponse(
            sequence=entry.sequence,
            window=entry.window,
            lines=[line_message(line, caller) for line in seen],
            entry=entry.raw if caller.sees(entry.author) else b"",
            leaf_hash=leaf_hash(entry.raw),
            path=path,
            checkpoint=note,
        )


def lines_offer(database: Database, gatekeeper: Gatekeeper) -> Offer:
    """The service, for the server."""
    servicer = LinesServicer(database, gatekeeper)
    return Offer(SERVICE, lambda server: add_LinesServiceServicer_to_server(servicer, server))


def line_message(line: Line, caller: Caller) -> pb.Line:
    """A line. What the author wrote about its customer is for the author, what the issuer pays beyond the
    reimbursement for the issuer; operator and auditors see both."""
    moved = line.movement
    message = pb.Line(
        sequence=line.sequence,
        part=line.part,
        window=line.window,
        committed_us=line.committed_us,
        kind=pb.MovementKind.ValueType(moved.kind),
        author=line.author,
        issuer=moved.issuer,
        counterparty=moved.counterparty,
        points=moved.points,
        arrears_points=moved.arrears_points,
        direct_micros=moved.direct_micros,
        topup_micros=moved.topup_micros,
        original_sequence=line.original_sequence,
    )
    if caller.sees(moved.issuer):
        # Together with the reimbursement these tell the issuer's price, which is between it and the operator.
        message.margin_micros = moved.margin_micros
        message.fee_micros = moved.fee_micros
        message.paid_in_micros = moved.paid_in_micros
        message.paid_back_micros = moved.paid_back_micros
        message.drawn_micros = moved.drawn_micros
    if caller.sees(line.author):
        message.transaction_id = line.transaction_id
        message.reference = line.reference
        message.holder_id = line.holder_id
    return message


def _choice(request: pb.ListLinesRequest, caller: Caller) -> Choice:
    if request.kind and request.kind not in list(map(int, MovementKind)):
        raise _invalid("kind", "must be one of MovementKind")
    return Choice(
        window=request.window or None,
        party_id=(request.party_id or None) if caller.sees_all else caller.party_id,
        issuer=request.issuer or None,
        counterparty=request.counterparty or None,
        kind=MovementKind(request.kind) if request.kind else None,
    )


def _page(request: pb.ListLinesRequest) -> tuple[int, tuple[int, int]]:
    if request.page_size > PAGE_MAX:
        raise _invalid("page_size", f"must be 1 to {PAGE_MAX}, or 0 for {PAGE_DEFAULT}")
    if not request.page_token:
        return request.page_size or PAGE_DEFAULT, (0, -1)
    found = _TOKEN.fullmatch(request.page_token)
    if found is None:
        raise _invalid("page_token", "must be the next_page_token of the page before")
    return request.page_size or PAGE_DEFAULT, (int(found[1]), int(found[2]))


def _invalid(field: str, description: str) -> Refused:
    return Refused(
        error_pb2.REASON_FIELD_INVALID, f"{field} {description}.", violations=(FieldViolation(field, description),)
    )
