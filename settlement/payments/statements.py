"""What a bank statement says, whatever file it came in: entries, with what tells whose they are."""

from __future__ import annotations

from dataclasses import dataclass

from coalition.errors import FieldViolation, Refused
from coalition.v1 import error_pb2


@dataclass(frozen=True, slots=True)
class StatementEntry:
    """Money that a bank has moved to or from the account."""

    #: What the bank calls it; another one for each entry of a day, where the bank keeps to the standard.
    bank_reference: str
    #: At least 1; of what the bank refused to pay, 0 where it does not say how much that was.
    amount_minor: int
    #: Whether the money came in.
    credit: bool
    #: Whether the bank says that it undoes an earlier entry.
    returned: bool
    #: The bank's code for why.
    return_reason: str
    #: YYYY-MM-DD.
    booked_on: str
    end_to_end_id: str
    creditor_reference: str
    #: What the payer wrote, and what the bank added.
    text: str
    #: The other side's name.
    counterparty: str
    #: Whether it sums up payments that do not come to its amount, so that it is the payment of nobody.
    details_differ: bool = False
    #: Whether the bank refused to pay, so that no money moved.
    rejected: bool = False
    #: Whether the bank has given it no reference, so that only the statement and its place there name it.
    numbered: bool = False


@dataclass(frozen=True, slots=True)
class Statement:
    """One account's entries between two balances, which differ by exactly these."""

    statement_id: str
    #: The IBAN or the bank's own id, without spaces.
    account: str
    currency: str
    opening_minor: int
    closing_minor: int
    entries: tuple[StatementEntry, ...]
    #: Entries that the bank has announced and not booked; they are no money yet.
    pending: int


def unreadable(why: str) -> Refused:
    """What to raise for a file that is no statement; `why` ends the sentence."""
    return Refused(error_pb2.REASON_MALFORMED, f"The file is no bank statement that can be read: {why}.")


def wrong(field: str, description: str) -> Refused:
    """What to raise for a statement that cannot be right; `description` continues what `field` begins."""
    violations = (FieldViolation(field, description),)
    text = f"{field} {description}. Nothing of the file was taken in."
    return Refused(error_pb2.REASON_FIELD_INVALID, text, violations=violations)
