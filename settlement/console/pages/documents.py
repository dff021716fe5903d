"""Documents: a party's statement of a window on the page and as files, and whether a file is right."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from coalition.keys import fingerprint
from partner_sdk.settlement import StatementForm, Window
from partner_sdk.statement import STATEMENT_BYTES_MAX, verify_statement
from settlement.console.amounts import exact_text, minor_text
from settlement.console.frame import action, page
from settlement.console.pages.windows import attachment
from settlement.console.visit import NUMBER_MAX, Console, Form, Problem, Visit

#: A file with every line takes longer than other answers.
_FILE_TIMEOUT_S: Final = 120.0
#: And some more for the form around it.
FILE_BYTES_MAX: Final = STATEMENT_BYTES_MAX + (64 << 10)
_MEDIA_TYPES: Final = {
    StatementForm.PDF: "application/pdf",
    StatementForm.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    StatementForm.CSV: "text/csv; charset=utf-8",
    StatementForm.JSON: "application/json",
}


def routes(console: Console) -> list[Route]:
    """Everything below /documents."""
    return [
        page(console, "/documents", show),
        action(console, "/documents/check", check, back="/documents"),
        page(console, "/documents/{window:int}/{party_id}", show_statement),
        page(console, "/documents/{window:int}/{party_id}/statement.{form}", send),
    ]


def show(visit: Visit) -> Response:
    """Whose statements there are of a window: the last closed one, or another."""
    windows = visit.client.windows()[::-1]
    asked = visit.asked_number("window", 0, NUMBER_MAX)
    chosen = next((window for window in windows if window.number == asked), _newest(windows))
    return visit.page(
        "documents.html",
        title="Documents",
        windows=windows,
        chosen=chosen,
        parties=_parties(visit, chosen) if chosen else [],
        forms=tuple(StatementForm),
        lines=visit.asked("lines") == "all",
    )


def _newest(windows: tuple[Window, ...]) -> Window | None:
    """The last closed window, else the open one."""
    return next((window for window in windows if window.closed_at), windows[0] if windows else None)


def _parties(visit: Visit, window: Window) -> list[str]:
    """Whose statements the person may have: its own party's, or those of everybody who had business."""
    if not visit.sees_all:
        return [visit.console.person.party_id]
    report = visit.client.window(window.number)
    return sorted({item.party_id for item in report.positions} | {item.party_id for item in report.activity})


def show_statement(visit: Visit) -> Response:
    """A statement's figures, after its signature, sums and proofs were checked."""
    window, party_id = visit.number("window"), visit.text("party_id")
    found = visit.client.with_timeout(_FILE_TIMEOUT_S).statement(window, party_id=party_id)
    return visit.page(
        "statement.html",
        title=f"Statement of {party_id}, window {window}",
        statement=found,
        figures=found.figures,
        forms=tuple(StatementForm),
    )


def send(visit: Visit) -> Response:
    """A statement as a file. The signed JSON is checked before it is handed over."""
    window, party_id = visit.number("window"), visit.text("party_id")
    if visit.text("form") not in [form.value for form in StatementForm]:
        raise Problem("There is no such form.", "Choose one on the page of documents.", 404)
    form = StatementForm(visit.text("form"))
    client = visit.client.with_timeout(_FILE_TIMEOUT_S)
    data = client.statement_file(window, party_id=party_id, form=form, lines=visit.asked("lines") == "all")
    if form is StatementForm.JSON:
        verify_statement(data, client.connection.hub_keys, network_id=client.connection.network_id)
    return attachment(data, f"statement-{window:03}-{party_id}.{form.value}", _MEDIA_TYPES[form])


def check(visit: Visit, form: Form) -> str:
    """Whether a statement's signed JSON is right, by the hub's keys in the profile and nothing else."""
    files = form.files("statement")
    if len(files) != 1:
        raise Problem("No file is chosen.", "Choose a statement's signed JSON.")
    connection = visit.client.connection
    found = verify_statement(files[0].file.read(), connection.hub_keys, network_id=connection.network_id)
    figures, period = found.figures, found.figures.period
    payable = minor_text(figures.settlement.payable_minor, period.currency_exponent)
    lines = "without single lines" if found.lines is None else f"{len(found.lines):,} lines, each proven"
    visit.tell(
        "/documents",
        f"statement {figures.statement_id} of {period.party_name} is right: {lines}; net position "
        f"{exact_text(figures.net_micros)} {period.currency}, payable {payable}.",
        f"Signed by {found.signer.party_id} with the key {fingerprint(found.signer.public_key)}, over a log of "
        f"{figures.log_size:,} entries that the hub signed.",
    )
    return "/documents"
