"""Sending files: in chunks, and to a few callers at a time, for each of them holds a thread while it reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Final

from coalition.errors import Refused
from coalition.v1 import error_pb2

CHUNK_BYTES: Final = 64 << 10
#: Files that are made or sent at once.
DOWNLOADS_MAX: Final = 6
#: The same for one party, so that none can keep the others waiting.
DOWNLOADS_PER_PARTY_MAX: Final = 2


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
