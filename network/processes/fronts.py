"""The fronts of a hub: all are started, and those that end are started anew.

Python runs one thread of a process at a time. In one process the writer waits for its turn after every call of the
database while calls are served, and both are slow; apart, each has a core.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import structlog

from network.config import ConfigError
from network.processes.front_process import SILENCE_S, FrontProcess, MakeDesk
from network.processes.messages import Duty

#: A front that ends is started anew after so long, longer each time, until one has served for a while.
_PAUSE_FIRST_S: Final = 0.1
_PAUSE_MAX_S: Final = 10.0
_WHILE_S: Final = 60.0

_log = structlog.stdlib.get_logger("network.fronts")


class Fronts:
    """In the running event loop. `start` them once, then `stop` them once, even if the start failed."""

    def __init__(self, duties: Sequence[Duty], make_desk: MakeDesk, silence_s: float = SILENCE_S) -> None:
        """One front for each duty, which may say nothing for `silence_s` seconds."""
        self._posts: Final = [_Post(duty, make_desk, silence_s) for duty in duties]

    async def start(self) -> None:
        """Return when all of them serve. Raises ConfigError when one cannot, OSError."""
        # All of them, so that none is still on its way when they are to be stopped.
        started = await asyncio.gather(*(post.start() for post in self._posts), return_exceptions=True)
        for failure in started:
            if failure is not None:
                raise failure

    def tell_soon(self) -> None:
        """Something was committed."""
        for post in self._posts:
            post.tell_soon()

    def tell(self, message: Any) -> None:
        """Something that concerns whom it concerns, and that may get lost."""
        for post in self._posts:
            post.tell(message)

    async def stop(self, grace_s: float) -> None:
        """Let them finish what they have; end those that have not after `grace_s` seconds."""
        await asyncio.gather(*(post.stop(grace_s) for post in self._posts))


class _Post:
    """A duty, and the front that has it at the moment."""

    def __init__(self, duty: Duty, make_desk: MakeDesk, silence_s: float) -> None:
        self._duty = duty
        self._make_desk: Final = make_desk
        self._silence_s: Final = silence_s
        self._front: FrontProcess | None = None
        self._keeping: asyncio.Task[None] | None = None

    async def start(self) -> None:
        front = await self._begin()
        serving = await front.serves()
        # Whoever takes its place is asked for its metrics at the same port.
        self._duty = self._duty._replace(metrics=serving.metrics_address)
        self._keeping = asyncio.create_task(self._keep(front))

    def tell_soon(self) -> None:
        if self._front is not None:
            self._front.tell_soon()

    def tell(self, message: Any) -> None:
        if self._front is not None:
            self._front.tell(message)

    async def stop(self, grace_s: float) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        if self._front is not None:
            await self._front.stop(grace_s)

    async def _begin(self) -> FrontProcess:
        self._front = await FrontProcess.begin(self._duty, self._make_desk, self._silence_s)
        return self._front

    async def _keep(self, front: FrontProcess) -> None:
        pause_s = _PAUSE_FIRST_S
        loop = asyncio.get_running_loop()
        while True:
            began_s = loop.time()
            code = await front.ended()
            if loop.time() - began_s > _WHILE_S:
                pause_s = _PAUSE_FIRST_S
            _log.error("a front ended", front=front.pid, code=code, again_in_s=pause_s)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, _PAUSE_MAX_S)
            try:
                front = await self._begin()
                await front.serves()
            except (ConfigError, OSError) as error:
                _log.error("a front cannot begin", message=str(error))
