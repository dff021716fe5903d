"""The writer: it alone changes the ledger, one batch after the other.

It takes every envelope that is waiting and commits them together: under load batches grow and each costs less, without
load nobody waits. Where more is waiting, it applies the next batch while a second thread writes the one before, or at
least commits it. Callers are answered after the commit, never before.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from enum import Enum
from typing import Final, NamedTuple

import structlog

from coalition.clock import Clock
from coalition.envelope import OpenedEnvelope
from coalition.errors import Refused
from coalition.keys import SigningKey
from coalition.v1 import error_pb2
from coalition.v1.ledger_service_pb2 import SubmitResponse
from network.journal.answers import Answer, Answers
from network.journal.batch import Applied, BatchCommitter, Commit, internal, new_error_id
from network.journal.commits import Commits
from network.journal.second_thread import SecondThread
from network.journal.stages import Batch, Stopwatch, Watcher
from network.journal.waiting import Submission, Waiting, WriterLimits, shutting_down
from network.ledger.engine import Processed
from network.store.engine import is_busy
from network.store.store import Store

__all__ = ["Writer", "WriterLimits"]

logger = structlog.get_logger(__name__)

#: So many transactions that wait are worth applying while others are written; and so many make a batch then, for larger
#: ones have the next wait longer.
_WORTH_IT: Final = 200
_AHEAD_MAX: Final = 1_000
#: Batches that are not applied ahead after somebody else has written.
_OTHERS_WRITE: Final = 20

#: Runs what it is given, on whatever thread it likes.
Deliver = Callable[[Callable[[], None]], object]


def call_now(resolve: Callable[[], None]) -> None:
    """Deliver on the writer's own thread."""
    resolve()


class _End(Enum):
    """What became of a batch that was written behind the next one's back."""

    WRITTEN = 1
    FAILED = 2
    #: Somebody else has written in between: nothing has happened, and nobody was answered.
    OVERTAKEN = 3


class _Ahead(NamedTuple):
    """A batch that was applied before its turn to be written, and what its callers are told once it is committed."""

    batch: Sequence[Submission]
    applied: Applied
    answers: Sequence[Answer]
    watch: Stopwatch


class _Behind(NamedTuple):
    batch: Sequence[Submission]
    end: Future[_End]


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
        self._answers: Final = Answers(network_id, key)
        self._clock: Final = clock
        self._commits: Final = commits
        self._deliver: Final = deliver
        self._limits: Final = limits or WriterLimits()
        self._watchers: Final = tuple(watchers)
        #: What waits for it.
        self.waiting: Final = Waiting(self._limits)
        self._committer: Final = BatchCommitter(store)
        self._behind: _Behind | None = None
        #: For how many batches to come nothing is applied ahead.
        self._not_ahead = 0
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
        try:
            with SecondThread("write-behind") as behind:
                self._write_all(behind)
        except Exception:
            logger.critical("the writer has ended", exc_info=True)
            # Nobody shall wait for it.
            self.waiting.close()
            left = self.waiting.clear()
            if self._behind is not None and self._behind.end.result() is _End.OVERTAKEN:
                left = [*self._behind.batch, *left]
            self._resolve(left, [shutting_down() for _ in left])

    def _write_all(self, behind: SecondThread) -> None:
        while True:
            ahead = self._should_apply_ahead()
            if not ahead:
                # Nothing to do meanwhile: what waits grows into a larger batch. And what has to be done again must not
                # wait for whoever comes next.
                self._finish_behind()
            batch = self.waiting.take(self._envelopes_max(), _AHEAD_MAX if ahead else None)
            if not batch:
                break
            if ahead:
                self._apply_ahead(batch, behind)
            else:
                self._write(batch)
        self._finish_behind()

    def _should_apply_ahead(self) -> bool:
        """Whether so much waits that a batch is worth applying while another is written.

        For little, the hand-over costs more than it gains. Nor while others write, who make vain what was applied.
        """
        if self.waiting.transactions < _WORTH_IT:
            return False
        if self._not_ahead:
            self._not_ahead -= 1
            return False
        return True

    def _apply_ahead(self, batch: Sequence[Submission], behind: SecondThread) -> None:
        """Apply a batch while the one before is written, then have it written while the next is applied."""
        watch, applied, answers = Stopwatch(), None, None
        try:
            envelopes = [submission.envelope for submission in batch]
            applied = self._committer.apply(envelopes, self._clock(), watch)
            if applied is not None:
                answers = self._answers.to(envelopes, applied)
                watch.lap("answer")
        except Exception:
            logger.exception("a batch could not be applied ahead", envelopes=len(batch))
        if not self._finish_behind() or applied is None or answers is None:
            self._write(batch)
            return
        ahead = _Ahead(batch, applied, answers, watch)
        if not self._store.is_in_process:
            self._behind = _Behind(batch, behind.submit(self._write_behind, ahead))
            return
        # The rows now: two threads that both want the interpreter, one of them again after each row, take longer than
        # one after the other. Only the commit is the disk's work.
        flushed = self._flush(ahead)
        if isinstance(flushed, _End):
            self._holds(batch, flushed)
        else:
            self._behind = _Behind(batch, behind.submit(self._commit, ahead, flushed))

    def _write_behind(self, ahead: _Ahead) -> _End:
        flushed = self._flush(ahead)
        return flushed if isinstance(flushed, _End) else self._commit(ahead, flushed)

    def _flush(self, ahead: _Ahead) -> Commit | _End:
        try:
            return self._committer.flush(ahead.applied, ahead.watch) or _End.OVERTAKEN
        except Exception as error:  # noqa: BLE001 - as below
            return self._fail(ahead, error)

    def _commit(self, ahead: _Ahead, commit: Commit) -> _End:
        """Commit what was applied and flushed, then answer it."""
        try:
            commit()
        except Exception as error:  # noqa: BLE001 - as below
            return self._fail(ahead, error)
        self._tell(ahead.batch, ahead.applied.results, ahead.watch)
        self._resolve(ahead.batch, ahead.answers, ahead.applied.head.sequence)
        return _End.WRITTEN

    def _fail(self, ahead: _Ahead, error: Exception) -> _End:
        self._tell(ahead.batch, None, ahead.watch)
        self._resolve(ahead.batch, self._failed(ahead.batch, error))
        return _End.FAILED

    def _finish_behind(self) -> bool:
        """Wait for what is being written. Whether what was applied on top of it holds."""
        behind, self._behind = self._behind, None
        return behind is None or self._holds(behind.batch, behind.end.result())

    def _holds(self, batch: Sequence[Submission], end: _End) -> bool:
        """Whether what is applied on top of a batch that ended so holds. What was overtaken is written anew."""
        if end is _End.WRITTEN:
            return True
        self._committer.forget()
        if end is _End.OVERTAKEN:
            self._not_ahead = _OTHERS_WRITE
            self._write(batch)
        return False

    def _envelopes_max(self) -> int:
        """A journal's first envelope stands alone: what follows it needs the calendar that it brings."""
        founded = self._store.reference().network.get("") is not None
        return self._limits.batch_transactions_max if founded else 1

    def _write(self, batch: Sequence[Submission]) -> None:
        """Commit a batch and answer it. Whatever happens, each envelope gets an answer and the writer goes on."""
        watch, committed = Stopwatch(), None
        try:
            envelopes = [submission.envelope for submission in batch]
            committed = self._committer.commit(envelopes, self._clock(), watch)
            answers = self._answers.to(envelopes, committed)
            watch.lap("answer")
        except Exception as error:  # noqa: BLE001 - logged in full, and told to every caller
            answers = self._failed(batch, error)
        self._tell(batch, None if committed is None else committed.results, watch)
        self._resolve(batch, answers, 0 if committed is None else committed.head.sequence)

    def _failed(self, batch: Sequence[Submission], error: Exception) -> Sequence[Answer]:
        """Nothing of it was committed, or the commit itself is in doubt: sending the same again settles both."""
        error_id = new_error_id()
        logger.error("a batch could not be committed", error_id=error_id, envelopes=len(batch), exc_info=error)
        return [_busy() if is_busy(error) else internal(error_id) for _ in batch]

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

    def _resolve(self, batch: Sequence[Submission], answers: Sequence[Answer], committed: int = 0) -> None:
        """Give answers, and tell of a commit that they came from: together, so that both cost one wake-up."""

        def resolve() -> None:
            self._commits.announce(committed)
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
        "The hub's database is held by another process, or out of reach. Send the same envelope again in a moment.",
    )
