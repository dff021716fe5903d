"""One request to one console: whose it is, what was asked and typed, and the page that answers."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import wait
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlencode

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response

from partner_sdk import PartyKind
from partner_sdk.errors import Refusal
from partner_sdk.settlement import Alert, Progress, SettlementClient
from settlement.console.door import Notice, Session
from settlement.console.guard import BY_ITSELF
from settlement.console.jobs import Job, Jobs, TooManyJobs
from settlement.console.rendering import Renderer
from settlement.console.reports import Reports

#: Every journal begins with it.
_FIRST_WINDOW: Final = 1
#: Name of the field that carries the session's form token.
TOKEN_FIELD: Final = "form_token"  # noqa: S105 - the name of a field
#: More than any window, sequence or page has.
NUMBER_MAX: Final = (1 << 63) - 1
#: A typed text is given back after an error up to this length.
_TYPED_MAX: Final = 2_000
#: Work that is done so soon needs no page to wait on.
_AT_ONCE_S: Final = 1.5
_RENEW_S: Final = 2


@dataclass(frozen=True, slots=True)
class Person:
    """Whose key the console holds."""

    network_id: str
    party_id: str
    #: The beginning of the key's hash, as logs and runs show it.
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Currency:
    """What amounts are in."""

    #: ISO 4217 code.
    code: str
    #: Digits of the minor unit.
    exponent: int


@dataclass(frozen=True, slots=True)
class Console:
    """What the pages of one console share."""

    client: SettlementClient
    person: Person
    renderer: Renderer
    reports: Reports
    jobs: Jobs


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
    def operator(self) -> str:
        """The party that is the operator. Raises Problem where the service says no more than that it has stopped."""
        if isinstance(self.progress, Progress):
            return self.progress.operator
        raise Problem(str(self.progress), "This can be looked at when the service follows the journal again.", 503)

    @cached_property
    def currency(self) -> Currency:
        """The settlement currency; that of the first window where the service says no more than that it has stopped."""
        if isinstance(self.progress, Progress):
            return Currency(self.progress.currency, self.progress.currency_exponent)
        sums = self.console.reports.sums_of_number(_FIRST_WINDOW)
        return Currency(sums.currency, sums.exponent)

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
        # Nobody has read what is gone after a few seconds.
        notice = self.session.take_notice(self.path, keep=bool(renew_s))
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
            query = urlencode([*self._query(), (BY_ITSELF, "1")])
            response.headers["Refresh"] = f"{renew_s}; url={self.path}?{query}"
        return response

    def _query(self) -> list[tuple[str, str]]:
        return [item for item in self.request.query_params.multi_items() if item[0] != BY_ITSELF]

    def job(self, key: str, name: str, work: Callable[[Job], Any], wait_s: float = _AT_ONCE_S) -> Job:
        """Something that may take long: begun now or before, and waited for a little. Raises Problem for too many."""
        try:
            job = self.console.jobs.start(key, name, work)
        except TooManyJobs:
            raise Problem("Too much is under way in this console.", "Wait until something is done.", 503) from None
        wait([job.future], wait_s)
        return job

    def wait_for(self, job: Job, title: str) -> Response:
        """The page to look at while something is under way."""
        query = urlencode(self._query())
        return self.page("waiting.html", title=title, renew_s=_RENEW_S, job=job, query=query)

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
