"""Files that a service sends in chunks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from google.protobuf.message import Message

from partner_sdk._errors import TransportError
from partner_sdk._exchange import Unanswered, pauses
from partner_sdk._session import Session
from partner_sdk._steps import Diagnosis, Ended, Failure, Method, OpenStream, Probe, Read, Response, Sleep, Steps

#: No file that a service sends is larger.
FILE_BYTES_MAX: Final = 256 << 20
_PROBE_S: Final = 2.0


def download(
    session: Session, method: Method[Response], request: Message, chunk: Callable[[Response], bytes]
) -> Steps[bytes]:
    """The whole file; `chunk` gives a response's bytes.

    A stream that breaks is begun again from the start, as long as the client's timeout allows; each chunk may take that
    long as well. Raises Refusal or TransportError.
    """
    deadline_s = session.monotonic() + session.connection.timeout_s
    breaks = pauses(session.jitter)
    while True:
        answer = yield from _attempt(session, method, request, chunk)
        if not isinstance(answer, Failure):
            return answer
        pause_s = next(breaks)
        diagnosis: Diagnosis | None = None
        if answer.never_sent:
            diagnosis = yield Probe(_PROBE_S)
        unanswered = Unanswered(answer, False, diagnosis, session.address)
        if unanswered.hopeless or session.monotonic() + pause_s >= deadline_s:
            raise unanswered.error()
        yield Sleep(pause_s)


def _attempt(
    session: Session, method: Method[Response], request: Message, chunk: Callable[[Response], bytes]
) -> Steps[bytes | Failure]:
    stream = yield OpenStream(method, request, session.metadata())
    data = bytearray()
    try:
        while True:
            answer = yield Read(stream, session.connection.timeout_s)
            if isinstance(answer, Ended):
                return bytes(data)
            if isinstance(answer, Failure):
                return answer
            data += chunk(answer)
            if len(data) > FILE_BYTES_MAX:
                raise TransportError(f"{session.address} sends a file of more than {FILE_BYTES_MAX} bytes.")
    finally:
        stream.cancel()
