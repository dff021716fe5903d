"""PaymentService: bank accounts, files for banks, and what banks have booked.

| who                  | sees and does                                                                        |
|----------------------|--------------------------------------------------------------------------------------|
| operator             | everything; takes in statements and assigns entries                                  |
| auditor              | sees everything                                                                      |
| partner, charity     | gives and sees its own account; fetches the files of what it pays itself, with the   |
|                      | accounts that it pays to; sees entries about its own payments, run by run            |
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import grpc

from coalition.errors import FieldViolation, Refused
from coalition.v1 import error_pb2
from coalition.v1 import settlement_payments_pb2 as pb
from coalition.v1.settlement_payments_pb2_grpc import PaymentServiceServicer, add_PaymentServiceServicer_to_server
from settlement.payments.desk import PaymentDesk
from settlement.payments.statement_desk import StatementDesk
from settlement.rpc.access import Caller, Gatekeeper
from settlement.rpc.downloads import Downloads, send
from settlement.rpc.payment_messages import entry_message, version_message
from settlement.rpc.server import Offer
from settlement.run_desk import NUMBER_MAX, RunDesk
from settlement.store.bank_entries import EntryQuery

#: Entries in one answer; each has up to 2 KB of text.
PAGE_MAX: Final = 500
#: New entries that an import answers with; the others are listed with ListBankEntries.
_ANSWERED_MAX: Final = 1_000
_SERVICE: Final = pb.DESCRIPTOR.services_by_name["PaymentService"].full_name


def payments_offer(
    payments: PaymentDesk, statements: StatementDesk, runs: RunDesk, gatekeeper: Gatekeeper, downloads: Downloads
) -> Offer:
    """The service, for a server."""
    servicer = PaymentServicer(payments, statements, runs, gatekeeper, downloads)
    return Offer(_SERVICE, lambda server: add_PaymentServiceServicer_to_server(servicer, server))


class PaymentServicer(PaymentServiceServicer):
    """Answers over the network what the two desks know."""

    def __init__(
        self,
        payments: PaymentDesk,
        statements: StatementDesk,
        runs: RunDesk,
        gatekeeper: Gatekeeper,
        downloads: Downloads,
    ) -> None:
        self._payments = payments
        self._statements = statements
        self._runs = runs
        self._gatekeeper = gatekeeper
        self._downloads = downloads

    def SetBankAccount(
        self, request: pb.SetBankAccountRequest, context: grpc.ServicerContext
    ) -> pb.SetBankAccountResponse:
        caller = self._gatekeeper.caller(context)
        version = self._payments.set_account(request.account, caller.party_id)
        return pb.SetBankAccountResponse(version=version_message(version))

    def GetBankAccount(
        self, request: pb.GetBankAccountRequest, context: grpc.ServicerContext
    ) -> pb.GetBankAccountResponse:
        caller = self._gatekeeper.caller(context)
        party_id = request.party_id or caller.party_id
        _require(caller.sees(party_id), caller, f"may not see the bank account of {party_id}")
        versions = self._payments.accounts(party_id)
        return pb.GetBankAccountResponse(versions=map(version_message, versions))

    def GetInstructionFile(
        self, request: pb.GetInstructionFileRequest, context: grpc.ServicerContext
    ) -> Iterator[pb.GetInstructionFileResponse]:
        caller = self._gatekeeper.caller(context)
        payer = request.payer or caller.party_id
        _require(caller.sees(payer), caller, f"may not see what {payer} pays")
        with self._downloads.place(caller.party_id):
            file = self._payments.instruction_file(request.run_id, payer, request.format, request.execution_on)
            left_out = [
                pb.LeftOut(number=item.number, payee=item.payee, amount_minor=item.amount_minor, reason=why)
                for item, why in file.left_out
            ]
            response = pb.GetInstructionFileResponse(name=file.name, left_out=left_out)
            for chunk in send(file.data, context):
                response.data = chunk
                yield response
                response = pb.GetInstructionFileResponse()

    def UploadStatement(
        self, request: pb.UploadStatementRequest, context: grpc.ServicerContext
    ) -> pb.UploadStatementResponse:
        self._gatekeeper.caller(context).require_operator()
        uploads = self._statements.uploads
        return pb.UploadStatementResponse(
            next_offset=uploads.add(request.digest, request.total_bytes, request.offset, request.data)
        )

    def ImportStatement(
        self, request: pb.ImportStatementRequest, context: grpc.ServicerContext
    ) -> pb.ImportStatementResponse:
        self._gatekeeper.caller(context).require_operator()
        imported = self._statements.take_in(request.decision)
        return pb.ImportStatementResponse(
            entries=map(entry_message, imported.entries[:_ANSWERED_MAX]),
            added=len(imported.entries),
            known=imported.known,
            pending=imported.pending,
            repeated_file=imported.repeated,
        )

    def ListBankEntries(
        self, request: pb.ListBankEntriesRequest, context: grpc.ServicerContext
    ) -> pb.ListBankEntriesResponse:
        caller = self._gatekeeper.caller(context)
        _require(caller.sees_all or bool(request.run_id), caller, "sees entries of single runs, about its own payments")
        size = min(request.page_size or PAGE_MAX, PAGE_MAX)
        query = EntryQuery(
            run_id=request.run_id or None,
            instructions=None if caller.sees_all else self._own(caller, request.run_id),
            unmatched=request.unmatched,
            before=_before(request.page_token),
            limit=size + 1,
        )
        records = self._statements.entries(query)
        more = len(records) > size
        return pb.ListBankEntriesResponse(
            entries=map(entry_message, records[:size]),
            next_page_token=str(records[size - 1].number) if more else "",
        )

    def AssignBankEntry(
        self, request: pb.AssignBankEntryRequest, context: grpc.ServicerContext
    ) -> pb.AssignBankEntryResponse:
        self._gatekeeper.caller(context).require_operator()
        return pb.AssignBankEntryResponse(entry=entry_message(self._statements.assign(request.decision)))

    def _own(self, caller: Caller, run_id: bytes) -> tuple[int, ...]:
        """The caller's own payments in a run, by number. Raises Refused with NOT_FOUND."""
        instructions = self._runs.run(run_id).positions.instructions
        return tuple(item.number for item in instructions if caller.sees(item.payer, item.payee))


def _require(allowed: bool, caller: Caller, text: str) -> None:
    if not allowed:
        raise Refused(error_pb2.REASON_PERMISSION_DENIED, f"{caller.party_id} {text}.", {"party_id": caller.party_id})


def _before(token: str) -> int:
    if not token:
        return NUMBER_MAX
    if token.isascii() and token.isdecimal() and len(token) <= 18:
        return int(token)
    violation = FieldViolation("page_token", "must be the next_page_token of the page before")
    raise Refused(
        error_pb2.REASON_FIELD_INVALID, f"{violation.field} {violation.description}.", violations=(violation,)
    )
