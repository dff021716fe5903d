"""Blocking work beside the event loop: few threads, a bounded queue, a time limit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from coalition.errors import Refused
from coalition.v1 import error_pb2

P = ParamSpec("P")
T = TypeVar("T")

_RETRY_AFTER_MS = 200


class Threads:
    """A pool whose queue is bounded. To be used from one event loop."""

    def __init__(self, name: str, threads: int, waiting: int, timeout_s: float) -> None:
        """`threads` at work, at most `waiting` more behind them, each answered within `timeout_s` seconds."""
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._limit = threads + waiting
        self._timeout_s = timeout_s
        self._taken = 0

    @property
    def taken(self) -> int:
        """Places that are taken: work that runs, or waits for a thread."""
        return self._taken

    async def run(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """What `work` returns or raises. Raises Refused with OVERLOADED when the queue is full or time runs out.

        Work that nobody waits for any more keeps its place until it has ended.
        """
        if self._taken >= self._limit:
            raise _overloaded("The hub has as many reading calls as it can bear.")
        loop = asyncio.get_running_loop()
        self._taken += 1
        future = self._pool.submit(work, *args, **kwargs)
        future.add_done_callback(lambda done: self._ended(loop, done))
        try:
            async with asyncio.timeout(self._timeout_s):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            raise _overloaded(f"The hub found no answer within {self._timeout_s:g} seconds.") from None

    def close(self) -> None:
        """Let running work end and drop what waits."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _ended(self, loop: asyncio.AbstractEventLoop, future: Future[T]) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(self._release)

    def _release(self) -> None:
        self._taken -= 1


def _overloaded(message: str) -> Refused:
    return Refused(
        error_pb2.REASON_OVERLOADED, f"{message} Try again shortly.", {"retry_after_ms": str(_RETRY_AFTER_MS)}
    )
