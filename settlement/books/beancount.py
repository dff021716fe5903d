"""A ledger as text for Beancount, which proves it: every balance that the ledger expects is a `balance` directive.

`~ 0` makes them exact; Beancount would let the last digit pass otherwise. Amounts have all six digits, points none. The
text is our own; the program that checks it is nowhere needed to write it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Final

from coalition.calendar import add_days
from settlement.books.ledger import Balance, Entry, Ledger, Unit
from settlement.report.money import micros_text

#: The commodity of points.
POINTS: Final = "POINTS"
_NAME_WIDTH: Final = 44
_AMOUNT_WIDTH: Final = 20
_NOTE: Final = ";; Amounts in {currency}, to a millionth. A debit is positive, a credit negative."


def beancount_text(ledger: Ledger) -> str:
    """The whole file, the same bytes for the same ledger."""
    return "\n".join((*_head(ledger), *_body(ledger))) + "\n"


def _head(ledger: Ledger) -> Iterator[str]:
    yield _NOTE.format(currency=ledger.currency)
    yield f"option {_quoted('title')} {_quoted(ledger.title)}"
    yield f"option {_quoted('operating_currency')} {_quoted(ledger.currency)}"
    yield ""
    days = [entry.day for entry in ledger.entries] + [balance.day for balance in ledger.balances]
    first = min(days, default="")
    for name, unit in ledger.accounts:
        currency = "" if unit is None else f" {_commodity(ledger, unit)}"
        yield f"{first} open {name}{currency}"


def _body(ledger: Ledger) -> Iterator[str]:
    entries = {day: list(found) for day, found in groupby(ledger.entries, lambda entry: entry.day)}
    balances = {day: list(found) for day, found in groupby(ledger.balances, lambda balance: balance.day)}
    for day in sorted(entries.keys() | balances.keys()):
        for entry in entries.get(day, ()):
            yield from _entry(ledger, entry)
        if day in balances:
            yield ""
        for balance in balances.get(day, ()):
            yield from _balance(ledger, balance)


def _entry(ledger: Ledger, entry: Entry) -> Iterator[str]:
    yield ""
    yield f"{entry.day} * {_quoted(entry.text)}"
    if entry.window:
        yield f"  window: {entry.window}"
    if entry.reference:
        yield f"  reference: {_quoted(entry.reference)}"
    for posting in entry.postings:
        yield f"  {_line(ledger, posting.account, posting.amount, posting.unit)}"


def _balance(ledger: Ledger, balance: Balance) -> Iterator[str]:
    # Beancount takes a balance at the beginning of its day.
    line = _line(ledger, balance.account, balance.amount, balance.unit, " ~ 0")
    yield f"{add_days(balance.day, 1)} balance {line}"


def _line(ledger: Ledger, name: str, amount: int, unit: Unit, tolerance: str = "") -> str:
    return f"{name:<{_NAME_WIDTH}}  {_amount(amount, unit):>{_AMOUNT_WIDTH}}{tolerance} {_commodity(ledger, unit)}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _commodity(ledger: Ledger, unit: Unit) -> str:
    return POINTS if unit is Unit.POINTS else ledger.currency


def _amount(amount: int, unit: Unit) -> str:
    return str(amount) if unit is Unit.POINTS else micros_text(amount)
