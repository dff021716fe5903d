"""SubmitStream: many envelopes under way at once, answered in the order in which they came."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import structlog

from coalition.errors import Refused, reason_name
from coalition.v1.ledger_service_pb2 import SubmitStreamRequest, SubmitStreamResponse
from network.rpc.calls import note_facts
from network.rpc.interceptor import internal_error, status_of
from network.rpc.stopping import Stopping, shutting_down
from network.rpc.submissions import Submissions

_log = structlog.stdlib.get_logger("network.rpc")


class SubmitStream:
    """One stream. A second task reads requests while the first writes answers; `limit` bounds what lies between."""

    def __init__(self, submissions: Submissions, stopping: Stopping, limit: int, identifier: str) -> None:
        self._submissions = submissions
        self._stopping = stopping
        self._identifier = identifier
        self._slots = asyncio.Semaphore(limit)
        # One envelope after the other is admitted and handed on, so that they are committed in order.
        self._turn = asyncio.Lock()
        # Bounded by the slots; None says that nothing more will come.
        self._under_way: asyncio.Queue[asyncio.Task[SubmitStreamResponse] | None] = asyncio.Queue()
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
                    yield await work
                    self._slots.release()
            if reading.cancelled():
                raise shutting_down()
            reading.result()
        finally:
            note_facts(envelopes=self._envelopes, refused=self._refused)
            reading.cancel()
            while not self._under_way.empty():
                if left := self._under_way.get_nowait():
                    left.cancel()

    async def _read(self, requests: AsyncIterator[SubmitStreamRequest]) -> None:
        async for request in requests:
            await self._slots.acquire()
            self._envelopes += 1
            self._under_way.put_nowait(asyncio.create_task(self._answer(request.envelope)))

    async def _answer(self, data: bytes) -> SubmitStreamResponse:
        try:
            async with self._turn:
                committing = await self._submissions.begin(data)
            return SubmitStreamResponse(response=(await committing).response)
        except Refused as refused:
            return self._refusal(refused)
        except Exception:  # noqa: BLE001 - one envelope's failure must not end the others'; logged in full
            return self._refusal(internal_error(self._identifier))

    def _refusal(self, refused: Refused) -> SubmitStreamResponse:
        self._refused += 1
        _log.info("refused", reason=reason_name(refused.reason))
        return SubmitStreamResponse(error=status_of(refused).SerializeToString())
