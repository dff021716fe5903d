"""One payer's payments as CSV: for people, and for banks that take nothing else."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Final

from settlement.payments.accounts import Account
from settlement.report.money import decimal_text
from settlement.runs.instructions import Instruction

_COLUMNS: Final = (
    *("number", "payer", "payee", "amount", "currency", "reference"),
    *("payee_name", "payee_iban", "payee_account", "payee_bic", "payee_clearing_system", "payee_member_id"),
)
#: How a cell begins that a spreadsheet would take for a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def instruction_csv(payments: Iterable[tuple[Instruction, Account | None]], currency: str, exponent: int) -> bytes:
    """The file, in UTF-8; a payee without an account has empty cells. Amounts are decimal text in units."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(_COLUMNS)
    for instruction, account in payments:
        amount = decimal_text(instruction.amount_minor, exponent)
        payment = (instruction.number, instruction.payer, instruction.payee, amount, currency, instruction.reference)
        writer.writerow([*payment, *map(_plain, _cells(account))])
    return file.getvalue().encode()


def _cells(account: Account | None) -> tuple[str, ...]:
    if account is None:
        return ("",) * 6
    return (
        *(account.holder_name, account.iban, account.account_id, account.bic),
        *(account.clearing_system, account.member_id),
    )


def _plain(text: str) -> str:
    """The text as a spreadsheet shows it, and does not compute it: a party chooses its name itself."""
    return f"'{text}" if text.startswith(_FORMULA) else text
