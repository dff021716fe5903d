"""Bank accounts and bank entries for people and machines."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from rich.table import Table

from coalition.keys import fingerprint
from partner_sdk.settlement import BankAccount, BankEntry, EntryState, StatementResult, UnmatchedReason
from settlement.report.money import decimal_text
from settlement.report.tables import moment_text, rows_table
from settlement.report.window import Rows

#: How much of an entry's id is printed: enough to tell entries apart.
ID_LENGTH: Final = 12
_WHY: Final = {
    UnmatchedReason.NO_REFERENCE: "names no payment",
    UnmatchedReason.UNKNOWN_REFERENCE: "no payment has this reference",
    UnmatchedReason.SEVERAL_REFERENCES: "names several payments",
    UnmatchedReason.WRONG_DIRECTION: "the money went another way than the payment says",
    UnmatchedReason.NOT_WAITING: "the payment is done with, or not released",
    UnmatchedReason.REPEATED: "the bank may have stated the same entry before",
    UnmatchedReason.DETAILS_DIFFER: "its parts do not add up to it",
}


def accounts_table(party_id: str, accounts: Iterable[BankAccount]) -> Table:
    """A party's bank account, and its earlier ones below it."""
    rows: Rows = [
        {
            "version": str(account.number),
            "holder": account.holder_name,
            "account": account.iban or account.account_id,
            "bank": account.bic or f"{account.clearing_system} {account.member_id}".strip() or "–",
            "country": account.country,
            "currency": account.currency,
            "since": moment_text(account.recorded_at),
            "key": fingerprint(account.signed_by),
        }
        for account in accounts
    ]
    columns = ("version", "holder", "account", "bank", "country", "currency", "since", "key")
    return rows_table(f"Bank account of {party_id}, newest first", rows, columns)


def account_json(account: BankAccount) -> dict[str, Any]:
    """An account for machines."""
    return {
        "party_id": account.party_id,
        "version": account.number,
        "holder_name": account.holder_name,
        "iban": account.iban,
        "account_id": account.account_id,
        "bic": account.bic,
        "clearing_system": account.clearing_system,
        "member_id": account.member_id,
        "country": account.country,
        "currency": account.currency,
        "decided_at": account.decided_at.isoformat(),
        "recorded_at": account.recorded_at.isoformat(),
        "key": fingerprint(account.signed_by),
        "digest": account.digest.hex(),
    }


def entries_table(title: str, entries: Iterable[BankEntry], exponent: int) -> Table:
    """What banks have booked: minus is money that went out."""
    rows: Rows = [
        {
            "id": entry.entry_id[:ID_LENGTH],
            "booked": entry.booked_on,
            "amount": decimal_text(entry.amount_minor if entry.credit else -entry.amount_minor, exponent),
            "counterparty": entry.counterparty or "–",
            "state": entry.state.name,
            "what": entry_text(entry),
            "reference": entry.reference or entry.end_to_end_id or entry.creditor_reference or "–",
        }
        for entry in entries
    ]
    return rows_table(title, rows, ("id", "booked", "amount", "counterparty", "state", "what", "reference"))


def entry_json(entry: BankEntry) -> dict[str, Any]:
    """An entry for machines: amounts in minor units, always positive; `credit` says which way the money went."""
    return {
        "entry_id": entry.entry_id,
        "number": entry.number,
        "bank_reference": entry.bank_reference,
        "booked_on": entry.booked_on,
        "amount_minor": entry.amount_minor,
        "credit": entry.credit,
        "returned": entry.returned,
        "rejected": entry.rejected,
        "return_reason": entry.return_reason,
        "end_to_end_id": entry.end_to_end_id,
        "creditor_reference": entry.creditor_reference,
        "remittance": entry.remittance,
        "counterparty": entry.counterparty,
        "state": entry.state.name,
        "reason": entry.reason.name if entry.reason else None,
        "run_id": entry.run_id,
        "instruction": entry.instruction or None,
        "reference": entry.reference or None,
        "effect": entry.effect.name if entry.effect else None,
        "matches": entry.matches,
        "note": entry.note,
        "decided_at": entry.decided_at.isoformat(),
        "key": fingerprint(entry.decided_by),
    }


def result_text(result: StatementResult) -> str:
    """What a file brought, in one sentence."""
    if result.repeated_file:
        return f"This file was taken in before, with {result.known} entries. Nothing is new."
    counted = [f"{result.added} new entries" if result.added != 1 else "1 new entry"]
    if result.known:
        counted.append(f"{result.known} that were taken in before")
    if result.pending:
        counted.append(f"{result.pending} that the bank has not booked yet, and that are left out")
    return f"Taken in: {', '.join(counted)}."


def entry_text(entry: BankEntry) -> str:
    """What a bank's entry is about, or why that is not known."""
    if entry.state is EntryState.UNMATCHED and entry.reason is not None:
        return _WHY[entry.reason]
    if entry.effect is None:
        return entry.note or "–"
    number = f"payment {entry.instruction}"
    return f"{number}, {entry.effect.value}" + (f" ({entry.return_reason})" if entry.return_reason else "")
