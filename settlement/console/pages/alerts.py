"""What needs somebody's attention, and noting on it."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from partner_sdk.settlement import Alert, AlertKind
from settlement.console.frame import action, first_of, page
from settlement.console.pages.runs import may_decide
from settlement.console.visit import Console, Form, Problem, Visit

_SHOWN_MAX: Final = 500


def routes(console: Console) -> list[Route]:
    """Everything below /alerts."""
    return [
        page(console, "/alerts", show),
        action(console, "/alerts/{number:int}", note, back="/alerts"),
    ]


def show(visit: Visit) -> Response:
    """Alerts that last, the worst first; with `all`, also those that have ended, the newest first."""
    everything = visit.asked("show") == "all"
    found = visit.client.alerts(ended_too=True) if everything else visit.alerts
    shown, cut = first_of(found, _SHOWN_MAX)
    return visit.page(
        "alerts.html",
        title="Alerts",
        rows=[(alert, place_of(alert)) for alert in shown],
        cut=cut,
        currency=visit.currency.code,
        exponent=visit.currency.exponent,
        everything=everything,
        may_note=may_decide(visit),
    )


def place_of(alert: Alert) -> tuple[str, str] | None:
    """The page on which something can be done about it, and what it is called."""
    if alert.kind in (AlertKind.DISPUTE_DUE, AlertKind.DISPUTE_LATE) and alert.subject_id:
        return f"/disputes/{alert.subject_id}", "the dispute"
    if alert.kind is AlertKind.DIFFERENCES_OPEN and alert.subject_id:
        return f"/reconciliations/{alert.subject_id}", "the reconciliation"
    if alert.kind is AlertKind.PAYMENT_OVERDUE:
        return "/runs", "runs"
    if alert.kind in (AlertKind.LIMIT_NEAR, AlertKind.LIMIT_REACHED, AlertKind.PACK_LOW, AlertKind.PACK_EMPTY):
        return "/books", "the books"
    if alert.window:
        return f"/windows/{alert.window}", f"window {alert.window}"
    return None


def note(visit: Visit, form: Form) -> str:
    """Note that an alert was seen, and what is being done."""
    number, text = visit.number("number"), form.text("note")
    if not text:
        raise Problem("The note is empty.", "Write what is being done about it.")
    found = next((alert for alert in visit.client.alerts() if alert.number == number), None)
    if found is None:
        raise Problem(f"Alert {number} does not last any more.", "Look at those that have ended.")
    visit.client.acknowledge_alert(found, text)
    visit.tell("/alerts", f"noted on alert {number}.", "It lasts until its cause is gone.")
    return "/alerts"
