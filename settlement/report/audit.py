"""What a settlement service says, held against the books that somebody else made of the journal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from partner_sdk.settlement import Window, WindowReport
from settlement.clearing.activity import activity_in
from settlement.clearing.books import Books
from settlement.clearing.obligations import Owed, Pair, owed_in
from settlement.clearing.totals import Totals
from settlement.report.money import micros_text


def differences(books: Books, reports: Mapping[int, WindowReport], operator: str) -> Iterator[str]:
    """Every figure that is another one in the reports, in words; none where they are right.

    `reports` are those of an operator or auditor, who sees all of them, by the window's number.
    """
    for number in sorted(books.windows.keys() | reports.keys()):
        window, report = books.windows.get(number), reports.get(number)
        if window is None or report is None:
            yield f"window {number}: {'the journal has none' if window is None else 'the service has none'}"
            continue
        if (window.first_sequence, window.last_sequence) != _bounds(report.window):
            yield f"window {number}: it has entries {window.first_sequence} to {window.last_sequence or '…'}"
        totals = books.totals.get(number, Totals())
        yield from _obligations(number, owed_in(totals, operator), report)
        yield from _activity(number, totals, report)


def _bounds(window: Window) -> tuple[int, int]:
    return window.first_sequence, window.last_sequence or 0


def _obligations(number: int, owed: Mapping[Pair, Owed], report: WindowReport) -> Iterator[str]:
    stated = {Pair(item.debtor, item.creditor): Owed(item.points, item.amount_micros) for item in report.obligations}
    for pair in sorted(owed.keys() | stated.keys()):
        right, said = owed.get(pair), stated.get(pair)
        if right != said:
            owes = f"window {number}: {pair.debtor} owes {pair.creditor}"
            yield f"{owes} {_text(right)}, but the service says {_text(said)}"


def _activity(number: int, totals: Totals, report: WindowReport) -> Iterator[str]:
    counted = activity_in(totals)
    stated = {item.party_id: item for item in report.activity}
    for party_id in sorted(counted.keys() | stated.keys()):
        right, said = counted.get(party_id), stated.get(party_id)
        for name, points in (right._asdict() if right else {}).items():
            told = 0 if said is None else getattr(said, name.removesuffix("_points"))
            if points != told:
                yield f"window {number}: {party_id} {name.replace('_', ' ')} {points}, but the service says {told}"
        if right is None:
            yield f"window {number}: nothing happened to points of {party_id}, but the service says so"


def _text(owed: Owed | None) -> str:
    return "nothing" if owed is None else f"{micros_text(owed.amount_micros)} for {owed.points} points"
