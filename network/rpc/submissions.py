"""An envelope's way from its bytes to the hub's answer: admission, the author's limits, the writer."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import Future
from typing import Final

from coalition.v1.ledger_service_pb2 import SubmitResponse
from network.config import Limits
from network.journal.admission import Admission
from network.journal.writing import Writes
from network.rpc.callers import Callers
from network.rpc.inflight import InFlight
from network.rpc.stopping import Stopping
from network.rpc.threads import Threads
from network.telemetry.calls import CallMetrics
from network.telemetry.tracing import EnvelopeTrace, Tracing

#: Below this size an envelope is admitted in less time than another thread takes to notice it.
_SMALL_BYTES: Final = 8_192


class Submissions:
    """Takes envelopes. To be used from one event loop, in whose thread the writer's futures are resolved."""

    def __init__(
        self,
        *,
        admission: Admission,
        writer: Writes,
        callers: Callers,
        limits: Limits,
        threads: Threads,
        stopping: Stopping,
        metrics: CallMetrics,
        tracing: Tracing,
    ) -> None:
        self._admission = admission
        self._writer = writer
        self._callers = callers
        #: Of each author.
        self.in_flight: Final = InFlight("envelopes", limits.envelopes_in_flight, limits.bytes_in_flight)
        self._threads = threads
        self._stopping = stopping
        self._metrics = metrics
        self._tracing = tracing

    async def submit(self, data: bytes) -> SubmitResponse:
        """The hub's answer to an envelope, after its commit. Raises Refused."""
        return await (await self.begin(data))

    async def begin(self, data: bytes) -> asyncio.Future[SubmitResponse]:
        """Admit an envelope and hand it to the writer, whose answer is to come. Raises Refused.

        Envelopes that begin one after the other are committed in that order.
        """
        self._stopping.check()
        trace = self._tracing.envelope()
        try:
            return await self._admit(data, trace)
        except BaseException as error:
            trace.end(error)
            raise

    async def _admit(self, data: bytes, trace: EnvelopeTrace) -> asyncio.Future[SubmitResponse]:
        began = time.perf_counter()
        if len(data) < _SMALL_BYTES:
            envelope = self._admission.admit(data)
        else:
            envelope = await self._threads.run(self._admission.admit, data)
        self._metrics.admitted(time.perf_counter() - began)
        author = envelope.header.author
        self._callers.author(author)
        self.in_flight.take(author, len(data))
        trace.admitted(envelope)
        committing = self._writer.submit(envelope, trace.traceparent)

        def answered(done: Future[SubmitResponse]) -> None:
            self.in_flight.give_back(author, len(data))
            trace.end(done.exception())

        committing.add_done_callback(answered)
        return _mirror(committing)


def _mirror(future: Future[SubmitResponse]) -> asyncio.Future[SubmitResponse]:
    """The same result for this loop, of a future that is completed in the loop's own thread.

    asyncio.wrap_future would wake the loop once more for each; a batch has many.
    """
    waiter: asyncio.Future[SubmitResponse] = asyncio.get_running_loop().create_future()

    def settle(done: Future[SubmitResponse]) -> None:
        if waiter.done():
            return
        error = done.exception()
        if error is None:
            waiter.set_result(done.result())
        else:
            waiter.set_exception(error)

    future.add_done_callback(settle)
    return waiter
