"""Tills that do not give up: each sends an envelope, the identical bytes, until the hub has answered it.

`Till` speaks the protocol itself and keeps the bytes that the hub has signed. `Shop` and `Warehouse` use the SDK as a
merchant would, call by call and over a stream. Each works until it is told to stop, and has an answer to everything
that it sent by then.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Any, Final, Protocol

import grpc

from coalition.receipt import open_receipt
from coalition.status import from_rpc_error
from coalition.v1 import error_pb2
from coalition.v1.ledger_service_pb2 import SubmitRequest, SubmitResponse
from coalition.v1.ledger_service_pb2_grpc import LedgerServiceStub
from coalition.wire import encode
from partner_sdk import Client, Connection, Draft, InDoubt, Outcome, Unreachable
from partner_sdk._sealed import Sealed, prepare, seal_one
from partner_sdk.testing import LocalNetwork
from partner_sdk.wallet import Wallet
from tests.faults.choices import Choices

_CALL_S: Final = 5.0
_PATIENCE_S: Final = 60.0
_PAUSE_S: Final = 0.05
_KEPT: Final = 20
#: A gRPC server that stops cancels what it has received and not begun.
_PASSING: Final = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED)
#: A hub that comes back is found again at once.
_QUICK: Final = [
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.min_reconnect_backoff_ms", 1_000),
    ("grpc.max_reconnect_backoff_ms", 100),
    ("grpc.enable_retries", 0),
]


@dataclass(frozen=True, slots=True)
class Answered:
    """A transaction and its outcome: the exact bytes that were sent, and those that the hub has signed."""

    author: str
    transaction: bytes
    outcome: bytes


@dataclass(slots=True)
class Record:
    """What a till was told, by receipts that were verified."""

    answered: list[Answered] = field(default_factory=list)
    #: What the SDK said, by author.
    results: list[tuple[str, Outcome]] = field(default_factory=list)
    #: Size and root of the log in each receipt.
    roots: list[tuple[int, bytes]] = field(default_factory=list)
    #: When each answer came, in seconds on the monotonic clock, and the last envelopes that were answered, as they were
    #: sent, with their outcomes; by those who keep them.
    answered_s: list[float] = field(default_factory=list)
    envelopes: deque[tuple[bytes, list[bytes]]] = field(default_factory=lambda: deque(maxlen=_KEPT))
    #: Attempts after the first one, by those who count them, and transactions that an earlier attempt had committed.
    resent: int = 0
    replayed: int = 0

    @property
    def acknowledged(self) -> int:
        return len(self.answered) + len(self.results)


class Worker(Protocol):
    record: Record

    def work(self, stop: threading.Event) -> None: ...


def open_channel(connection: Connection) -> grpc.Channel:
    """A channel that does not wait long before it connects again."""
    credentials = grpc.ssl_channel_credentials(connection.tls_ca)
    return grpc.secure_channel(connection.address, credentials, options=_QUICK)


def pause_s(error: grpc.RpcError, *, doubt: bool = False) -> float:
    """How long to wait before the same bytes are sent again: nobody knows what became of them, or the hub had no room.

    Raises the error when the hub refused them for good. A commit in `doubt` is none of its refusals.
    """
    assert isinstance(error, grpc.Call)
    refused = from_rpc_error(error)
    if refused is not None and refused.reason in (error_pb2.REASON_OVERLOADED, error_pb2.REASON_SHUTTING_DOWN):
        return int(refused.facts["retry_after_ms"]) / 1_000
    if doubt and refused is not None and refused.reason == error_pb2.REASON_INTERNAL:
        return _PAUSE_S
    if refused is not None or error.code() not in _PASSING:
        raise error
    return _PAUSE_S


class Till:
    """Sends envelopes of its own making, one after the other; where one hub does not answer, to the next."""

    def __init__(
        self,
        choices: Choices,
        connection: Connection,
        *others: Connection,
        doubt: bool = False,
        call_s: float = _CALL_S,
    ) -> None:
        """Each connection is of the same party, to another hub of the network. `doubt`: whether a database may leave
        it open what became of a commit. `call_s`: how long it waits for an answer before it asks again, in seconds."""
        self.record = Record()
        self._connection = connection
        self._hubs = (connection, *others)
        self._choices = choices
        self._doubt = doubt
        self._call_s = call_s

    def work(self, stop: threading.Event) -> None:
        """Raises what the hub refuses for good, and ReceiptError for an answer that is not the hub's."""
        with ExitStack() as channels:
            stubs = deque(LedgerServiceStub(channels.enter_context(open_channel(hub))) for hub in self._hubs)
            while not stop.is_set():
                drafted, atomic = self._choices.envelope()
                prepared = [prepare(self._connection, draft) for draft in drafted]
                sealed = seal_one(self._connection, prepared, atomic=atomic)
                self._keep(sealed, self._send(stubs, sealed.envelope))
                time.sleep(self._choices.dice.random() * 0.02)

    def _send(self, stubs: deque[LedgerServiceStub], envelope: bytes) -> SubmitResponse:
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            try:
                return stubs[0].Submit(SubmitRequest(envelope=envelope), timeout=self._call_s)
            except grpc.RpcError as error:
                wait_s = pause_s(error, doubt=self._doubt)
            assert time.monotonic() < deadline, "the hub came back"
            self.record.resent += 1
            stubs.rotate()
            time.sleep(wait_s)

    def _keep(self, sealed: Sealed, response: SubmitResponse) -> None:
        receipt, outcomes = open_receipt(
            response.receipt,
            response.outcomes,
            network_id=self._connection.network_id,
            hub_keys=self._connection.hub_keys,
            digest=sealed.digest,
            transaction_ids=sealed.ids,
        )
        self.record.answered_s.append(time.monotonic())
        self.record.envelopes.append((sealed.envelope, list(response.outcomes)))
        self.record.replayed += len(response.replayed)
        self.record.roots.append((receipt.log_size, receipt.log_root))
        for transaction, outcome, raw in zip(sealed.transactions, outcomes, response.outcomes, strict=True):
            self.record.answered.append(Answered(self._connection.party_id, encode(transaction), raw))
            self._choices.learn(transaction, outcome)


class Shop:
    """Calls the SDK with little patience, and sends again what is in doubt, as the SDK's error says."""

    def __init__(self, choices: Choices, connection: Connection, *, timeout_s: float) -> None:
        self.record = Record()
        self._connection = connection.with_timeout(timeout_s)
        self._choices = choices

    def work(self, stop: threading.Event) -> None:
        with Client(self._connection) as client:
            while not stop.is_set():
                drafted, atomic = self._choices.envelope()
                # Ids are chosen before sending, so that what was not sent can be sent again as it is.
                batch = client.batch(atomic=atomic)
                for draft in drafted:
                    batch.add(draft)
                self._keep(self._answer(client, batch.send))

    def _answer(self, client: Client, send: Callable[[], tuple[Outcome, ...]]) -> tuple[Outcome, ...]:
        deadline = time.monotonic() + _PATIENCE_S
        attempt = send
        while True:
            try:
                return attempt()
            except InDoubt as doubt:
                attempt = partial(client.resend, doubt.envelope)
            except Unreachable:
                time.sleep(_PAUSE_S)
            assert time.monotonic() < deadline, "the hub came back"
            self.record.resent += 1

    def _keep(self, outcomes: Sequence[Outcome]) -> None:
        self.record.results += [(self._connection.party_id, outcome) for outcome in outcomes]
        self.record.replayed += sum(outcome.replayed for outcome in outcomes)


class Warehouse:
    """Sends without end over one stream of the SDK, which mends it by itself."""

    def __init__(self, choices: Choices, connection: Connection, *, envelope_size: int = 10) -> None:
        self.record = Record()
        self._connection = connection.with_timeout(_PATIENCE_S)
        self._choices = choices
        self._envelope_size = envelope_size

    def work(self, stop: threading.Event) -> None:
        def todo() -> Iterator[Draft[Any]]:
            while not stop.is_set():
                yield self._choices.draft()
                time.sleep(0.002)

        with Client(self._connection) as client:
            for outcome in client.submit_stream(todo(), envelope_size=self._envelope_size):
                self.record.results.append((self._connection.party_id, outcome))
                self.record.replayed += outcome.replayed


def shared_members(network: LocalNetwork, count: int) -> list[Wallet]:
    """Members whom all tills know, with some points."""
    return [network.member(points=1_000) for _ in range(count)]


def longest_pause_s(workers: Sequence[Worker]) -> float:
    """The longest time, in seconds, in which no till got an answer."""
    moments = sorted(moment for worker in workers for moment in worker.record.answered_s)
    return max(after - before for before, after in pairwise(moments))


@contextmanager
def at_work(workers: Sequence[Worker]) -> Iterator[Callable[[], None]]:
    """All of them work until the block is left; then each has its answers.

    Gives a function that returns once more has been acknowledged, so that whoever calls it knows there is load. Both
    raise what a worker failed with.
    """
    stop = threading.Event()
    with ThreadPoolExecutor(len(workers)) as pool:
        futures: list[Future[None]] = [pool.submit(worker.work, stop) for worker in workers]

        def see_progress() -> None:
            counts = [worker.record.acknowledged for worker in workers]
            deadline = time.monotonic() + _PATIENCE_S
            while any(worker.record.acknowledged == count for worker, count in zip(workers, counts, strict=True)):
                for future in futures:
                    if future.done():
                        future.result()
                assert time.monotonic() < deadline, "every till gets on"
                time.sleep(0.01)

        try:
            yield see_progress
        finally:
            stop.set()
        for future in futures:
            future.result(_PATIENCE_S)
