"""A whole hub on one machine: the writer in this process, and the fronts that it starts."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Final

import structlog

from coalition.clock import FileClock, system_clock
from network.hub import make_writer
from network.journal.commits import Commits
from network.journal.stages import Batch
from network.listening import parse_address
from network.opening import Opened
from network.processes.desk import Desk
from network.processes.front_process import SILENCE_S
from network.processes.fronts import Fronts
from network.processes.messages import Duty
from network.processes.shared_port import SharedPort
from network.telemetry.batches import BatchMetrics
from network.telemetry.metrics import About, Metrics
from network.telemetry.scrape import MetricsServer
from network.telemetry.tracing import Tracing

_log = structlog.stdlib.get_logger("network.hub")

#: Beyond what a front takes for finishing what it has: time to say so, and to end.
_ENDING_S: Final = 15.0


class HubProcesses:
    """In the running event loop. `start` it once, then `stop` it once, even if the start failed."""

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
        tracing: Tracing,
        silence_s: float = SILENCE_S,
    ) -> None:
        """`workers` fronts share the address `listen`; the first also sweeps, if `steward` says so. Each process has a
        port of its own for `metrics`: the writer the one given, the fronts those that follow. A front that says nothing
        for `silence_s` seconds is ended, and another takes its place. Raises ListenError."""
        loop = asyncio.get_running_loop()
        self._store: Final = opened.store
        self._grace_s: Final = opened.config.limits.shutdown_grace_s
        self._commits: Final = Commits()
        clock = system_clock if clock_file is None else FileClock(clock_file)
        self._network_id: Final = opened.network.network_id
        self._tracing: Final = tracing
        self._loop: Final = loop
        batches = BatchMetrics()
        self._writer: Final = make_writer(
            opened, clock, self._commits, loop.call_soon_threadsafe, (batches.batch, self._trace)
        )
        batches.watch(self._writer.waiting)
        about = About(self._network_id, "writer", opened.tls, opened.config.limits)
        self._metrics: Final = Metrics(about, opened.store, batches)
        self._metrics_address: str | None = None
        with ExitStack() as ports:
            self._address: Final = ports.enter_context(closing(SharedPort(listen))).address
            if metrics is not None:
                server = MetricsServer(metrics, self._metrics.registry)
                self._metrics_address = ports.enter_context(closing(server)).address
            self._ports: Final = ports.pop_all()
        first = Duty(
            config=opened.config,
            key_seed=opened.key.seed(),
            listen=self._address,
            metrics=_next_port(metrics, 1),
            clock_file=clock_file,
            log_format=log_format,
            steward=steward,
        )
        duties = [first] + [
            first._replace(metrics=_next_port(metrics, 1 + number), steward=False) for number in range(1, workers)
        ]
        self._fronts: Final = Fronts(
            duties, partial(Desk, writer=self._writer, store=opened.store, commits=self._commits), silence_s
        )
        # The writer alone tells of commits here, and does so in the loop, as with its answers.
        self._commits.subscribe(lambda _: self._fronts.tell_soon())

    async def start(self) -> str:
        """Serve; where, HOST:PORT. Raises ConfigError, OSError."""
        self._writer.start()
        await self._fronts.start()
        _log.info("writing", network_id=self._network_id, metrics=self._metrics_address)
        return self._address

    async def stop(self) -> None:
        """Finish what was admitted, refuse the rest, close everything."""
        await self._fronts.stop(self._grace_s + _ENDING_S)
        await asyncio.to_thread(self._writer.stop, self._grace_s)
        await asyncio.to_thread(self._ports.close)
        await asyncio.to_thread(self._tracing.close)
        self._store.close()

    def _trace(self, batch: Batch) -> None:
        """On the writer's thread, and before its answers: whoever gets one has been told of the batch."""
        linked = self._tracing.batch(batch)
        if linked is not None:
            self._loop.call_soon_threadsafe(self._fronts.tell, linked)


def _next_port(metrics: str | None, number: int) -> str | None:
    if metrics is None:
        return None
    host, port = parse_address(metrics, "localhost:9464")
    return f"{host}:{port + number if port else 0}"
