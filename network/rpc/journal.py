"""JournalService: the journal itself, checkpoints and proofs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

import grpc

from coalition.errors import Refused
from coalition.v1 import error_pb2, journal_pb2_grpc
from coalition.v1 import journal_pb2 as pb
from coalition.v1.journal_pb2 import JournalEntry
from network.config import Limits
from network.journal.log import Log
from network.journal.stream import Chunk, JournalReader
from network.ledger.records import Party
from network.rpc.access import sees_all
from network.rpc.asking import invalid
from network.rpc.callers import Callers
from network.rpc.followers import Followers, Place
from network.rpc.inflight import InFlight
from network.rpc.interceptor import OutOfRange
from network.rpc.news import News
from network.rpc.stopping import Stopping
from network.rpc.threads import Threads

Context = grpc.aio.ServicerContext[Any, Any]

#: News of every commit wakes a follower, other hubs' among them; it looks for itself this often, in seconds.
_LOOK_S: Final = 30.0
#: How long it lets commits gather before it reads them: under load each look costs as much as a commit.
_GATHER_S: Final = 0.02


class JournalServicer(journal_pb2_grpc.JournalServiceServicer):
    """Operator and auditor read all of it; any other party its own envelopes."""

    def __init__(
        self,
        *,
        callers: Callers,
        reader: JournalReader,
        log: Log,
        news: News,
        followers: Followers,
        threads: Threads,
        stopping: Stopping,
        limits: Limits,
    ) -> None:
        self._callers = callers
        self._reader = reader
        self._log = log
        self._news = news
        self._followers = followers
        self._threads = threads
        self._stopping = stopping
        self._streams = InFlight("streams of the journal", limits.streams)

    async def StreamEntries(
        self, request: pb.StreamEntriesRequest, context: Context
    ) -> AsyncIterator[pb.StreamEntriesResponse]:
        caller = await self._callers.party(context)
        if request.from_sequence < 1:
            raise invalid("from_sequence", "must be 1 or more: the journal begins with 1")
        self._streams.take(caller.party_id)
        try:
            with (
                self._stopping.calls(self._news.wake),
                self._followers.stream(caller.party_id, request.from_sequence - 1, follows=request.follow) as place,
            ):
                async for chunk in self._chunks(request, caller, place):
                    yield pb.StreamEntriesResponse(envelopes=chunk.envelopes, checkpoint=chunk.checkpoint)
        finally:
            self._streams.give_back(caller.party_id)

    async def _chunks(self, request: pb.StreamEntriesRequest, caller: Party, place: Place) -> AsyncIterator[Chunk]:
        author = "" if sees_all(caller) else caller.party_id
        sequence = request.from_sequence
        while True:
            self._stopping.check()
            # For each piece: who reads slowly, or has much to read, is cut off as well.
            self._callers.require_unchanged(caller)
            chunk = await self._threads.run(self._read, sequence, author)
            if chunk.envelopes:
                yield chunk
            sequence = chunk.next_sequence
            # A piece comes back from its yield when the reader's connection has taken it.
            place.sent = sequence - 1
            if sequence <= chunk.log_size:
                continue
            if not request.follow:
                return
            # A shutdown that began while this piece was on its way has called everybody already.
            self._stopping.check()
            await self._news.wait_past(chunk.log_size, _LOOK_S)
            self._stopping.check()
            await asyncio.sleep(_GATHER_S)

    def _read(self, sequence: int, author: str) -> Chunk:
        try:
            return self._reader.read(sequence, author=author)
        except Refused as refused:
            if refused.reason == error_pb2.REASON_NOT_FOUND:
                raise OutOfRange(refused.reason, refused.message, refused.facts) from None
            raise

    async def GetCheckpoint(self, request: pb.GetCheckpointRequest, context: Context) -> pb.GetCheckpointResponse:
        self._callers.anybody(context)
        return pb.GetCheckpointResponse(checkpoint=await self._threads.run(self._log.checkpoint))

    async def GetInclusionProof(
        self, request: pb.GetInclusionProofRequest, context: Context
    ) -> pb.GetInclusionProofResponse:
        caller = await self._callers.party(context)
        if request.sequence < 1:
            raise invalid("sequence", "must be 1 or more: the journal begins with 1")
        proof = await self._threads.run(self._log.inclusion, request.sequence, request.log_size)
        # The entry says who its author is, so it is read first and shown only to those who may see it.
        author = JournalEntry.FromString(proof.entry).author
        if not sees_all(caller) and author != caller.party_id:
            raise Refused(
                error_pb2.REASON_PERMISSION_DENIED,
                f"Entry {request.sequence} is not by {caller.party_id}. A party proves its own entries only.",
            )
        return pb.GetInclusionProofResponse(
            path=proof.path, log_size=proof.log_size, log_root=proof.log_root, entry=proof.entry
        )

    async def GetConsistencyProof(
        self, request: pb.GetConsistencyProofRequest, context: Context
    ) -> pb.GetConsistencyProofResponse:
        # A proof between two roots tells nothing about any entry.
        await self._callers.party(context)
        proof = await self._threads.run(self._log.consistency, request.old_size, request.new_size)
        return pb.GetConsistencyProofResponse(path=proof.path, new_size=proof.new_size, new_root=proof.new_root)
