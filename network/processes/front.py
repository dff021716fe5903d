"""A front: the process that talks to clients. It checks what comes in, hands it to the writer and gives its answers.

`python -m network.processes.front DESCRIPTOR`, started by network.processes.front_process with one end of a line.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from typing import Any, Final, cast

import structlog

from coalition.clock import FileClock, system_clock
from coalition.keys import SigningKey
from coalition.tls import TlsError
from network.config import ConfigError
from network.hub import Hub, writer_limits
from network.listening import ListenError
from network.logs import LogFormat, configure_logs
from network.memory import settle_memory
from network.opening import open_hub_with
from network.processes.line import Line
from network.processes.messages import Duty, Failed, News, Ping, Pong, Serving, Stop
from network.processes.remote_writer import RemoteWriter
from network.store.errors import StoreError
from network.telemetry.tracing import Linked, tracing_from

#: Ends with it when the writer's process is gone. Whoever waits for an answer finds the connection closed and sends the
#: same again, to a hub that is whole.
_WRITER_GONE: Final = 1

_log = structlog.stdlib.get_logger("network.fronts")


class _Front:
    def __init__(self) -> None:
        self.duty: asyncio.Future[Duty] = asyncio.get_running_loop().create_future()
        self.asked_to_stop = asyncio.Event()
        self.writer: RemoteWriter | None = None
        self.tracing = tracing_from(os.environ)
        self.line = Line(self._received, self._lost)
        self._ending = False

    def _received(self, message: Any) -> None:
        match message:
            case Duty():
                self.duty.set_result(message)
            case News():
                # Before it has a writer, a front has not looked yet where the journal ends.
                if self.writer is not None:
                    self.writer.receive(message)
            case Ping():
                self.line.send(Pong())
            case Linked():
                self.tracing.link(message)
            case Stop():
                self.asked_to_stop.set()
            case _:
                raise AssertionError(f"a front takes no {type(message).__name__}")

    def _lost(self) -> None:
        if not self._ending:
            if self.writer is not None:
                _log.error("the writer is gone")
            # At once: a new hub may be about to listen on this port.
            os._exit(_WRITER_GONE)

    def hang_up(self) -> None:
        """Nothing is wanted of the writer any more."""
        self._ending = True
        self.line.close()


def main() -> None:
    """Serve until the writer's process says that it is enough."""
    asyncio.run(_serve(socket.socket(fileno=int(sys.argv[1]))))
    # All is said and closed, and the hub waits. Libraries may take their time over the interpreter's end.
    os._exit(0)


async def _serve(ours: socket.socket) -> None:
    front = _Front()
    await asyncio.get_running_loop().create_unix_connection(lambda: front.line, sock=ours)
    duty = await front.duty
    configure_logs(cast(LogFormat, duty.log_format))
    try:
        hub = _make_hub(front, duty)
    except (ConfigError, ListenError, StoreError, TlsError) as error:
        front.line.send(Failed(str(error)))
        front.hang_up()
        return
    await hub.start()
    settle_memory()
    front.line.send(Serving(hub.address, hub.metrics_address))
    await front.asked_to_stop.wait()
    await hub.stop()
    front.hang_up()


def _make_hub(front: _Front, duty: Duty) -> Hub:
    opened = open_hub_with(duty.config, SigningKey.from_seed(duty.key_seed), upgrade=False)
    limits = writer_limits(duty.config.limits)
    hub = Hub(
        opened,
        clock=system_clock if duty.clock_file is None else FileClock(duty.clock_file),
        listen=duty.listen,
        shared_port=True,
        steward=duty.steward,
        metrics=duty.metrics,
        tracing=front.tracing,
        make_writer=lambda commits: RemoteWriter(front.line, store=opened.store, commits=commits, limits=limits),
    )
    assert isinstance(hub.writer, RemoteWriter)
    front.writer = hub.writer
    return hub


if __name__ == "__main__":
    main()
