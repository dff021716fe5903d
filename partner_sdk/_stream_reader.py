"""Reading a stream of a service for as long as somebody wants to, over connections that break."""

from __future__ import annotations

from typing import Final, Generic

import grpc
from google.protobuf.message import Message

from partner_sdk._exchange import Unanswered, passes, pauses
from partner_sdk._session import Session
from partner_sdk._steps import (
    Diagnosis,
    Ended,
    Failure,
    Method,
    OpenStream,
    Probe,
    Read,
    Response,
    Sleep,
    Steps,
    Stream,
)

#: A stream that brings nothing for so long is opened anew: the connection may have died without a word.
_SILENCE_S: Final = 60.0
_PROBE_S: Final = 2.0


class StreamReader(Generic[Response]):
    """Reads one response after the other, opening the stream anew when it breaks."""

    def __init__(self, session: Session, method: Method[Response], *, follow: bool) -> None:
        """With `follow`, silence is no end, and neither is the end of a stream: `next` is called again."""
        self._session = session
        self._method = method
        self._follow = follow
        self._stream: Stream | None = None
        self._lost_s: float | None = None
        self._pauses = pauses(session.jitter)

    def next(self, request: Message) -> Steps[Response | None]:
        """The next response; None at the end of a stream. `request` opens another one where there is none.

        Raises what no retry mends.
        """
        while True:
            if self._stream is None:
                self._stream = yield OpenStream(self._method, request, self._session.metadata())
            silence_s = _SILENCE_S if self._follow else self._session.connection.timeout_s
            answer = yield Read(self._stream, silence_s)
            if isinstance(answer, self._method.response):
                self._lost_s = None
                return answer
            self._stream = None
            if isinstance(answer, Ended) or answer.code is grpc.StatusCode.OUT_OF_RANGE:
                self._lost_s = None
                if self._follow:
                    yield Sleep(next(self._pauses))
                return None
            silent = answer.code is grpc.StatusCode.DEADLINE_EXCEEDED
            if not (silent and self._follow):
                yield from self._recover(answer)

    def _recover(self, failure: Failure) -> Steps[None]:
        """Wait before trying again. Raises when that is pointless, or when the hub has been away for too long."""
        session = self._session
        now_s = session.monotonic()
        pause_s = next(self._pauses)
        if self._lost_s is None:
            self._lost_s, self._pauses = now_s, pauses(session.jitter)
        diagnosis: Diagnosis | None = None
        if failure.never_sent:
            diagnosis = yield Probe(_PROBE_S)
        hopeless = not passes(failure) or (diagnosis is not None and diagnosis.permanent)
        if hopeless or now_s + pause_s - self._lost_s >= session.connection.timeout_s:
            raise Unanswered(failure, False, diagnosis, session.address).error()
        yield Sleep(pause_s)
