"""The fronts of a hub, as the writer's process sees them: it starts them, serves them, and starts those anew that end.

Python runs one thread of a process at a time. In one process the writer waits for its turn after every call of the
database while calls are served, and both are slow; apart, each has a core. What fronts ask of the writer goes through a
pair of sockets that only these two have.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final

import structlog

from network.config import ConfigError
from network.processes.desk import Desk
from network.processes.line import Line
from network.processes.messages import Duty, Failed, Handed, Serving, Stop

MakeDesk = Callable[[Callable[[Any], object]], Desk]

#: A front that ends is started anew after so long, longer each time, until one has served for a while.
_PAUSE_FIRST_S: Final = 0.1
_PAUSE_MAX_S: Final = 10.0
_WHILE_S: Final = 60.0

_log = structlog.stdlib.get_logger("network.fronts")


class Fronts:
    """In the running event loop. `start` them once, then `stop` them once."""

    def __init__(self, duties: Sequence[Duty], make_desk: MakeDesk) -> None:
        """One front for each duty."""
        self._fronts: Final = [_Front(duty, make_desk) for duty in duties]

    async def start(self) -> list[Serving]:
        """Return when all of them serve. Raises ConfigError when one cannot."""
        return list(await asyncio.gather(*(front.start() for front in self._fronts)))

    def tell_soon(self) -> None:
        """Something was committed."""
        for front in self._fronts:
            front.tell_soon()

    def tell(self, message: Any) -> None:
        """Something that concerns whom it concerns."""
        for front in self._fronts:
            front.tell(message)

    async def stop(self, grace_s: float) -> None:
        """Let them finish what they have; end those that have not after `grace_s` seconds."""
        await asyncio.gather(*(front.stop(grace_s) for front in self._fronts))


class _Front:
    def __init__(self, duty: Duty, make_desk: MakeDesk) -> None:
        self._duty = duty
        self._make_desk: Final = make_desk
        self._process: asyncio.subprocess.Process | None = None
        self._line: Line | None = None
        self._desk: Desk | None = None
        self._serving: asyncio.Future[Serving] = asyncio.get_running_loop().create_future()
        self._watching: asyncio.Task[None] | None = None

    async def start(self) -> Serving:
        serving = await self._begin()
        # Whoever takes its place listens where it did.
        self._duty = self._duty._replace(listen=serving.address, metrics=serving.metrics_address)
        self._watching = asyncio.create_task(self._watch())
        return serving

    def tell_soon(self) -> None:
        if self._desk is not None:
            self._desk.tell_soon()

    def tell(self, message: Any) -> None:
        if self._line is not None:
            self._line.send(message)

    async def stop(self, grace_s: float) -> None:
        if self._watching is not None:
            self._watching.cancel()
        if self._process is None or self._line is None:
            return
        self._line.send(Stop())
        try:
            await asyncio.wait_for(self._process.wait(), grace_s)
        except TimeoutError:
            _log.error("a front did not end in time", pid=self._process.pid)
            self._process.kill()
            await self._process.wait()

    async def _begin(self) -> Serving:
        loop = asyncio.get_running_loop()
        self._serving = loop.create_future()
        ours, theirs = socket.socketpair()
        with theirs:
            # In a session of its own, so that Ctrl-C at a terminal reaches the writer alone, which tells the fronts.
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                "-m",
                "network.processes.front",
                str(theirs.fileno()),
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        line = Line(self._received, self._lost)
        await loop.create_unix_connection(lambda: line, sock=ours)
        self._line, self._desk = line, self._make_desk(line.send)
        line.send(self._duty)
        return await self._serving

    async def _watch(self) -> None:
        pause_s = _PAUSE_FIRST_S
        loop = asyncio.get_running_loop()
        while True:
            assert self._process is not None, "it was started"
            began_s = loop.time()
            code = await self._process.wait()
            if loop.time() - began_s > _WHILE_S:
                pause_s = _PAUSE_FIRST_S
            _log.error("a front ended", pid=self._process.pid, code=code, again_in_s=pause_s)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, _PAUSE_MAX_S)
            try:
                await self._begin()
            except ConfigError as error:
                _log.error("a front cannot begin", message=str(error))

    def _received(self, message: Any) -> None:
        match message:
            case Handed():
                assert self._desk is not None, "the line is up"
                self._desk.take(message)
            case Serving():
                self._serving.set_result(message)
            case Failed():
                self._serving.set_exception(ConfigError(message.message))
            case _:
                raise AssertionError(f"a writer takes no {type(message).__name__}")

    def _lost(self) -> None:
        self._line = self._desk = None
        if not self._serving.done():
            self._serving.set_exception(ConfigError("A front of the hub ended before it served. Its log says why."))
