"""SubmitStream: many envelopes under way at once, answered in the order in which they came."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import structlog

from coalition.errors import Refused, reason_name
from coalition.v1.ledger_service_pb2 import SubmitResponse, SubmitStreamRequest, SubmitStreamResponse
from network.rpc.calls import note_facts
from network.rpc.interceptor import internal_error, status_of
from network.rpc.stopping import Stopping, shutting_down
from network.rpc.submissions import Submissions
from network.telemetry.calls import CallMetrics

_log = structlog.stdlib.get_logger("network.rpc")


class SubmitStream:
    """One stream. A second task reads requests while the first writes answers; `limit` bounds what lies between.

    Requests are admitted where they are read, one after the other: so they are committed in order, and a client that
    sends faster than the hub admits is held up by gRPC's flow control, not by the hub's memory.
    """

    def __init__(
        self, submissions: Submissions, stopping: Stopping, metrics: CallMetrics, limit: int, identifier: str
    ) -> None:
        self._submissions = submissions
        self._stopping = stopping
        self._metrics = metrics
        self._identifier = identifier
        self._slots = asyncio.Semaphore(limit)
        # Bounded by the slots; None says that nothing more will come.
        self._under_way: asyncio.Queue[asyncio.Future[SubmitResponse] | SubmitStreamResponse | None] = asyncio.Queue()
        self._envelopes = 0
        self._refused = 0

    async def serve(self, requests: AsyncIterator[SubmitStreamRequest]) -> AsyncIterator[SubmitStreamResponse]:
        """Answers until the client has no more to send, or a shutdown begins: then raises Refused once all that was
        admitted is answered."""
        reading = asyncio.create_task(self._read(requests))
        reading.add_done_callback(lambda _: self._under_way.put_nowait(None))
        try:
            with self._stopping.calls(reading.cancel):
                while (work := await self._under_way.get()) is not None:
                    yield work if isinstance(work, SubmitStreamResponse) else await self._answer(work)
                    self._slots.release()
            if reading.cancelled():
                raise shutting_down()
            reading.result()
        finally:
            note_facts(envelopes=self._envelopes, refused=self._refused)
            reading.cancel()
            while not self._under_way.empty():
                if isinstance(left := self._under_way.get_nowait(), asyncio.Future):
                    left.cancel()

    async def _read(self, requests: AsyncIterator[SubmitStreamRequest]) -> None:
        async for request in requests:
            await self._slots.acquire()
            self._envelopes += 1
            self._under_way.put_nowait(await self._begin(request.envelope))

    async def _begin(self, data: bytes) -> asyncio.Future[SubmitResponse] | SubmitStreamResponse:
        """The answer to come, or at once why there will be none."""
        try:
            return await self._submissions.begin(data)
        except Refused as refused:
            return self._refusal(refused)
        except Exception:  # noqa: BLE001 - one envelope's failure must not end the others'; logged in full
            return self._refusal(internal_error(self._identifier))

    async def _answer(self, committing: asyncio.Future[SubmitResponse]) -> SubmitStreamResponse:
        try:
            return SubmitStreamResponse(response=await committing)
        except Refused as refused:
            return self._refusal(refused)

    def _refusal(self, refused: Refused) -> SubmitStreamResponse:
        self._refused += 1
        self._metrics.refused(refused)
        _log.info("refused", reason=reason_name(refused.reason))
        return SubmitStreamResponse(error=status_of(refused).SerializeToString())
