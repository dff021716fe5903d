"""StatementService: a party's statement of a window, as a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import grpc

from coalition.errors import FieldViolation, Refused
from coalition.v1 import error_pb2
from coalition.v1 import settlement_statements_pb2 as pb
from coalition.v1.settlement_statements_pb2_grpc import (
    StatementServiceServicer,
    add_StatementServiceServicer_to_server,
)
from settlement.party_statements import PartyStatements
from settlement.rpc.access import Caller, Gatekeeper
from settlement.rpc.downloads import Downloads, send
from settlement.rpc.server import Offer
from settlement.statements.forms import Form, file_of

SERVICE: Final = pb.DESCRIPTOR.services_by_name["StatementService"].full_name


class StatementServicer(StatementServiceServicer):
    """Answers over the network what PartyStatements has made. `fonts` is a folder of fonts for PDF files."""

    def __init__(self, desk: PartyStatements, gatekeeper: Gatekeeper, downloads: Downloads, fonts: Path | None) -> None:
        self._desk = desk
        self._gatekeeper = gatekeeper
        self._downloads = downloads
        self._fonts = fonts

    def GetStatement(
        self, request: pb.GetStatementRequest, context: grpc.ServicerContext
    ) -> Iterator[pb.GetStatementResponse]:
        caller = self._gatekeeper.caller(context)
        party_id, form = request.party_id or caller.party_id, _form(request)
        _require_sight(caller, party_id)
        with self._downloads.place(caller.party_id):
            statement = self._desk.statement(
                request.window, party_id, lines_max=form.lines_max if request.lines else None
            )
            data = file_of(statement, form, self._desk.key, self._fonts)
            # Of the two only the file is needed while it is sent.
            del statement
            for chunk in send(data, context):
                yield pb.GetStatementResponse(chunk=chunk)


def statements_offer(
    desk: PartyStatements, gatekeeper: Gatekeeper, downloads: Downloads, fonts: Path | None = None
) -> Offer:
    """The service, for the server."""
    servicer = StatementServicer(desk, gatekeeper, downloads, fonts)
    return Offer(SERVICE, lambda server: add_StatementServiceServicer_to_server(servicer, server))


def _form(request: pb.GetStatementRequest) -> Form:
    try:
        return Form(request.form)
    except ValueError:
        raise Refused(
            error_pb2.REASON_FIELD_INVALID,
            "form must say which file is wanted.",
            violations=(FieldViolation("form", "must be one of StatementForm"),),
        ) from None


def _require_sight(caller: Caller, party_id: str) -> None:
    if caller.sees(party_id):
        return
    raise Refused(
        error_pb2.REASON_PERMISSION_DENIED,
        f"{caller.party_id} may see its own statements, not those of {party_id}.",
        {"party_id": caller.party_id},
    )
