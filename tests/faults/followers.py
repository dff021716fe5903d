"""Somebody who follows the journal through everything that happens to the hub."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final

from partner_sdk import ConfigurationError, Connection, JournalState, TransportError, VerifiedEntry
from partner_sdk.operator import Operator

_WAIT_S: Final = 30.0
_PAUSE_S: Final = 0.1


class Follower:
    """What it has read was verified, each part against the one before: a hub that took anything back is found out."""

    def __init__(self, connection: Connection) -> None:
        self._client = Operator(connection)
        self._state: JournalState | None = None
        self._entries: list[VerifiedEntry] = []
        self._ended = threading.Event()

    def follow(self) -> None:
        """Until the client is closed. Raises JournalInvalid."""
        while not self._ended.is_set():
            try:
                for part in self._client.follow_journal(self._state):
                    self._entries += part.entries
                    self._state = part.state
            except TransportError:
                time.sleep(_PAUSE_S)
            except ConfigurationError:
                if not self._ended.is_set():
                    raise

    def entries(self, size: int) -> list[VerifiedEntry]:
        """The first `size` entries, once it has come so far."""
        deadline = time.monotonic() + _WAIT_S
        while len(self._entries) < size:
            assert time.monotonic() < deadline, f"the follower comes to entry {size}, not only {len(self._entries)}"
            time.sleep(0.01)
        return self._entries[:size]

    def end(self) -> None:
        self._ended.set()
        self._client.close()


@contextmanager
def following(connection: Connection) -> Iterator[Follower]:
    """An operator that follows for as long as the block lasts. Raises what it failed with."""
    follower = Follower(connection)
    with ThreadPoolExecutor(1) as pool:
        followed = pool.submit(follower.follow)
        try:
            yield follower
        finally:
            follower.end()
        followed.result(_WAIT_S)
