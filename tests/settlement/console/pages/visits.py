"""One request to a console whose service is made up."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from partner_sdk import PartyKind
from partner_sdk.errors import Refusal
from partner_sdk.settlement import Alert, Progress, Window, WindowReport
from settlement.console.app import PLACES
from settlement.console.door import Session
from settlement.console.jobs import Jobs
from settlement.console.rendering import Renderer
from settlement.console.reports import Reports
from settlement.console.visit import Console, Form, Person, Visit

MOMENT = datetime(2025, 1, 31, tzinfo=UTC)
PROGRESS = Progress(100, bytes(32), MOMENT, PartyKind.OPERATOR, "operator", "EUR", 2)
RENDERER = Renderer(PLACES)


class Service:
    """Answers what every page asks; a test's own has what the page itself asks."""

    def __init__(self, *windows: Window, stopped: Refusal | None = None) -> None:
        self._windows = windows
        self._stopped = stopped

    def progress(self) -> Progress:
        """Of an operator's person."""
        if self._stopped is not None:
            raise self._stopped
        return PROGRESS

    def alerts(self) -> tuple[Alert, ...]:
        """Nothing is the matter."""
        return ()

    def windows(self) -> tuple[Window, ...]:
        """All that there are."""
        return self._windows

    def window(self, number: int) -> WindowReport:
        """Nothing happened in any."""
        found = next(window for window in self._windows if window.number == number)
        return WindowReport(found, "EUR", 2, (), (), (), ())


def visit_to(service: Any, path: str = "/", session: Session | None = None, query: str = "", **names: object) -> Visit:
    """A visit of an operator's person; `names` are what the address has in its path."""
    person = Person("test", "operator", "0" * 16)
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": query.encode(),
        "headers": [],
        "path_params": names,
        "state": {"session": session or Session()},
    }
    return Visit(Console(service, person, RENDERER, Reports(service), Jobs()), Request(scope))


def filled(*fields: tuple[str, str]) -> Form:
    """A form with these fields."""
    return Form(FormData(fields))


def text_of(response: Response) -> str:
    """The page."""
    return bytes(response.body).decode()
