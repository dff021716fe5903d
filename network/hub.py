"""One running hub: makes every part, starts them in order, and stops them in the reverse one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import structlog

from coalition.clock import US_PER_S, Clock
from coalition.errors import Refused, reason_name
from coalition.keys import fingerprint
from network.codes import Codes
from network.config import Limits
from network.journal.admission import Admission
from network.journal.commits import Commits
from network.journal.log import Log
from network.journal.stages import Batch, Watcher
from network.journal.stream import JournalReader
from network.journal.writer import Deliver, Writer, WriterLimits
from network.journal.writing import Writes
from network.opening import Opened
from network.rpc.callers import Callers
from network.rpc.directory import DirectoryServicer
from network.rpc.followers import Followers
from network.rpc.journal import JournalServicer
from network.rpc.ledger import LedgerServicer
from network.rpc.news import News
from network.rpc.operator import OperatorServicer
from network.rpc.server import RpcServer, Servicers
from network.rpc.stopping import Stopping
from network.rpc.submissions import Submissions
from network.rpc.threads import Threads
from network.steward import Steward
from network.store.reads import StoreReads
from network.telemetry.batches import BatchMetrics
from network.telemetry.calls import CallMetrics, UnderWay
from network.telemetry.metrics import About, Metrics, Part
from network.telemetry.scrape import MetricsServer
from network.telemetry.tracing import NO_TRACING, Tracing

#: How often the hub looks for what is due, and for what other hubs have committed, in seconds. A key that another hub
#: has removed reads for no longer than the latter.
SWEEP_EVERY_S: Final = 60.0
LOOK_EVERY_S: Final = 1.0

_SWEEP_TIMEOUT_S: Final = 3_600.0
_SWEEPS_WAITING: Final = 8
_ADMISSION_TIMEOUT_S: Final = 30.0
#: What comes while gRPC closes its connections is cut off without a word. So before that, until nobody has come for the
#: first time or at most for the second, those who come are told to wait.
_QUIET_S: Final = 0.1
_FAREWELL_S: Final = 3.0
#: How long answers may take to their callers once everything is committed. A stream of the journal can be long, and its
#: reader slow: it goes on at the next hub, and must not keep everybody from it.
_LAST_WORDS_S: Final = 5.0

_log = structlog.stdlib.get_logger("network.hub")


def make_writer(
    opened: Opened, clock: Clock, commits: Commits, deliver: Deliver, watchers: Sequence[Watcher]
) -> Writer:
    """The writer of a hub; `deliver` and `watchers` as Writer takes them."""
    return Writer(
        opened.store,
        network_id=opened.network.network_id,
        key=opened.key,
        clock=clock,
        commits=commits,
        limits=writer_limits(opened.config.limits),
        deliver=deliver,
        watchers=watchers,
    )


def writer_limits(limits: Limits) -> WriterLimits:
    """How much may wait for the writer."""
    return WriterLimits(waiting_envelopes_max=limits.queue_envelopes, waiting_bytes_max=limits.queue_bytes)


class Hub:
    """A hub in the running event loop. `start` it once, then `stop` it once."""

    def __init__(
        self,
        opened: Opened,
        *,
        clock: Clock,
        listen: str,
        steward: bool,
        metrics: str | None = None,
        tracing: Tracing = NO_TRACING,
        shared_port: bool = False,
        make_writer: Callable[[Commits], Writes] | None = None,
    ) -> None:
        """`listen`, and `metrics` for Prometheus: HOST:PORT, port 0 for a free one; with `shared_port` other processes
        may listen there too. `steward`: whether it sweeps by itself. `make_writer` gives it a writer elsewhere; without
        it has one of its own. Raises ListenError."""
        self._store = opened.store
        self._tracing = tracing
        self._calls = CallMetrics()
        self._limits = opened.config.limits
        self._commits = Commits()
        self._reads = StoreReads(opened.store)
        self._stopping = Stopping()
        self._news = News(self._commits)
        self._reading = Threads(
            "read", self._limits.read_threads, self._limits.reads_waiting, self._limits.read_timeout_s
        )
        self._admitting = Threads("admit", 1, self._limits.queue_envelopes, _ADMISSION_TIMEOUT_S)
        self._sweeping = Threads("sweep", 1, _SWEEPS_WAITING, _SWEEP_TIMEOUT_S)
        # Of its own, so that no crowd of readers keeps the hub from learning of a removed key.
        self._looking = Threads("look", 1, 0, self._limits.read_timeout_s)
        self._counted: list[Part] = [self._calls]
        self.writer: Final = (make_writer or self._own_writer(opened, clock))(self._commits)
        self._steward = self._make_steward(opened, clock)
        self._sweeps = steward
        self._background: list[asyncio.Task[None]] = []
        self._followers = Followers(lambda: self._commits.sequence)
        self._callers = self._make_callers(opened, clock)
        self._submissions = self._make_submissions(opened, clock)
        self._server = RpcServer(
            self._make_servicers(opened, clock),
            opened.tls,
            listen,
            calls_max=self._limits.calls,
            metrics=self._calls,
            tracing=self._tracing,
            shared_port=shared_port,
        )
        self._calls.watch(self._under_way())
        about = About(opened.network.network_id, "hub" if make_writer is None else "front", opened.tls, self._limits)
        self._metrics = Metrics(about, self._store, *self._counted)
        self._metrics_server = None if metrics is None else MetricsServer(metrics, self._metrics.registry)
        self._name = {"network_id": opened.network.network_id, "hub_key": fingerprint(opened.key.public)}

    @property
    def address(self) -> str:
        """Where it listens, HOST:PORT."""
        return self._server.address

    @property
    def metrics_address(self) -> str | None:
        """Where Prometheus asks, HOST:PORT; None where it may not."""
        return None if self._metrics_server is None else self._metrics_server.address

    async def start(self) -> None:
        """Serve."""
        self._commits.announce(self._reads.tip().sequence)
        self.writer.start()
        await self._server.start()
        self._keep(LOOK_EVERY_S, "look", self._looking, self._look)
        if self._sweeps:
            self._keep(SWEEP_EVERY_S, "sweep", self._sweeping, self._steward.sweep)
        _log.info("serving", address=self.address, metrics=self.metrics_address, **self._name)

    async def stop(self) -> None:
        """Finish what was admitted, refuse the rest, close everything."""
        grace_s = self._limits.shutdown_grace_s
        _log.info("stopping", grace_s=grace_s)
        await self._server.announce_stop()
        self._stopping.begin()
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self._stopping.quiet(_QUIET_S, _FAREWELL_S)
        finished = await asyncio.to_thread(self.writer.stop, grace_s)
        await self._server.stop(_LAST_WORDS_S)
        self._news.close()
        for threads in (self._reading, self._admitting, self._sweeping, self._looking):
            await asyncio.to_thread(threads.close)
        if self._metrics_server is not None:
            await asyncio.to_thread(self._metrics_server.close)
        await asyncio.to_thread(self._tracing.close)
        self._store.close()
        _log.info("stopped", finished=finished)

    def _own_writer(self, opened: Opened, clock: Clock) -> Callable[[Commits], Writes]:
        def make(commits: Commits) -> Writer:
            batches = BatchMetrics()
            deliver = asyncio.get_running_loop().call_soon_threadsafe
            writer = make_writer(opened, clock, commits, deliver, (batches.batch, self._trace))
            batches.watch(writer.waiting)
            self._counted.append(batches)
            return writer

        return make

    def _trace(self, batch: Batch) -> None:
        linked = self._tracing.batch(batch)
        if linked is not None:
            self._tracing.link(linked)

    def _make_steward(self, opened: Opened, clock: Clock) -> Steward:
        return Steward(
            network_id=opened.network.network_id,
            hub_id=opened.network.hub,
            key=opened.key,
            clock=clock,
            reads=self._reads,
            reference=opened.store.reference,
            writer=self.writer,
        )

    def _make_callers(self, opened: Opened, clock: Clock) -> Callers:
        return Callers(
            network_id=opened.network.network_id,
            reference=opened.store.reference,
            refresh=opened.store.refresh,
            clock=clock,
            threads=self._reading,
            limits=self._limits,
        )

    def _make_submissions(self, opened: Opened, clock: Clock) -> Submissions:
        network_id, skew_us = opened.network.network_id, self._limits.clock_skew_s * US_PER_S
        return Submissions(
            admission=Admission(opened.store, network_id=network_id, clock=clock, skew_us=skew_us),
            writer=self.writer,
            callers=self._callers,
            limits=self._limits,
            threads=self._admitting,
            stopping=self._stopping,
            metrics=self._calls,
            tracing=self._tracing,
        )

    def _make_servicers(self, opened: Opened, clock: Clock) -> Servicers:
        store, limits, network_id = opened.store, self._limits, opened.network.network_id
        callers = self._callers
        log = Log(store, network_id=network_id, key=opened.key)
        codes = Codes(network_id=network_id, key=opened.key, store=store, reads=self._reads, clock=clock, limits=limits)
        return Servicers(
            ledger=LedgerServicer(
                submissions=self._submissions,
                callers=callers,
                reads=self._reads,
                codes=codes,
                reference=store.reference,
                clock=clock,
                threads=self._reading,
                stopping=self._stopping,
                metrics=self._calls,
                limits=limits,
            ),
            directory=DirectoryServicer(
                callers=callers, reads=self._reads, reference=store.reference, clock=clock, threads=self._reading
            ),
            journal=JournalServicer(
                callers=callers,
                reader=JournalReader(store, log),
                log=log,
                news=self._news,
                followers=self._followers,
                threads=self._reading,
                stopping=self._stopping,
                limits=limits,
            ),
            operator=OperatorServicer(
                callers=callers,
                reads=self._reads,
                sweep=self._steward.sweep,
                sweeping=self._sweeping,
                threads=self._reading,
                stopping=self._stopping,
            ),
        )

    def _under_way(self) -> UnderWay:
        in_flight = self._submissions.in_flight
        pools = {"read": self._reading, "admit": self._admitting, "sweep": self._sweeping, "look": self._looking}
        return UnderWay(
            journal_entries=lambda: self._commits.sequence,
            envelopes=lambda: in_flight.pieces,
            envelope_bytes=lambda: in_flight.size,
            followers=self._followers.following,
            work={name: partial(_taken, threads) for name, threads in pools.items()},
        )

    def _look(self) -> None:
        """Learn what other hubs have committed, and tell those who follow.

        The end first: whoever is woken by it finds reference tables that are at least as new.
        """
        sequence = self._reads.tip().sequence
        self._store.refresh()
        self._commits.announce(sequence)

    def _keep(self, every_s: float, what: str, threads: Threads, work: Callable[[], object]) -> None:
        """Do something again and again until the hub stops, whatever becomes of it once."""

        async def keep_doing() -> None:
            while True:
                await asyncio.sleep(every_s)
                try:
                    await threads.run(work)
                    outcome = "done"
                except Refused as refused:
                    outcome = "put_off"
                    _log.warning("put off", work=what, reason=reason_name(refused.reason))
                except Exception:  # noqa: BLE001 - the next round finds the same work; logged in full
                    outcome = "failed"
                    _log.exception("failed", work=what)
                self._calls.round_ended(what, outcome)

        self._background.append(asyncio.create_task(keep_doing()))


def _taken(threads: Threads) -> int:
    return threads.taken
