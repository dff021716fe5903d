"""A whole hub on one machine: the writer in this process, and the fronts that it starts."""

from __future__ import annotations

import asyncio
import socket
from functools import partial
from pathlib import Path
from typing import Final

from coalition.clock import FileClock, system_clock
from network.hub import Opened, make_writer
from network.journal.commits import Commits
from network.listening import parse_address, unavailable
from network.processes.desk import Desk
from network.processes.fronts import Fronts
from network.processes.messages import Duty

#: Beyond what a front takes for finishing what it has: time to say so, and to end.
_ENDING_S: Final = 15.0


class HubProcesses:
    """In the running event loop. `start` it once, then `stop` it once."""

    def __init__(
        self,
        opened: Opened,
        *,
        listen: str,
        workers: int,
        metrics: str | None,
        clock_file: Path | None,
        log_format: str,
        steward: bool,
    ) -> None:
        """`workers` fronts share the address `listen`. Each has a port of its own for `metrics`, one after the other
        from the one given; the first also sweeps, if `steward` says so. Raises ListenError."""
        loop = asyncio.get_running_loop()
        self._store: Final = opened.store
        self._grace_s: Final = opened.config.limits.shutdown_grace_s
        self._commits: Final = Commits()
        clock = system_clock if clock_file is None else FileClock(clock_file)
        self._writer: Final = make_writer(opened, clock, self._commits, loop.call_soon_threadsafe)
        first = Duty(
            folder=opened.config.folder,
            key_seed=opened.key.seed(),
            listen=_shared(listen) if workers > 1 else listen,
            shared_port=workers > 1,
            metrics=metrics,
            clock_file=clock_file,
            log_format=log_format,
            steward=steward,
        )
        duties = [first] + [
            first._replace(metrics=_next_port(metrics, number), steward=False) for number in range(1, workers)
        ]
        self._fronts: Final = Fronts(
            duties, partial(Desk, writer=self._writer, store=opened.store, commits=self._commits)
        )
        self._commits.subscribe(lambda _: loop.call_soon_threadsafe(self._fronts.tell_soon))

    async def start(self) -> str:
        """Serve; where, HOST:PORT. Raises ConfigError."""
        self._writer.start()
        return (await self._fronts.start())[0].address

    async def stop(self) -> None:
        """Finish what was admitted, refuse the rest, close everything."""
        await self._fronts.stop(self._grace_s + _ENDING_S)
        await asyncio.to_thread(self._writer.stop, self._grace_s)
        self._store.close()


def _shared(listen: str) -> str:
    """An address that several processes can share, once nobody else has it. Raises ListenError."""
    host, port = parse_address(listen, "0.0.0.0:7700")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            # What lingers of an earlier hub's connections does not count.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen()
            return f"{host}:{probe.getsockname()[1]}"
    except OSError:
        raise unavailable(listen) from None


def _next_port(metrics: str | None, number: int) -> str | None:
    if metrics is None:
        return None
    host, port = parse_address(metrics, "localhost:9464")
    return f"{host}:{port + number if port else 0}"
