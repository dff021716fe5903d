"""Bank accounts, files for banks, and what banks have booked, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from coalition import dsse
from coalition.documents import open_document
from coalition.ids import id_text
from coalition.v1 import settlement_payments_pb2 as pb
from partner_sdk._moments import moment_of


class FileFormat(StrEnum):
    """In which form payments go to a bank."""

    #: ISO 20022 pain.001.001.09.
    PAIN001 = "pain001"
    CSV = "csv"


class LeftOutReason(StrEnum):
    """Why a file leaves a payment out."""

    #: The payee had no account on file when the run was proposed.
    NO_ACCOUNT = "no_account"
    #: Something of it, or all, or more than that, was paid.
    PAID = "paid"
    #: A person left it to the next run.
    CARRIED = "carried"


class EntryState(StrEnum):
    """What became of a bank's entry."""

    #: It is about the payment that its reference names.
    MATCHED = "matched"
    #: A person said which payment it is about.
    ASSIGNED = "assigned"
    #: It is about a payment that was done with already, and is carried into the next run.
    LATE = "late"
    #: A person said that it has nothing to do with settlement.
    SET_ASIDE = "set_aside"
    UNMATCHED = "unmatched"


class UnmatchedReason(StrEnum):
    """Why a bank's entry is about nothing yet."""

    NO_REFERENCE = "no_reference"
    UNKNOWN_REFERENCE = "unknown_reference"
    SEVERAL_REFERENCES = "several_references"
    #: The money went another way than the payment says.
    WRONG_DIRECTION = "wrong_direction"
    #: The payment's run takes no payments now, or its rest was carried into another run.
    NOT_WAITING = "not_waiting"
    #: The bank has given the same reference to another entry of the same file; or it has given none, and an entry of
    #: that day is like it.
    REPEATED = "repeated"
    #: It sums up payments that do not come to its amount.
    DETAILS_DIFFER = "details_differ"


class EntryEffect(StrEnum):
    """What a bank's entry did to a payment."""

    BOOKED = "booked"
    RETURNED = "returned"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class BankAccount:
    """Where a party is paid, and pays from, as it has signed it. Of `iban` and `account_id` one is empty."""

    party_id: str
    holder_name: str
    iban: str
    #: Where there is no IBAN.
    account_id: str
    bic: str
    #: ISO 20022 code of a clearing system, and the bank's number in it.
    clearing_system: str
    member_id: str
    #: ISO 3166-1 alpha-2.
    country: str
    currency: str
    decided_at: datetime
    #: Of the party's accounts, from 1.
    number: int
    recorded_at: datetime
    #: The party's key that signed, 32 bytes.
    signed_by: bytes = field(repr=False)
    #: By which instructions name it.
    digest: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A payment that a file leaves out, and why."""

    number: int
    payee: str
    amount_minor: int
    reason: LeftOutReason


@dataclass(frozen=True, slots=True)
class InstructionFile:
    """One payer's payments, for its bank."""

    name: str
    data: bytes = field(repr=False)
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, slots=True)
class BankEntry:
    """Money that a bank has moved to or from the operator's account, and what it is about."""

    #: 32 bytes as hexadecimal text.
    entry_id: str
    #: In the order in which entries were taken in, from 1.
    number: int
    #: What the bank calls it.
    bank_reference: str
    #: Minor units of the settlement currency.
    amount_minor: int
    #: Whether the money came in.
    credit: bool
    #: Whether the bank says that it undoes an earlier entry.
    returned: bool
    #: Whether the bank refused to pay, so that no money moved.
    rejected: bool
    return_reason: str
    #: YYYY-MM-DD.
    booked_on: str
    end_to_end_id: str
    creditor_reference: str
    remittance: str
    counterparty: str
    state: EntryState
    #: None unless it is unmatched.
    reason: UnmatchedReason | None
    #: UUID text of the run whose payment it is about, the payment's number, reference, and what it did to it; None,
    #: 0, empty and None for one that is about none.
    run_id: str | None
    instruction: int
    reference: str
    effect: EntryEffect | None
    #: How often it was matched or assigned; an assignment names it.
    matches: int
    #: Of the statement's import, or of the last assignment: why, when, and whose key.
    note: str
    decided_at: datetime
    decided_by: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class StatementResult:
    """What a bank's file brought."""

    #: What was new, in the order of the file, up to a thousand.
    entries: tuple[BankEntry, ...]
    #: How many entries were new.
    added: int
    #: How many were taken in before.
    known: int
    #: How many the bank has announced and not booked yet; they are not taken in.
    pending: int
    #: Whether the whole file was taken in before.
    repeated_file: bool


def account_of(message: pb.BankAccountVersion) -> BankAccount:
    """The account in a message, after its signature was checked. Raises Refused of the protocol."""
    account = open_document(pb.BankAccount, dsse.BANK_ACCOUNT, message.account, "account")
    return BankAccount(
        party_id=account.party_id,
        holder_name=account.holder_name,
        iban=account.iban,
        account_id=account.account_id,
        bic=account.bic,
        clearing_system=account.clearing_system,
        member_id=account.member_id,
        country=account.country,
        currency=account.currency,
        decided_at=moment_of(account.decided_us),
        number=message.number,
        recorded_at=moment_of(message.recorded_us),
        signed_by=message.account.signature.public_key,
        digest=sha256(message.account.document).digest(),
    )


def entry_of(message: pb.BankEntry) -> BankEntry:
    """The entry in a message."""
    return BankEntry(
        entry_id=message.entry_id.hex(),
        number=message.number,
        bank_reference=message.bank_reference,
        amount_minor=message.amount_minor,
        credit=message.credit,
        returned=message.returned,
        rejected=message.rejected,
        return_reason=message.return_reason,
        booked_on=message.booked_on,
        end_to_end_id=message.end_to_end_id,
        creditor_reference=message.creditor_reference,
        remittance=message.remittance,
        counterparty=message.counterparty,
        state=EntryState[pb.EntryState.Name(message.state).removeprefix("ENTRY_STATE_")],
        reason=_reason_of(message.reason),
        run_id=id_text(message.run_id) if message.run_id else None,
        instruction=message.instruction,
        reference=message.reference,
        effect=_effect_of(message.effect),
        matches=message.matches,
        note=message.note,
        decided_at=moment_of(message.decided_us),
        decided_by=message.public_key,
    )


def result_of(message: pb.ImportStatementResponse) -> StatementResult:
    """The result in an answer."""
    return StatementResult(
        entries=tuple(map(entry_of, message.entries)),
        added=message.added,
        known=message.known,
        pending=message.pending,
        repeated_file=message.repeated_file,
    )


def left_out_of(message: pb.LeftOut) -> LeftOut:
    """The payment in a message."""
    reason = LeftOutReason[pb.LeftOutReason.Name(message.reason).removeprefix("LEFT_OUT_REASON_")]
    return LeftOut(message.number, message.payee, message.amount_minor, reason)


def _reason_of(number: pb.UnmatchedReason.ValueType) -> UnmatchedReason | None:
    if not number:
        return None
    return UnmatchedReason[pb.UnmatchedReason.Name(number).removeprefix("UNMATCHED_REASON_")]


def _effect_of(number: pb.EntryEffect.ValueType) -> EntryEffect | None:
    if not number:
        return None
    return EntryEffect[pb.EntryEffect.Name(number).removeprefix("ENTRY_EFFECT_")]
