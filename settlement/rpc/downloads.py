"""Sending files: in chunks, and to a few callers at a time, for each of them holds a thread while it reads."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock, Timer
from typing import Final

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


def send(data: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
    """The file in chunks, to a caller that reads all of them within SEND_S; its place is then free again.

    Raises Refused with OVERLOADED when it reads too slowly. One that does not read at all would keep the thread waiting
    within gRPC for ever, so its call is cancelled from outside.
    """
    end_s = time.monotonic() + SEND_S
    cut_off = Timer(SEND_S + _GRACE_S, context.cancel)
    cut_off.daemon = True
    cut_off.start()
    try:
        for chunk in chunks(data):
            if time.monotonic() > end_s:
                raise Refused(
                    error_pb2.REASON_OVERLOADED,
                    f"The file was not read within {SEND_S:.0f} seconds, and others wait. Ask for it again when the "
                    "connection is faster.",
                    {"seconds": f"{SEND_S:.0f}"},
                )
            yield chunk
    finally:
        cut_off.cancel()


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
