"""Puts the console together: the guard before everything, the door, and the pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from settlement.console import entrance
from settlement.console.door import Door
from settlement.console.frame import refusal
from settlement.console.guard import Guard
from settlement.console.pages import (
    accounts,
    alerts,
    books,
    deciding,
    disputes,
    documents,
    entries,
    lines,
    overview,
    payments,
    reconciliations,
    reconciling,
    run,
    runs,
    windows,
)
from settlement.console.rendering import Place
from settlement.console.visit import Console

#: The navigation.
PLACES: Final = (
    Place("/", "Overview"),
    Place("/windows", "Windows"),
    Place("/runs", "Runs"),
    Place("/payments", "Payments", ("/accounts",)),
    Place("/lines", "Lines", ("/entries",)),
    Place("/reconciliations", "Reconciliations"),
    Place("/documents", "Documents"),
    Place("/books", "Books"),
    Place("/disputes", "Disputes"),
    Place("/alerts", "Alerts"),
)
_PAGES: Final[tuple[Callable[[Console], list[Route]], ...]] = (
    overview.routes,
    windows.routes,
    runs.routes,
    run.routes,
    deciding.routes,
    payments.routes,
    accounts.routes,
    lines.routes,
    entries.routes,
    reconciling.routes,
    reconciliations.routes,
    documents.routes,
    books.routes,
    disputes.routes,
    alerts.routes,
)


def build(console: Console, door: Door, port: int) -> ASGIApp:
    """The application that answers at `port`."""

    def refuse(status: int, text: str, advice: str) -> Response:
        return refusal(console, status, text, advice)

    async def missing(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException), "it is registered for the statuses of these"
        return refuse(error.status_code, "There is no such page.", "Go back, or begin at the overview.")

    routes = [*entrance.routes(console, door, port), *(route for pages in _PAGES for route in pages(console))]
    # The same answer for an address that takes no GET: to whoever looks, there is nothing there.
    app = Starlette(routes=routes, exception_handlers={404: missing, 405: missing})
    larger = {
        "/disputes/": disputes.FILES_BYTES_MAX,
        "/documents/check": documents.FILE_BYTES_MAX,
        "/reconciliations/file": reconciling.FILE_BYTES_MAX,
        "/payments/import": payments.STATEMENT_BYTES_MAX,
    }
    return Guard(app, door, port, refuse, larger)
