"""Bank accounts, files that instruct payments, and bank statements."""

from __future__ import annotations

from datetime import date
from hashlib import sha256
from typing import Final

from coalition import dsse
from coalition.documents import sign_document
from coalition.errors import Refused
from coalition.v1 import settlement_payments_pb2 as pb
from partner_sdk import _rpc
from partner_sdk._downloads import download
from partner_sdk._errors import ReceiptInvalid
from partner_sdk._ledger_reads import identifier
from partner_sdk._payment_models import (
    BankAccount,
    BankEntry,
    FileFormat,
    InstructionFile,
    StatementResult,
    account_of,
    entry_of,
    left_out_of,
    result_of,
)
from partner_sdk._refusals import FieldInvalid
from partner_sdk._session import Session
from partner_sdk._steps import Emit, Flow, Steps

_PART_BYTES: Final = 256 << 10


def set_bank_account(
    session: Session,
    *,
    holder_name: str,
    country: str,
    currency: str,
    iban: str = "",
    account_id: str = "",
    bic: str = "",
    clearing_system: str = "",
    member_id: str = "",
) -> Steps[BankAccount]:
    """Say where you are paid, and pay from, from now on; earlier accounts are kept.

    An account has an `iban`, or else an `account_id` with a `bic`, or with a `clearing_system` such as USABA and the
    bank's `member_id` in it. `country` is the bank's, two letters; `currency` is that of settlement. Raises
    FieldInvalid.
    """
    connection = session.connection
    account = pb.BankAccount(
        network_id=connection.network_id,
        party_id=connection.party_id,
        holder_name=holder_name,
        iban=iban.replace(" ", "").upper(),
        account_id=account_id,
        bic=bic.replace(" ", "").upper(),
        clearing_system=clearing_system,
        member_id=member_id,
        country=country,
        currency=currency,
        decided_us=connection.clock(),
    )
    signed = sign_document(dsse.BANK_ACCOUNT, account, connection.keys[0])
    answer = yield from session.read(_rpc.SET_BANK_ACCOUNT, pb.SetBankAccountRequest(account=signed))
    return _account_of(answer.version)


def bank_accounts(session: Session, party_id: str = "") -> Steps[tuple[BankAccount, ...]]:
    """A party's bank account, and before it its earlier ones, newest first; your own without `party_id`.

    Raises PermissionDenied unless you are the party, the operator or an auditor.
    """
    request = pb.GetBankAccountRequest(party_id=party_id)
    answer = yield from session.read(_rpc.GET_BANK_ACCOUNT, request)
    return tuple(map(_account_of, answer.versions))


def instruction_file(
    session: Session,
    run_id: str,
    *,
    payer: str = "",
    file_format: FileFormat | str = FileFormat.PAIN001,
    execution_on: date | None = None,
) -> Steps[InstructionFile]:
    """What one payer pays in a run whose payments are released, for its bank; your own payments without `payer`.

    `execution_on` is the day on which the bank is to pay; None: the day on which the payments were released. The same
    file has the same message id whenever it is fetched, so a bank that has it refuses it the second time. What was paid
    in part or in full, or carried, is left out. Raises WrongState, NotFound.
    """
    request = pb.GetInstructionFileRequest(
        run_id=identifier(run_id),
        payer=payer,
        format=pb.FileFormat.Value(f"FILE_FORMAT_{FileFormat(file_format).name}"),
        execution_on=execution_on.isoformat() if execution_on else "",
    )
    first: list[pb.GetInstructionFileResponse] = []

    def chunk(response: pb.GetInstructionFileResponse) -> bytes:
        if response.name:
            first[:] = [response]
        return response.data

    data = yield from download(session, _rpc.GET_INSTRUCTION_FILE, request, chunk)
    (head,) = first
    left_out = tuple(map(left_out_of, head.left_out))
    return InstructionFile(head.name, data, left_out)


def import_statement(session: Session, data: bytes, *, file_name: str = "", note: str = "") -> Steps[StatementResult]:
    """Have a bank's file taken in: a statement (camt.053) or a report of refused payments (pain.002).

    Each entry is taken in once, whichever file it comes in, and a file that is not right in one place is not taken in
    at all. Raises Malformed, FieldInvalid.
    """
    if not data:
        raise FieldInvalid("The file is empty.")
    connection, digest = session.connection, sha256(data).digest()
    decision = pb.StatementImport(
        network_id=connection.network_id,
        digest=digest,
        file_name=file_name,
        note=note,
        decided_us=connection.clock(),
    )
    signed = sign_document(dsse.STATEMENT_IMPORT, decision, connection.keys[0])
    for offset in range(0, len(data), _PART_BYTES):
        part = data[offset : offset + _PART_BYTES]
        request = pb.UploadStatementRequest(digest=digest, total_bytes=len(data), offset=offset, data=part)
        yield from session.read(_rpc.UPLOAD_STATEMENT, request)
    answer = yield from session.read(_rpc.IMPORT_STATEMENT, pb.ImportStatementRequest(decision=signed))
    return result_of(answer)


def bank_entries(session: Session, *, run_id: str = "", unmatched: bool = False, page_size: int = 0) -> Flow[BankEntry]:
    """What banks have booked, newest first, fetched page by page as you go on.

    With `run_id` only what is about payments of that run; a party may only ask for these, and sees those of its own
    payments. With `unmatched` only what is about nothing yet.
    """
    request = pb.ListBankEntriesRequest(
        run_id=identifier(run_id) if run_id else b"", unmatched=unmatched, page_size=page_size
    )
    while True:
        page = yield from session.read(_rpc.LIST_BANK_ENTRIES, request)
        for message in page.entries:
            yield Emit(entry_of(message))
        if not page.next_page_token:
            return
        request.page_token = page.next_page_token


def assign_entry(session: Session, seen: BankEntry, reference: str | None, note: str) -> Steps[BankEntry]:
    """Say which payment a bank's entry is about, by the payment's reference; None: it is about none. `note` says why.

    An entry about a payment that takes none any more is carried into the next run. Raises WrongState when somebody has
    said something else since you looked; NotFound for a reference that no payment has.
    """
    connection = session.connection
    decision = pb.EntryAssignment(
        network_id=connection.network_id,
        entry_id=bytes.fromhex(seen.entry_id),
        reference="" if reference is None else reference.replace(" ", "").upper(),
        note=note,
        decided_us=connection.clock(),
        after=seen.matches,
    )
    signed = sign_document(dsse.ENTRY_ASSIGNMENT, decision, connection.keys[0])
    answer = yield from session.read(_rpc.ASSIGN_BANK_ENTRY, pb.AssignBankEntryRequest(decision=signed))
    return entry_of(answer.entry)


def _account_of(message: pb.BankAccountVersion) -> BankAccount:
    try:
        return account_of(message)
    except Refused as refused:
        raise ReceiptInvalid(f"The service gives a bank account that nobody has signed: {refused.message}") from refused
