"""Files that banks send: statements of accounts, and reports of what they refused to pay."""

from __future__ import annotations

from dataclasses import dataclass

from settlement.payments.camt import is_statement, read_statements
from settlement.payments.refusals import is_report, read_refusals
from settlement.payments.statements import Statement, StatementEntry, unreadable
from settlement.payments.xml import read_xml


@dataclass(frozen=True, slots=True)
class BankFile:
    """What a bank says, in one file."""

    statements: tuple[Statement, ...] = ()
    #: Payments that the bank refused to make.
    refusals: tuple[StatementEntry, ...] = ()

    @property
    def pending(self) -> int:
        """Entries that the bank has not booked yet."""
        return sum(statement.pending for statement in self.statements)


def read_bank_file(data: bytes, exponent: int) -> BankFile:
    """What is in a file; `exponent` is the number of digits of the currency's minor unit.

    Raises Refused: MALFORMED for what is no such file, FIELD_INVALID for one whose figures cannot be right.
    """
    root, namespace = read_xml(data)
    if is_statement(namespace):
        return BankFile(statements=read_statements(root, exponent))
    if is_report(namespace):
        return BankFile(refusals=read_refusals(root))
    known = "neither a camt.053 (statement) nor a pain.002 (payment status report)"
    raise unreadable(f"it is {known}, but {namespace[:100] or 'something without a namespace'}")
