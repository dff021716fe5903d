"""The writer: the one thread that changes the ledger.

It takes every envelope that is waiting and commits them together: under load batches grow and each costs less, without
load nobody waits. Callers are answered after the commit, never before.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Final

import structlog

from coalition.clock import Clock
from coalition.envelope import OpenedEnvelope
from coalition.errors import Refused
from coalition.keys import SigningKey
from coalition.receipt import make_receipt
from coalition.v1 import error_pb2
from coalition.v1.journal_pb2 import Receipt
from coalition.v1.ledger_service_pb2 import SubmitResponse
from network.journal.batch import BatchCommitter, Committed, internal, new_error_id
from network.journal.commits import Commits
from network.journal.stages import Batch, Stopwatch, Watcher
from network.journal.waiting import Submission, Waiting, WriterLimits, shutting_down
from network.ledger.engine import Processed
from network.store.engine import is_busy
from network.store.store import Store

__all__ = ["Writer", "WriterLimits"]

logger = structlog.get_logger(__name__)

#: Runs what it is given, on whatever thread it likes.
Deliver = Callable[[Callable[[], None]], object]


def call_now(resolve: Callable[[], None]) -> None:
    """Deliver on the writer's own thread."""
    resolve()


class Writer:
    """Takes envelopes from many threads, commits them from one."""

    def __init__(
        self,
        store: Store,
        *,
        network_id: str,
        key: SigningKey,
        clock: Clock,
        commits: Commits,
        limits: WriterLimits | None = None,
        deliver: Deliver = call_now,
        watchers: Sequence[Watcher] = (),
    ) -> None:
        """`key` is the hub's and signs receipts. `deliver` is called once a batch and sets the results of all its
        futures: an event loop's `call_soon_threadsafe` has their callbacks run in the loop for one wake-up a batch.
        `watchers` are told of every batch."""
        self._store: Final = store
        self._network_id: Final = network_id
        self._key: Final = key
        self._clock: Final = clock
        self._commits: Final = commits
        self._deliver: Final = deliver
        self._limits: Final = limits or WriterLimits()
        self._watchers: Final = tuple(watchers)
        #: What waits for it.
        self.waiting: Final = Waiting(self._limits)
        self._committer: Final = BatchCommitter(store)
        self._thread: Final = threading.Thread(target=self._run, name="writer", daemon=True)

    def start(self) -> None:
        """Begin to write. Once."""
        self._thread.start()

    def submit(self, envelope: OpenedEnvelope, traceparent: str = "") -> Future[SubmitResponse]:
        """Hand in an admitted envelope, with the span that it belongs to where it is traced. Never blocks.

        The future ends with the answer once it is committed, or with Refused: what the ledger says, OVERLOADED,
        SHUTTING_DOWN, or INTERNAL with an `error_id`. It cannot be cancelled.
        """
        answer: Future[SubmitResponse] = Future()
        answer.set_running_or_notify_cancel()
        try:
            self.waiting.put(Submission(envelope, envelope.size, answer, time.perf_counter(), traceparent))
        except Refused as refused:
            answer.set_exception(refused)
        return answer

    def stop(self, timeout_s: float) -> bool:
        """Finish what was handed in and let nothing more in. False when the time was not enough; what was not begun by
        then is refused with SHUTTING_DOWN."""
        self.waiting.close()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        left = self.waiting.clear()
        if left:
            self._resolve(left, [shutting_down() for _ in left])
        return not left and not self._thread.is_alive()

    def _run(self) -> None:
        while batch := self.waiting.take(self._envelopes_max()):
            self._resolve(batch, self._write(batch))

    def _envelopes_max(self) -> int:
        """A journal's first envelope stands alone: what follows it needs the calendar that it brings."""
        founded = self._store.reference().network.get("") is not None
        return self._limits.batch_transactions_max if founded else 1

    def _write(self, batch: Sequence[Submission]) -> Sequence[SubmitResponse | Refused]:
        """Commit a batch and make its answers. Whatever happens, each envelope gets one and the writer goes on."""
        watch, committed = Stopwatch(), None
        try:
            committed = self._committer.commit([submission.envelope for submission in batch], self._clock(), watch)
            self._commits.announce(committed.head.sequence)
            answers = self._answers(batch, committed)
            watch.lap("answer")
            return answers
        except Exception as error:
            # Nothing of it was committed, or the commit itself is in doubt: sending the same again settles both.
            error_id = new_error_id()
            logger.exception("a batch could not be committed", error_id=error_id, envelopes=len(batch))
            return [_busy() if is_busy(error) else internal(error_id) for _ in batch]
        finally:
            self._tell(batch, None if committed is None else committed.results, watch)

    def _tell(
        self, batch: Sequence[Submission], results: Sequence[Processed | Refused] | None, watch: Stopwatch
    ) -> None:
        told = Batch(
            envelopes=[submission.envelope for submission in batch],
            results=results,
            waits_s=[watch.began_s - submission.since_s for submission in batch],
            traceparents=[submission.traceparent for submission in batch],
            began_ns=watch.began_ns,
            laps=watch.laps,
        )
        for watcher in self._watchers:
            try:
                watcher(told)
            except Exception:
                logger.exception("a batch could not be watched", envelopes=len(batch))

    def _answers(self, batch: Sequence[Submission], committed: Committed) -> list[SubmitResponse | Refused]:
        root = committed.head.frontier.root()
        return [
            self._answer(submission.envelope, result, committed, root) if isinstance(result, Processed) else result
            for submission, result in zip(batch, committed.results, strict=True)
        ]

    def _answer(
        self, envelope: OpenedEnvelope, processed: Processed, committed: Committed, root: bytes
    ) -> SubmitResponse:
        receipt = Receipt(
            network_id=self._network_id,
            envelope_digest=envelope.digest,
            first_sequence=processed.sequences[0],
            committed_us=committed.head.committed_us,
            log_size=committed.head.sequence,
            log_root=root,
        )
        signed = make_receipt(receipt, processed.outcomes, self._key)
        return SubmitResponse(receipt=signed, outcomes=processed.outcomes, replayed=processed.replayed)

    def _resolve(self, batch: Sequence[Submission], answers: Sequence[SubmitResponse | Refused]) -> None:
        def resolve() -> None:
            for submission, answer in zip(batch, answers, strict=True):
                if isinstance(answer, Refused):
                    submission.answer.set_exception(answer)
                else:
                    submission.answer.set_result(answer)

        try:
            self._deliver(resolve)
        except Exception:
            logger.exception("answers could not be handed over", envelopes=len(batch))
            resolve()


def _busy() -> Refused:
    return Refused(
        error_pb2.REASON_OVERLOADED,
        "Another process holds the hub's database. Send the same envelope again in a moment.",
    )
