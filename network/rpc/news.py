"""Tells those who follow the journal that it has grown."""

from __future__ import annotations

import asyncio

from network.journal.commits import Commits


class News:
    """Waiting for commits without a thread for each follower. To be used from one event loop."""

    def __init__(self, commits: Commits) -> None:
        self._loop = asyncio.get_running_loop()
        self._commits = commits
        self._waiting: set[asyncio.Future[None]] = set()
        self._unsubscribe = commits.subscribe(self._committed)

    async def wait_past(self, sequence: int, timeout_s: float) -> None:
        """Return once the journal is known to be longer than `sequence`, after `timeout_s`, or when woken."""
        waiter: asyncio.Future[None] = self._loop.create_future()
        self._waiting.add(waiter)
        try:
            # Only now: a commit from here on finds the waiter, one before is seen here.
            if self._commits.sequence <= sequence:
                await asyncio.wait((waiter,), timeout=timeout_s)
        finally:
            self._waiting.discard(waiter)

    def wake(self) -> None:
        """Let everybody look for themselves."""
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)

    def close(self) -> None:
        self._unsubscribe()
        self.wake()

    def _committed(self, sequence: int) -> None:
        """On whatever thread tells of it."""
        if self._waiting and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.wake)
