"""A shutdown under way: what was admitted is finished, the rest is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from coalition.errors import Refused
from coalition.v1 import error_pb2


class Stopping:
    """Says whether the hub is shutting down, and wakes those that wait for what will not come any more."""

    def __init__(self) -> None:
        self._begun = False
        self._turned_away = 0
        self._calls: list[Callable[[], object]] = []

    @property
    def begun(self) -> bool:
        return self._begun

    def begin(self) -> None:
        """From now on nothing new is admitted."""
        self._begun = True
        for call in tuple(self._calls):
            call()

    def check(self) -> None:
        """Raises Refused with SHUTTING_DOWN once a shutdown has begun."""
        if self._begun:
            self._turned_away += 1
            raise shutting_down()

    async def quiet(self, quiet_s: float, most_s: float) -> None:
        """Return when for `quiet_s` nobody had to be turned away and nobody waits, at the latest after `most_s`."""
        loop = asyncio.get_running_loop()
        end = loop.time() + most_s
        while loop.time() < end:
            before, waiting = self._turned_away, len(self._calls)
            await asyncio.sleep(quiet_s)
            # Whoever waited at first has been told by now, or else only a moment ago.
            if self._turned_away == before and not waiting:
                return

    @contextmanager
    def calls(self, call: Callable[[], object]) -> Iterator[None]:
        """Call this when a shutdown begins; at once if it has begun."""
        self._calls.append(call)
        if self._begun:
            call()
        try:
            yield
        finally:
            self._calls.remove(call)


def shutting_down() -> Refused:
    """The error for everything that comes too late."""
    return Refused(
        error_pb2.REASON_SHUTTING_DOWN,
        "The hub is shutting down. Send the same bytes again, to another hub or in a while.",
        {"retry_after_ms": "1000"},
    )
