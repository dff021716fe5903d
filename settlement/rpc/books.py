"""BooksService: what stands behind the points. An issuer sees its own, an operator or auditor all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import grpc

from coalition.errors import FieldViolation, Refused
from coalition.v1 import error_pb2
from coalition.v1 import settlement_books_pb2 as pb
from coalition.v1.settlement_books_pb2_grpc import BooksServiceServicer, add_BooksServiceServicer_to_server
from settlement.books.assumptions import assumptions
from settlement.books.beancount import beancount_text
from settlement.books.entries_csv import entries_csv
from settlement.books.ledger import Ledger
from settlement.books_desk import BooksDesk
from settlement.rpc.access import Caller, Gatekeeper
from settlement.rpc.books_messages import issuer_message
from settlement.rpc.downloads import Downloads, send
from settlement.rpc.server import Offer

SERVICE: Final = pb.DESCRIPTOR.services_by_name["BooksService"].full_name
#: Windows and cohorts that one answer lists, of all issuers together: some megabytes.
LINES_MAX: Final = 20_000

_FORMATS: Final[Mapping[int, Callable[[Ledger], str]]] = {
    pb.LEDGER_FORMAT_BEANCOUNT: beancount_text,
    pb.LEDGER_FORMAT_CSV: entries_csv,
}


class BooksServicer(BooksServiceServicer):
    """Answers over the network what BooksDesk knows."""

    def __init__(self, desk: BooksDesk, gatekeeper: Gatekeeper, downloads: Downloads) -> None:
        self._desk = desk
        self._gatekeeper = gatekeeper
        self._downloads = downloads

    def GetBooks(self, request: pb.GetBooksRequest, context: grpc.ServicerContext) -> pb.GetBooksResponse:
        caller = self._gatekeeper.caller(context)
        issuer = request.issuer or (None if caller.sees_all else caller.party_id)
        _require_sight(caller, issuer)
        # To make them may take a while, of which a few at a time are enough.
        with self._downloads.place(caller.party_id):
            window, found = self._desk.books(request.window, issuer)
        lines = sum(len(books.movements) + len(books.cohorts) for books in found)
        if lines > LINES_MAX:
            raise Refused(
                error_pb2.REASON_FIELD_INVALID,
                f"The books of all {len(found)} issuers have {lines} lines, more than the {LINES_MAX} of one answer. "
                "Ask for one issuer at a time.",
                {"limit": str(LINES_MAX)},
                violations=(FieldViolation("issuer", "must name an issuer in a network of this size"),),
            )
        network = self._desk.network
        parties = self._desk.parties(window.number)
        return pb.GetBooksResponse(
            window=window.number,
            day=window.day,
            currency=network.currency,
            currency_exponent=network.currency_exponent,
            issuers=map(issuer_message, found),
            assumptions=assumptions(window),
            ledgers=[party_id for party_id in parties if caller.sees(party_id)],
            clearing=caller.sees_all,
        )

    def ExportLedger(
        self, request: pb.ExportLedgerRequest, context: grpc.ServicerContext
    ) -> Iterator[pb.ExportLedgerResponse]:
        caller = self._gatekeeper.caller(context)
        write = _FORMATS.get(request.format)
        if write is None:
            raise Refused(
                error_pb2.REASON_FIELD_INVALID,
                "format must say which file is wanted.",
                violations=(FieldViolation("format", "must be one of LedgerFormat"),),
            )
        _require_sight(caller, request.party_id or None)
        with self._downloads.place(caller.party_id):
            if request.party_id:
                _, ledger = self._desk.own(request.window, request.party_id)
            else:
                _, ledger = self._desk.clearing(request.window)
            for chunk in send(write(ledger).encode(), context):
                yield pb.ExportLedgerResponse(chunk=chunk)


def books_offer(desk: BooksDesk, gatekeeper: Gatekeeper, downloads: Downloads) -> Offer:
    """The service, for the server."""
    servicer = BooksServicer(desk, gatekeeper, downloads)
    return Offer(SERVICE, lambda server: add_BooksServiceServicer_to_server(servicer, server))


def _require_sight(caller: Caller, party_id: str | None) -> None:
    """`party_id` is whose books are asked for; None: everybody's."""
    if caller.sees_all or (party_id is not None and caller.sees(party_id)):
        return
    whose = f"those of {party_id}" if party_id else "those of the clearing house"
    raise Refused(
        error_pb2.REASON_PERMISSION_DENIED,
        f"{caller.party_id} may see its own books, not {whose}.",
        {"party_id": caller.party_id},
    )
