"""Bank accounts and bank entries as messages."""

from __future__ import annotations

from coalition.v1 import settlement_payments_pb2 as pb
from coalition.v1.envelope_pb2 import Signature, SignedDocument
from settlement.payments.accounts import AccountVersion
from settlement.payments.records import EntryRecord


def version_message(version: AccountVersion) -> pb.BankAccountVersion:
    """An account as it was signed."""
    signature = Signature(public_key=version.public_key, signature=version.signature)
    return pb.BankAccountVersion(
        account=SignedDocument(document=version.document, signature=signature),
        number=version.number,
        recorded_us=version.recorded_us,
    )


def entry_message(record: EntryRecord) -> pb.BankEntry:
    """A bank's entry, and what it is about."""
    entry, match = record.entry, record.match
    message = pb.BankEntry(
        entry_id=record.entry_id,
        number=record.number,
        statement_digest=record.statement_digest,
        bank_reference=entry.bank_reference,
        amount_minor=entry.amount_minor,
        credit=entry.credit,
        returned=entry.returned,
        rejected=entry.rejected,
        return_reason=entry.return_reason,
        booked_on=entry.booked_on,
        end_to_end_id=entry.end_to_end_id,
        creditor_reference=entry.creditor_reference,
        remittance=entry.text,
        counterparty=entry.counterparty,
        state=pb.EntryState.ValueType(match.state),
        reason=pb.UnmatchedReason.ValueType(match.why or 0),
        matches=match.number,
        note=match.deed.note,
        decided_us=match.deed.decided_us,
        public_key=match.deed.public_key,
    )
    if match.about is not None:
        message.run_id = match.about.run_id
        message.instruction = match.about.instruction
        message.reference = match.about.reference
        message.effect = pb.EntryEffect.ValueType(match.about.effect)
    return message
