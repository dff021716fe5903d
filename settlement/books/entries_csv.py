"""A ledger's entries as CSV: one line for each posting, for whatever an accountant imports into."""

from __future__ import annotations

import csv
import io

from settlement.books.beancount import POINTS
from settlement.books.ledger import Ledger, Unit
from settlement.report.money import micros_text

COLUMNS = ("date", "entry", "window", "text", "reference", "account", "debit", "credit", "commodity")


def entries_csv(ledger: Ledger) -> str:
    """Decimal text in units of the currency, or points; the entry's number holds its lines together."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for number, entry in enumerate(ledger.entries, 1):
        for posting in entry.postings:
            points = posting.unit is Unit.POINTS
            amount = str(abs(posting.amount)) if points else micros_text(abs(posting.amount))
            writer.writerow(
                (
                    entry.day,
                    number,
                    entry.window or "",
                    entry.text,
                    entry.reference,
                    posting.account,
                    amount if posting.amount > 0 else "",
                    amount if posting.amount < 0 else "",
                    POINTS if points else ledger.currency,
                )
            )
    return file.getvalue()
