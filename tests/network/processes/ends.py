"""The ends of a line, and what each has noticed."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from network.processes.line import Line

WAIT_S: Final = 10.0


class End:
    """One end: keeps what it receives, and fails over the message "stumble"."""

    def __init__(self) -> None:
        self.received: list[Any] = []
        self.losses = 0
        self.drained: Final = asyncio.Event()
        self.line: Final = Line(self._receive, self._lose, self.drained.set)
        self._changed: Final = asyncio.Event()

    async def connect(self, ours: socket.socket) -> asyncio.Transport:
        """What it reads from."""
        transport, _ = await asyncio.get_running_loop().create_unix_connection(lambda: self.line, sock=ours)
        assert isinstance(transport, asyncio.Transport)
        return transport

    async def until_received(self, count: int) -> list[Any]:
        """All that it has received, once that is so much."""
        while len(self.received) < count:
            await self._change()
        return self.received

    async def until_lost(self) -> None:
        """Return once it knows that the line is no more."""
        while not self.losses:
            await self._change()

    async def _change(self) -> None:
        self._changed.clear()
        async with asyncio.timeout(WAIT_S):
            await self._changed.wait()

    def _receive(self, message: Any) -> None:
        if message == "stumble":
            raise ValueError(message)
        self.received.append(message)
        self._changed.set()

    def _lose(self) -> None:
        self.losses += 1
        self._changed.set()


@asynccontextmanager
async def line() -> AsyncIterator[tuple[End, End, asyncio.Transport]]:
    """Both ends of a line, and what the second one reads from."""
    here, there = End(), End()
    ours, theirs = socket.socketpair()
    await here.connect(ours)
    reading = await there.connect(theirs)
    try:
        yield here, there, reading
    finally:
        here.line.close()
        there.line.close()
        await here.until_lost()
        await there.until_lost()
