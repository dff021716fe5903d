"""The load generator: sends sealed envelopes, a certain number under way at once, and verifies each receipt."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

import grpc

from benchmarks.sealing import Envelope
from benchmarks.town import NETWORK_ID, Town, key_of
from coalition.receipt import open_receipt
from coalition.v1.ledger_service_pb2 import SubmitRequest, SubmitResponse, SubmitStreamRequest
from coalition.v1.ledger_service_pb2_grpc import LedgerServiceStub
from coalition.v1.outcome_pb2 import OUTCOME_STATUS_ACCEPTED

if TYPE_CHECKING:
    # The generated code knows this class in its types only.
    from coalition.v1.ledger_service_pb2_grpc import LedgerServiceAsyncStub

Stub: TypeAlias = "LedgerServiceAsyncStub"

_MESSAGE_BYTES_MAX: Final = 16 << 20
_TIMEOUT_S: Final = 60.0

#: Verifies the answer to an envelope; returns how many of its transactions were rejected.
Check = Callable[[Envelope, SubmitResponse], int]


@dataclass(slots=True)
class Sent:
    """What became of a load."""

    elapsed_s: float = 0.0
    transactions: int = 0
    rejected: int = 0
    #: Of each envelope, from sending to the verified receipt; not for streams.
    latencies_ms: list[float] = field(default_factory=list)

    @property
    def transactions_per_s(self) -> float:
        return self.transactions / self.elapsed_s


def check_receipt(envelope: Envelope, response: SubmitResponse) -> int:
    """As the SDK does: the receipt is the hub's, about this envelope, and covers the outcomes. Raises ReceiptError."""
    _, outcomes = open_receipt(
        response.receipt,
        response.outcomes,
        network_id=NETWORK_ID,
        hub_keys=(key_of("hub").public,),
        digest=envelope.digest,
        transaction_ids=envelope.ids,
    )
    return sum(outcome.status != OUTCOME_STATUS_ACCEPTED for outcome in outcomes)


#: Sends envelopes of a town to an address, so many under way at once.
Sending: TypeAlias = Callable[[Town, str, Sequence[Envelope], int], Sent]


def send(town: Town, address: str, envelopes: Sequence[Envelope], at_once: int, check: Check = check_receipt) -> Sent:
    """Send each envelope with a call of its own, `at_once` of them under way."""

    async def run(stub: Stub, sent: Sent) -> None:
        left = iter(envelopes)
        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(_send_one_by_one(stub, left, sent, check))

    return asyncio.run(_measured(town, address, envelopes, run))


def send_stream(town: Town, address: str, envelopes: Sequence[Envelope], at_once: int) -> Sent:
    """Send the envelopes over one SubmitStream, `at_once` of them under way."""

    async def run(stub: Stub, sent: Sent) -> None:
        room = asyncio.Semaphore(at_once)

        async def requests() -> AsyncIterator[SubmitStreamRequest]:
            for envelope in envelopes:
                await room.acquire()
                yield SubmitStreamRequest(envelope=envelope.data)

        in_order = iter(envelopes)
        async for answer in stub.SubmitStream(requests()):
            assert answer.HasField("response"), answer.error
            room.release()
            sent.rejected += check_receipt(next(in_order), answer.response)

    return asyncio.run(_measured(town, address, envelopes, run))


async def _measured(
    town: Town,
    address: str,
    envelopes: Sequence[Envelope],
    run: Callable[[Stub, Sent], Awaitable[None]],
) -> Sent:
    sent = Sent(transactions=sum(len(envelope.ids) for envelope in envelopes))
    credentials = grpc.ssl_channel_credentials(root_certificates=town.authority)
    options = [("grpc.max_receive_message_length", _MESSAGE_BYTES_MAX), ("grpc.enable_retries", 0)]
    async with grpc.aio.secure_channel(address, credentials, options=options) as channel:
        await channel.channel_ready()
        gc.collect()
        gc.freeze()
        began_s = time.perf_counter()
        await run(LedgerServiceStub(channel), sent)
        sent.elapsed_s = time.perf_counter() - began_s
        gc.unfreeze()
    return sent


async def _send_one_by_one(stub: Stub, left: Iterator[Envelope], sent: Sent, check: Check) -> None:
    for envelope in left:
        began_s = time.perf_counter()
        response = await stub.Submit(SubmitRequest(envelope=envelope.data), timeout=_TIMEOUT_S)
        sent.rejected += check(envelope, response)
        sent.latencies_ms.append((time.perf_counter() - began_s) * 1_000)
