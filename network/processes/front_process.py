"""One front, from its start to its end, as the writer's process sees it.

What it asks of the writer goes through a pair of sockets that only these two have.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import structlog

from network.config import ConfigError
from network.processes.desk import Desk
from network.processes.line import Line
from network.processes.messages import Duty, Failed, Handed, Ping, Pong, Serving, Stop

MakeDesk = Callable[[Line], Desk]

#: The longest that a front may take until it serves, and that it may be silent while it does.
BEGINNING_S: Final = 60.0
SILENCE_S: Final = 30.0

_log = structlog.stdlib.get_logger("network.fronts")


class FrontProcess:
    """To be used from the running event loop. Made by `begin`."""

    def __init__(self, process: asyncio.subprocess.Process, make_desk: MakeDesk, silence_s: float) -> None:
        self._process: Final = process
        self._line: Final = Line(self._received, self._lost, self._drained)
        self._desk: Final = make_desk(self._line)
        self._serving: Final[asyncio.Future[Serving]] = asyncio.get_running_loop().create_future()
        # Silence is found out at the second question.
        self._ask_every_s: Final = silence_s / 2
        self._asked = False
        self._asking: asyncio.TimerHandle | None = None

    @classmethod
    async def begin(cls, duty: Duty, make_desk: MakeDesk, silence_s: float = SILENCE_S) -> FrontProcess:
        """Start one. Raises OSError when the system has no room for it."""
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-P", "-m", "network.processes.front", str(theirs.fileno())),
                    stdin=asyncio.subprocess.DEVNULL,
                    env={name: value for name, value in os.environ.items() if "PASSPHRASE" not in name},
                    pass_fds=(theirs.fileno(),),
                    # So that Ctrl-C at a terminal reaches the writer alone, which tells the fronts.
                    start_new_session=True,
                )
            except BaseException:
                ours.close()
                raise
        front = cls(process, make_desk, silence_s)
        try:
            await asyncio.get_running_loop().create_unix_connection(lambda: front._line, sock=ours)
        except BaseException:
            # Whoever is not waited for any more must not be left behind.
            front._serving.cancel()
            front._kill()
            await front.ended()
            raise
        front._line.send(duty)
        return front

    @property
    def pid(self) -> int:
        """The system's number for the process."""
        return self._process.pid

    async def serves(self) -> Serving:
        """Return once it takes calls. Raises ConfigError when it cannot; then it ends."""
        try:
            async with asyncio.timeout(BEGINNING_S):
                serving = await asyncio.shield(self._serving)
        except TimeoutError:
            self._kill()
            raise ConfigError(f"A front of the hub did not serve within {BEGINNING_S:g} seconds.") from None
        self._ask()
        return serving

    def tell_soon(self) -> None:
        """Something was committed."""
        self._desk.tell_soon()

    def tell(self, message: Any) -> None:
        """Something that a front need not know, and is not told while it does not listen."""
        if not self._line.is_full:
            self._line.send(message)

    async def ended(self) -> int:
        """Return when the process is no more: its exit code."""
        code = await self._process.wait()
        if self._asking is not None:
            self._asking.cancel()
        return code

    async def stop(self, grace_s: float) -> None:
        """Let it finish what it has, and end it if it has not after `grace_s` seconds."""
        self._serving.cancel()
        self._line.send(Stop())
        try:
            async with asyncio.timeout(grace_s):
                await self.ended()
        except TimeoutError:
            _log.error("a front did not end in time", front=self.pid)
            self._kill()
            await self.ended()

    def _ask(self) -> None:
        """Whether it still listens. One that does not, but keeps its connections, keeps its callers waiting."""
        if self._asked:
            _log.error("a front does not answer", front=self.pid)
            self._kill()
            return
        self._asked = True
        self._line.send(Ping())
        self._asking = asyncio.get_running_loop().call_later(self._ask_every_s, self._ask)

    def _kill(self) -> None:
        with suppress(ProcessLookupError):
            self._process.kill()

    def _received(self, message: Any) -> None:
        match message:
            case Handed():
                self._desk.take(message)
            case Pong():
                self._asked = False
            case Serving():
                if not self._serving.done():
                    self._serving.set_result(message)
            case Failed():
                self._fail(message.message)
            case _:
                raise AssertionError(f"a writer takes no {type(message).__name__}")

    def _drained(self) -> None:
        self._desk.tell_soon()

    def _lost(self) -> None:
        self._fail("A front of the hub ended before it served. Its log says why.")

    def _fail(self, why: str) -> None:
        if not self._serving.done():
            self._serving.set_exception(ConfigError(why))
