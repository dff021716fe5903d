"""Payments: what banks have booked, bank statements taken in, and what an entry is about."""

from __future__ import annotations

from datetime import date
from itertools import islice
from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from partner_sdk.settlement import BankEntry, EntryState, FileFormat, Instruction, Run
from settlement.console.frame import action, page
from settlement.console.pages.runs import may_decide
from settlement.console.pages.windows import attachment
from settlement.console.visit import Console, Form, Problem, Visit
from settlement.report.payments import entry_text, result_text

_PAGE_SIZE: Final = 50
_PAGES_MAX: Final = 10_000
#: Looked through for one entry, newest first.
_SEARCHED_MAX: Final = 10_000
_SEARCH_SIZE: Final = 500
#: Runs whose payments an entry may be assigned to, newest first; for others the reference is typed.
_RUNS_MAX: Final = 3
#: As the service takes, and some more for the form around it.
STATEMENT_BYTES_MAX: Final = (8 << 20) + (64 << 10)
_MEDIA_TYPES: Final = {FileFormat.PAIN001: "application/xml", FileFormat.CSV: "text/csv; charset=utf-8"}


def routes(console: Console) -> list[Route]:
    """Everything below /payments, and the files for banks of a run."""
    return [
        page(console, "/payments", show),
        action(console, "/payments/import", take_in, back="/payments"),
        page(console, "/payments/{entry_id}", show_entry),
        action(console, "/payments/{entry_id}", assign, back="/payments/{entry_id}"),
        page(console, "/runs/{run_id}/files/{payer}.{kind}", send_file),
    ]


def show(visit: Visit) -> Response:
    """What banks have booked, newest first, for operator and auditors."""
    unmatched = visit.asked("show") == "unmatched"
    number = visit.asked_number("page", 1, _PAGES_MAX)
    first = (number - 1) * _PAGE_SIZE
    entries: list[BankEntry] = []
    if visit.sees_all:
        found = visit.client.bank_entries(unmatched=unmatched, page_size=_PAGE_SIZE + 1)
        entries = list(islice(found, first, first + _PAGE_SIZE + 1))
    return visit.page(
        "payments.html",
        title="Payments",
        rows=[(entry, entry_text(entry)) for entry in entries[:_PAGE_SIZE]],
        number=number,
        more=len(entries) > _PAGE_SIZE,
        unmatched=unmatched,
        sees_all=visit.sees_all,
        may_import=may_decide(visit),
        currency=visit.currency.code,
        exponent=visit.currency.exponent,
    )


def take_in(visit: Visit, form: Form) -> str:
    """Have a bank's file taken in, all of it or nothing."""
    files = form.files("statement")
    if len(files) != 1:
        raise Problem("No file is chosen.", "Choose the bank's file: camt.053, or pain.002.")
    name = (files[0].filename or "statement.xml")[-100:]
    result = visit.client.import_statement(files[0].file.read(), file_name=name, note=form.text("note"))
    unmatched = sum(1 for entry in result.entries if entry.state is EntryState.UNMATCHED)
    advice = f"{unmatched} of them name no payment: say what they are about." if unmatched else ""
    visit.tell("/payments", result_text(result), advice)
    return "/payments?show=unmatched" if unmatched else "/payments"


def show_entry(visit: Visit) -> Response:
    """One entry with everything that the bank says, and the form that says what it is about."""
    entry = _entry(visit)
    recent = list(islice(visit.client.runs(page_size=_RUNS_MAX), _RUNS_MAX)) if may_decide(visit) else []
    return visit.page(
        "bank_entry.html",
        title=f"Bank entry {entry.number}",
        entry=entry,
        text=entry_text(entry),
        candidates=candidates(entry, recent),
        may_assign=may_decide(visit),
        currency=visit.currency.code,
        exponent=visit.currency.exponent,
    )


def candidates(entry: BankEntry, runs: list[Run]) -> list[tuple[Run, Instruction]]:
    """Payments that it could be about: those of the same amount first, then those that wait, newest run first."""
    found = [(run, item) for run in runs for item in run.instructions]
    return sorted(
        found, key=lambda pair: (entry.amount_minor not in (pair[1].amount_minor, pair[1].rest_minor), pair[1].done)
    )


def assign(visit: Visit, form: Form) -> str:
    """Say which payment an entry is about, or that it is about none."""
    entry = _entry(visit)
    if form.text("seen") != str(entry.matches):
        raise Problem("Somebody has said something else about it since you looked.", "Look again, then decide.", 409)
    choice, typed, note = form.text("reference"), form.text("typed"), form.text("note")
    if not note:
        raise Problem("It is not said why.", "Write a note.")
    if not choice or (choice == "other" and not typed):
        raise Problem("No payment is chosen.", "Choose one, or say that the entry is about none.")
    reference = None if choice == "aside" else typed if choice == "other" else choice
    after = visit.client.assign_entry(entry, reference, note)
    path = f"/payments/{after.entry_id}"
    visit.tell(path, entry_text(after) + ".")
    return path


def send_file(visit: Visit) -> Response:
    """One payer's payments of a released run, for its bank."""
    kind = {"xml": FileFormat.PAIN001, "csv": FileFormat.CSV}.get(visit.text("kind"))
    if kind is None:
        raise Problem("There is no such file.", "Choose one on the run's page.", 404)
    day = visit.asked("on")
    try:
        execution_on = date.fromisoformat(day) if day else None
    except ValueError as error:
        raise Problem(f"{day!r} is not a day such as 2025-01-31.", "Correct it in the address.") from error
    found = visit.client.instruction_file(
        visit.text("run_id"), payer=visit.text("payer"), file_format=kind, execution_on=execution_on
    )
    return attachment(found.data, found.name, _MEDIA_TYPES[kind])


def _entry(visit: Visit) -> BankEntry:
    wanted = visit.text("entry_id")
    # An old one is looked for because nobody has said yet what it is about.
    for unmatched in (False, True):
        newest = visit.client.bank_entries(unmatched=unmatched, page_size=_SEARCH_SIZE)
        for entry in islice(newest, _SEARCHED_MAX):
            if entry.entry_id == wanted:
                return entry
        if next(newest, None) is None:
            raise Problem("There is no such entry.", "Look for it in the list.", 404)
    text = f"The entry is not among the newest {_SEARCHED_MAX:,}, nor among as many that are not matched."
    raise Problem(text, "The command `coalition settlement run payments --limit` goes further back.", 404)
