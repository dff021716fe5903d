"""What all pages stand in: the way in and out of a handler, and what becomes of errors."""

from __future__ import annotations

import hmac
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Final, TypeVar

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from partner_sdk.errors import CoalitionError
from settlement.console.advice import trouble_of
from settlement.console.door import Notice
from settlement.console.guard import TooLarge
from settlement.console.visit import TOKEN_FIELD, Console, Form, Problem, Visit

#: As many payments can be carried at once; the rest of a very large run after them.
_FIELDS_MAX: Final = 4_096
_FILES_MAX: Final = 10
_FIELD_BYTES_MAX: Final = 16 << 10
_SEE_OTHER: Final = 303
_LOCKED: Final = 401

_log = structlog.stdlib.get_logger("settlement.console")

T = TypeVar("T")
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


def first_of(values: Iterable[T], most: int) -> tuple[list[T], bool]:
    """The beginning of a list, as much of it as is shown, and whether there is more."""
    found = list(islice(values, most + 1))
    return found[:most], len(found) > most
