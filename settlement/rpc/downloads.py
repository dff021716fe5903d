"""Sending files and long answers: to a few callers at a time, and in time, for each holds a thread while it reads."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Lock, Timer
from typing import Final, TypeVar

import grpc

from coalition.errors import Refused
from coalition.v1 import error_pb2

CHUNK_BYTES: Final = 64 << 10
#: Files that are made or sent at once.
DOWNLOADS_MAX: Final = 6
#: The same for one party, so that none can keep the others waiting.
DOWNLOADS_PER_PARTY_MAX: Final = 2
#: How long a file may take to be sent: the largest is some megabytes.
SEND_S: Final = 120.0
#: How long a caller that has stopped reading is waited for after that.
_GRACE_S: Final = 5.0

_Message = TypeVar("_Message")


class Downloads:
    """Places for those who fetch files."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._taken: Counter[str] = Counter()

    @contextmanager
    def place(self, party_id: str) -> Iterator[None]:
        """Hold a place while a file is made and sent. Raises Refused with OVERLOADED when there is none."""
        with self._lock:
            if self._taken[party_id] >= DOWNLOADS_PER_PARTY_MAX:
                raise _none_left(DOWNLOADS_PER_PARTY_MAX, f"{party_id} is fetching")
            if self._taken.total() >= DOWNLOADS_MAX:
                raise _none_left(DOWNLOADS_MAX, "The settlement service is sending")
            self._taken[party_id] += 1
        try:
            yield
        finally:
            with self._lock:
                self._taken[party_id] -= 1


@contextmanager
def cut_off(context: grpc.ServicerContext, within_s: float) -> Iterator[None]:
    """Cancel a call that is still being answered so long after this begins.

    For every stream: a caller that stops reading keeps the thread waiting within gRPC, where no check of the time is
    reached, so its call is ended from outside.
    """
    timer = Timer(within_s, context.cancel)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def in_time(
    messages: Iterable[_Message], context: grpc.ServicerContext, within_s: float | None = None
) -> Iterator[_Message]:
    """The messages of a stream, to a caller that reads all of them in time, SEND_S unless said; then its place is free.

    Raises Refused with OVERLOADED when it reads too slowly. One that does not read at all is cut off.
    """
    limit_s = SEND_S if within_s is None else within_s
    end_s = time.monotonic() + limit_s
    with cut_off(context, limit_s + _GRACE_S):
        for message in messages:
            if time.monotonic() > end_s:
                raise Refused(
                    error_pb2.REASON_OVERLOADED,
                    f"The answer was not read within {limit_s:.0f} seconds, and others wait. Ask for it again when the "
                    "connection is faster.",
                    {"seconds": f"{limit_s:.0f}"},
                )
            yield message


def read_in_time(messages: Iterable[_Message], context: grpc.ServicerContext) -> Iterator[_Message]:
    """The messages of a stream that may take long to make, to a caller that keeps it waiting no longer than SEND_S in
    all; one that does is cut off."""
    left_s = SEND_S
    for message in messages:
        began_s = time.monotonic()
        with cut_off(context, max(0.0, left_s)):
            yield message
        left_s -= time.monotonic() - began_s


def send(data: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
    """A file in chunks, `in_time`."""
    return in_time(chunks(data), context)


def chunks(data: bytes) -> Iterator[bytes]:
    """The bytes in parts of CHUNK_BYTES; one empty part for none."""
    view = memoryview(data)
    for start in range(0, len(data) or 1, CHUNK_BYTES):
        yield bytes(view[start : start + CHUNK_BYTES])


def _none_left(limit: int, who: str) -> Refused:
    return Refused(
        error_pb2.REASON_OVERLOADED,
        f"{who} {limit} files already. Ask again when one of them is done.",
        {"limit": str(limit)},
    )
