"""Who may see the console's pages: whoever opens the link that stands in the terminal, once, in one browser."""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal

NoticeKind = Literal["done", "problem"]

IDLE_S_DEFAULT: Final = 30 * 60
_TOKEN_BYTES: Final = 32
#: Messages that wait for their page to be looked at; the oldest goes first.
_NOTICES_MAX: Final = 16


def _new_secret() -> str:
    return secrets.token_urlsafe(_TOKEN_BYTES)


def passing_s() -> float:
    """Seconds that only grow, also while the machine is suspended where the system counts that."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


@dataclass(frozen=True, slots=True)
class Notice:
    """What came of an action, shown once on the page that follows it."""

    kind: NoticeKind
    text: str
    #: What to do now; empty where there is nothing.
    advice: str = ""
    #: What was typed into the form, so that it need not be typed again.
    typed: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Session:
    """One browser's stay."""

    #: Value of the cookie.
    secret: str = field(default_factory=_new_secret, repr=False)
    #: Stands in every form, and must come back with it.
    form_token: str = field(default_factory=_new_secret, repr=False)
    _notices: dict[str, Notice] = field(default_factory=dict, repr=False)

    def leave_notice(self, path: str, notice: Notice) -> None:
        """Keep a message for the next look at a page, whatever its query."""
        path = path.partition("?")[0]
        self._notices.pop(path, None)
        self._notices[path] = notice
        while len(self._notices) > _NOTICES_MAX:
            del self._notices[next(iter(self._notices))]

    def take_notice(self, path: str, *, keep: bool = False) -> Notice | None:
        """The message for a page, which is forgotten with that unless it is kept for the next look."""
        return self._notices.get(path) if keep else self._notices.pop(path, None)


class Door:
    """One link at a time leads to one session at a time. May be used from several threads."""

    def __init__(
        self,
        announce: Callable[[str], None],
        idle_s: float = IDLE_S_DEFAULT,
        monotonic: Callable[[], float] = passing_s,
    ) -> None:
        """`announce` gets the token of each link, to tell the person who sits at the terminal."""
        self._announce = announce
        self._idle_s = idle_s
        self._monotonic = monotonic
        self._lock = threading.RLock()
        self._token = ""
        #: Links that led to the session.
        self._used: list[str] = []
        self._session: Session | None = None
        self._last_use_s = 0.0

    def offer(self) -> None:
        """Make a link, unless one waits to be used."""
        with self._lock:
            if not self._token:
                self._token = _new_secret()
                self._announce(self._token)

    def enter(self, token: str) -> Session | None:
        """A session for a link's token; None for any other.

        A link that comes a second time was seen by somebody else, or its browser is gone. Which of the two, nobody can
        tell: so the session that it had led to ends, and a new link is offered in the terminal.
        """
        with self._lock:
            if self._token and _same(token, self._token):
                self._used, self._token = [self._token], ""
                self._session, self._last_use_s = Session(), self._monotonic()
                return self._session
            if any(_same(token, used) for used in self._used):
                self.leave()
            return None

    def use_up(self, token: str) -> None:
        """Have a link that waits lead nowhere: the browser that has the session opened it."""
        with self._lock:
            if self._token and _same(token, self._token):
                self._used.append(self._token)
                self._token = ""

    def session(self, secret: str, *, by_itself: bool = False) -> Session | None:
        """The session of a cookie; None where it has ended. A page that renews itself does not keep it from ending."""
        with self._lock:
            found, now_s = self._session, self._monotonic()
            if found is None:
                return None
            if now_s - self._last_use_s > self._idle_s:
                self.leave()
                return None
            if not _same(secret, found.secret):
                return None
            if not by_itself:
                self._last_use_s = now_s
            return found

    def leave(self) -> None:
        """End the session and offer a new link."""
        with self._lock:
            self._session = None
            self.offer()


def _same(given: str, expected: str) -> bool:
    """Compares without telling by its time how much was right."""
    return hmac.compare_digest(given.encode(), expected.encode())
