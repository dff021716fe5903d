"""What every request must have, and every response says, before any page is asked.

A web page from elsewhere can make a browser send requests to this machine. So a request must name this console as its
host (else another name was made to point here: DNS rebinding), carry the cookie of the session (SameSite=Strict), not
come from another site, and, where it changes something, come from this console's own pages and carry their token.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from settlement.console.door import Door

#: Query parameter of the address to which a page renews itself.
BY_ITSELF: Final = "renewed"
STATIC: Final = "/static/"
ENTER: Final = "/enter"
#: Of a form without files.
FORM_BYTES_MAX: Final = 64 << 10

_METHODS: Final = ("GET", "HEAD", "POST")
_SAFE_SITES: Final = ("same-origin", "none")
_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    # `no-referrer` would have browsers hide the origin of forms.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

#: Makes the page that says why not: status, what is wrong, what to do.
Refuse = Callable[[int, str, str], Response]


class TooLarge(Exception):
    """More was sent than the address takes; the text says how much that is."""


class Guard:
    """Stands before the application."""

    def __init__(
        self, app: ASGIApp, door: Door, port: int, refuse: Refuse, larger_forms: Mapping[str, int] | None = None
    ) -> None:
        """`larger_forms` says how many bytes a form may have whose path begins so, where that is more than usual."""
        self._app = app
        self._door = door
        self._hosts = (f"127.0.0.1:{port}", f"localhost:{port}")
        self._cookie = cookie_name(port)
        self._refuse = refuse
        self._larger_forms = dict(larger_forms or {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise ValueError(f"The console speaks HTTP, not {scope['type']}.")
        send = _with_headers(send, scope["path"])
        refused = self._check(scope)
        if refused is not None:
            await refused(scope, receive, send)
            return
        await self._app(scope, _bounded(receive, self._limit(scope["path"])), send)

    def _limit(self, path: str) -> int:
        return next((size for start, size in self._larger_forms.items() if path.startswith(start)), FORM_BYTES_MAX)

    def _check(self, scope: Scope) -> Response | None:
        """What to answer instead of the page; None where everything is right. Puts the session into the scope."""
        headers = Headers(scope=scope)
        path, method = scope["path"], scope["method"]
        hosts = headers.getlist("host")
        if len(hosts) != 1 or hosts[0] not in self._hosts:
            # An answer without a page: whoever asks under another name learns nothing.
            return Response("This console answers to the address in its link only.\n", 421, media_type="text/plain")
        if method not in _METHODS:
            return Response(f"There is no {method} here.\n", 405, {"Allow": ", ".join(_METHODS)})
        if path.startswith(STATIC):
            return None
        if path != ENTER and headers.get("sec-fetch-site", "none") not in _SAFE_SITES:
            return self._refuse(403, "Another site led here.", "Open the page from the console itself.")
        if method == "POST" and headers.get("origin") != f"http://{hosts[0]}":
            return self._refuse(403, "This form was not sent by the console.", "Go back to the console and try there.")
        request = Request(scope)
        secret = request.cookies.get(self._cookie, "")
        session = self._door.session(secret, by_itself=BY_ITSELF in request.query_params)
        if session is None and path != ENTER:
            self._door.offer()
            return self._refuse(
                401,
                "The console is locked.",
                "Open the newest link that stands in the terminal in which the console runs. Each works once.",
            )
        scope.setdefault("state", {})["session"] = session
        return None


def cookie_name(port: int) -> str:
    """Cookies do not tell ports apart, so that their names must: two people may try two consoles in one browser."""
    return f"console-{port}"


def _with_headers(send: Send, path: str) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.update(_HEADERS)
            # What stands in a page is for nobody's disk.
            headers["Cache-Control"] = "private, max-age=86400" if path.startswith(STATIC) else "no-store"
        await send(message)

    return sending


def _bounded(receive: Receive, limit: int) -> Receive:
    seen = 0

    async def receiving() -> Message:
        nonlocal seen
        message = await receive()
        if message["type"] == "http.request":
            seen += len(message.get("body", b""))
            if seen > limit:
                raise TooLarge(f"This takes {limit:,} bytes at most.")
        return message

    return receiving
