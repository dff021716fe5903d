"""Admitted envelopes that wait for the writer. Bounded: what does not fit is refused at once, not kept waiting."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final, NamedTuple

from coalition.envelope import OpenedEnvelope
from coalition.errors import Refused
from coalition.v1 import error_pb2
from coalition.v1.ledger_service_pb2 import SubmitResponse


@dataclass(frozen=True, slots=True)
class WriterLimits:
    """What may wait, and how much of it one batch takes."""

    waiting_envelopes_max: int = 4_096
    waiting_bytes_max: int = 64 << 20
    batch_transactions_max: int = 4_000
    batch_bytes_max: int = 8 << 20


class Submission(NamedTuple):
    """An envelope that waits, and where its answer goes."""

    envelope: OpenedEnvelope
    size: int
    #: With the hub's signed receipt.
    answer: Future[SubmitResponse]
    #: When it was handed in, by time.perf_counter.
    since_s: float
    #: The span that it belongs to, as W3C trace context; empty where it is not traced.
    traceparent: str


class Waiting:
    """Safe to use from many threads."""

    def __init__(self, limits: WriterLimits) -> None:
        self._limits: Final = limits
        self._changed = threading.Condition()
        self._submissions: deque[Submission] = deque()
        self._bytes = 0
        self._transactions = 0
        self._closed = False

    @property
    def transactions(self) -> int:
        """How many wait in the envelopes that do."""
        return self._transactions

    @property
    def envelopes(self) -> int:
        """How many wait."""
        return len(self._submissions)

    @property
    def size(self) -> int:
        """Their bytes."""
        return self._bytes

    def put(self, submission: Submission) -> None:
        """Raises Refused: SHUTTING_DOWN, OVERLOADED."""
        limits = self._limits
        with self._changed:
            if self._closed:
                raise shutting_down()
            if (
                len(self._submissions) >= limits.waiting_envelopes_max
                or self._bytes + submission.size > limits.waiting_bytes_max
            ):
                raise overloaded(len(self._submissions), self._bytes, limits)
            self._submissions.append(submission)
            self._bytes += submission.size
            self._transactions += len(submission.envelope.transactions)
            self._changed.notify()

    def take(self, envelopes_max: int, transactions_max: int | None = None) -> list[Submission]:
        """What waits, in order, at least one and as many as one batch may hold, of at most `transactions_max`.

        Waits until there is one; an empty list says that there will be none.
        """
        most = min(self._limits.batch_transactions_max, transactions_max or self._limits.batch_transactions_max)
        with self._changed:
            self._changed.wait_for(lambda: self._submissions or self._closed)
            taken: list[Submission] = []
            transactions = size = 0
            while self._submissions and len(taken) < envelopes_max:
                following = self._submissions[0]
                transactions += len(following.envelope.transactions)
                size += following.size
                if taken and (transactions > most or size > self._limits.batch_bytes_max):
                    break
                taken.append(self._submissions.popleft())
                self._bytes -= following.size
                self._transactions -= len(following.envelope.transactions)
            return taken

    def close(self) -> None:
        """Let nobody in any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def clear(self) -> list[Submission]:
        """Everything that still waits, taken out."""
        with self._changed:
            left = list(self._submissions)
            self._submissions.clear()
            self._bytes = self._transactions = 0
            return left


def overloaded(envelopes: int, size: int, limits: WriterLimits) -> Refused:
    """For whoever comes while so much waits already."""
    return Refused(
        error_pb2.REASON_OVERLOADED,
        f"{envelopes} envelopes with {size} bytes are waiting for the ledger already. Send the same envelope again in "
        "a moment.",
        {
            "waiting_envelopes_max": str(limits.waiting_envelopes_max),
            "waiting_bytes_max": str(limits.waiting_bytes_max),
        },
    )


def shutting_down() -> Refused:
    """For whoever comes too late."""
    return Refused(
        error_pb2.REASON_SHUTTING_DOWN, "The hub is shutting down. Send the same envelope again in a moment."
    )
