"""What all pages stand in: who looks, the way in and out of a handler, and what becomes of errors."""

from __future__ import annotations

import hmac
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from partner_sdk import PartyKind
from partner_sdk.errors import CoalitionError, Refusal
from partner_sdk.settlement import Alert, Progress, SettlementClient
from settlement.console.advice import trouble_of
from settlement.console.door import Notice, Session
from settlement.console.guard import BY_ITSELF, TooLarge
from settlement.console.rendering import Renderer
from settlement.console.reports import Reports

#: Name of the field that carries the session's form token.
TOKEN_FIELD: Final = "form_token"  # noqa: S105 - the name of a field
#: More than any window, sequence or page has.
NUMBER_MAX: Final = (1 << 63) - 1
_FIELDS_MAX: Final = 512
_FILES_MAX: Final = 10
_FIELD_BYTES_MAX: Final = 16 << 10
#: A typed text is given back after an error up to this length.
_TYPED_MAX: Final = 2_000
_SEE_OTHER: Final = 303
_LOCKED: Final = 401

_log = structlog.stdlib.get_logger("settlement.console")


@dataclass(frozen=True, slots=True)
class Person:
    """Whose key the console holds."""

    network_id: str
    party_id: str
    #: The beginning of the key's hash, as logs and runs show it.
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Console:
    """What the pages of one console share."""

    client: SettlementClient
    person: Person
    renderer: Renderer
    reports: Reports


class Problem(Exception):
    """What a person asked for cannot be done. The form is shown again with this text."""

    def __init__(self, text: str, advice: str = "", status: int = 400) -> None:
        super().__init__(text)
        self.text, self.advice, self.status = text, advice, status


class Visit:
    """One request, after everything about it was found to be right."""

    def __init__(self, console: Console, request: Request) -> None:
        self.console = console
        self.request = request
        self.session: Session = request.state.session

    @cached_property
    def progress(self) -> Progress | Refusal:
        """How far the service has come, or why it goes no further; what it had verified can still be read then."""
        try:
            return self.client.progress()
        except Refusal as refusal:
            return refusal

    @cached_property
    def alerts(self) -> tuple[Alert, ...]:
        """What needs attention now; empty where the service does not say."""
        try:
            return self.client.alerts()
        except Refusal:
            return ()

    @property
    def kind(self) -> PartyKind | None:
        """What the person's party is in the network; None where the service does not say now."""
        return self.progress.caller_kind if isinstance(self.progress, Progress) else None

    @property
    def sees_all(self) -> bool:
        """Whether nothing is hidden from the person."""
        return self.kind in (PartyKind.OPERATOR, PartyKind.AUDITOR)

    @property
    def client(self) -> SettlementClient:
        """Asks the settlement service as the person."""
        return self.console.client

    @property
    def path(self) -> str:
        """The page's address, without a query."""
        return self.request.url.path

    def number(self, name: str) -> int:
        """A number in the path, whose route says that it is one. Raises Problem for one that nothing has."""
        number = int(self.request.path_params[name])
        if number > NUMBER_MAX:
            raise Problem("There is no such page.", "Go back, or begin at the overview.", 404)
        return number

    def text(self, name: str) -> str:
        """A text in the path."""
        return str(self.request.path_params[name])

    def asked(self, name: str) -> str:
        """A text in the query; empty when it is not there."""
        return self.request.query_params.get(name, "")

    def asked_number(self, name: str, default: int, most: int) -> int:
        """A number of 1 and more in the query; the default for what is none."""
        text = self.asked(name)
        if not (text.isascii() and text.isdecimal() and len(text) <= len(str(NUMBER_MAX))):
            return default
        return min(max(1, int(text)), most)

    def page(self, template: str, *, title: str, status: int = 200, renew_s: int = 0, **values: Any) -> Response:
        """A page. Its title also says where it is. With `renew_s` the browser asks for it again after so long."""
        progress = self.progress
        notice = self.session.take_notice(self.path)
        response = self.console.renderer.page(
            template,
            status=status,
            title=title,
            person=self.console.person,
            path=self.path,
            form_token=self.session.form_token,
            progress=progress if isinstance(progress, Progress) else None,
            stopped=str(progress) if isinstance(progress, Refusal) else "",
            alerts=self.alerts,
            notice=notice,
            typed=dict(notice.typed) if notice else {},
            **values,
        )
        if renew_s:
            response.headers["Refresh"] = f"{renew_s}; url={self.path}?{BY_ITSELF}=1"
        return response

    def tell(self, path: str, text: str, advice: str = "") -> None:
        """Say on the page at `path` that something was done."""
        self.session.leave_notice(path, Notice("done", text, advice))


@dataclass(frozen=True, slots=True)
class Form:
    """What was typed and chosen."""

    _data: FormData

    def text(self, name: str) -> str:
        """A field's text without the spaces around it; empty when it is not there."""
        value = self._data.get(name)
        return value.strip() if isinstance(value, str) else ""

    def texts(self, name: str) -> tuple[str, ...]:
        """All that was chosen under one name."""
        return tuple(value for value in self._data.getlist(name) if isinstance(value, str))

    def files(self, name: str) -> list[UploadFile]:
        """The files that were chosen under a name; none is no error."""
        return [value for value in self._data.getlist(name) if isinstance(value, UploadFile) and value.filename]

    @property
    def typed(self) -> tuple[tuple[str, str], ...]:
        """The texts, to be shown again."""
        return tuple(
            (name, value[:_TYPED_MAX])
            for name, value in self._data.multi_items()
            if isinstance(value, str) and name != TOKEN_FIELD
        )


Show = Callable[[Visit], Response]
#: Does something and gives the path of the page to look at next.
Act = Callable[[Visit, Form], str]


def page(console: Console, path: str, show: Show) -> Route:
    """An address that shows something."""

    async def endpoint(request: Request) -> Response:
        visit = Visit(console, request)
        try:
            return await run_in_threadpool(show, visit)
        except CoalitionError as error:
            trouble = trouble_of(error)
            return refusal(console, trouble.status, trouble.text, trouble.advice)
        except Problem as problem:
            return refusal(console, problem.status, problem.text, problem.advice)
        except Exception:  # noqa: BLE001 - the last resort of every page; logged in full, answered with an id
            return _unexpected(console, request)

    return Route(path, endpoint, methods=["GET"])


def action(console: Console, path: str, act: Act, *, back: str) -> Route:
    """An address to which a form is sent. It answers with the page to look at next, so that reloading sends nothing
    twice. `back` is the page of the form, shown again with what was typed when something is wrong."""

    async def endpoint(request: Request) -> Response:
        visit = Visit(console, request)
        again = back.format_map(request.path_params)
        try:
            async with request.form(
                max_files=_FILES_MAX, max_fields=_FIELDS_MAX, max_part_size=_FIELD_BYTES_MAX
            ) as data:
                form = Form(data)
                if not hmac.compare_digest(form.text(TOKEN_FIELD).encode(), visit.session.form_token.encode()):
                    return refusal(
                        console, 403, "This form is of an earlier session.", "Open its page again and fill it in there."
                    )
                try:
                    again = await run_in_threadpool(act, visit, form)
                except CoalitionError as error:
                    trouble = trouble_of(error)
                    notice = Notice("problem", trouble.text, trouble.advice, form.typed)
                    visit.session.leave_notice(again, notice)
                except Problem as problem:
                    visit.session.leave_notice(again, Notice("problem", problem.text, problem.advice, form.typed))
        except TooLarge as error:
            return refusal(console, 413, str(error), "Send less at a time.")
        except HTTPException as error:
            return refusal(console, error.status_code, error.detail, "Go back and send the form again.")
        except Exception:  # noqa: BLE001 - as for pages
            return _unexpected(console, request)
        return RedirectResponse(again, _SEE_OTHER)

    return Route(path, endpoint, methods=["POST"])


def refusal(console: Console, status: int, text: str, advice: str) -> Response:
    """A page that says why there is no other."""
    return console.renderer.page(
        "refused.html",
        status=status,
        title="Locked" if status == _LOCKED else "Not shown",
        locked=status == _LOCKED,
        text=text,
        advice=advice,
    )


def _unexpected(console: Console, request: Request) -> Response:
    error_id = uuid.uuid4().hex
    _log.exception("unexpected", error_id=error_id, path=request.url.path)
    return refusal(
        console,
        500,
        f"The console failed. The terminal shows more under the id {error_id}.",
        "Try again; if it stays so, report it with what the terminal shows.",
    )


def rows_of(values: Sequence[Any], page_number: int, size: int) -> tuple[Sequence[Any], Mapping[str, int]]:
    """One page of a list, and where it is in it."""
    pages = max(1, -(-len(values) // size))
    number = min(page_number, pages)
    return values[(number - 1) * size : number * size], {"page": number, "pages": pages, "all": len(values)}
