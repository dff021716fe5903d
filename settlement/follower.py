"""Follows the hub's journal into the books: verified by the SDK, in bounded batches, while the service runs."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import Final

import structlog
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from coalition.clock import US_PER_S, Clock
from partner_sdk import Client, JournalPart
from partner_sdk.errors import CoalitionError, VerificationError
from settlement.alerts.sources import JournalHealth
from settlement.clearing.entry import ClearingError
from settlement.intake import Intake
from settlement.store.errors import StoreError

#: Entries that are committed together, at most; a part that came together is never split.
BATCH_ENTRIES_MAX: Final = 4_000
#: How long a part waits for others to be committed with it: what arrives one by one need not be synced one by one.
_GATHER_S: Final = 0.05
#: Parts that were read and wait to be taken in.
_PARTS_MAX: Final = 16
#: How often a thread that waits looks whether it is to stop.
_IDLE_S: Final = 0.2
_PAUSE_FIRST_S: Final = 0.2
_PAUSE_MAX_S: Final = 10.0
_REPORT_EVERY: Final = 50_000
#: A hub that is away fails again within this time: every call ends, and pauses are short.
_FAILURE_COUNTS_S: Final = 60.0
#: While entries are caught up on, one batch follows the other within this time.
_BATCH_COUNTS_S: Final = 10.0

_log = structlog.stdlib.get_logger("settlement.follower")


class _Health:
    """What went wrong lately. A hub that has nothing new says nothing either, so a failure counts for a while only."""

    def __init__(self) -> None:
        self._failed_s = self._took_in_s = float("-inf")
        self._failing_since_us = self._behind_us = 0

    def read(self) -> None:
        """Entries came."""
        self._failed_s = float("-inf")

    def failed(self, now_us: int) -> None:
        """The hub could not be read."""
        if time.monotonic() - self._failed_s > _FAILURE_COUNTS_S:
            self._failing_since_us = now_us
        self._failed_s = time.monotonic()

    def took_in(self, behind_us: int) -> None:
        """A batch is in the books, whose newest entry was so old."""
        self._behind_us, self._took_in_s = behind_us, time.monotonic()

    def now(self) -> tuple[int, int]:
        """Since when the hub cannot be read, and how old the entries are that are just taken in; else 0."""
        failing = time.monotonic() - self._failed_s <= _FAILURE_COUNTS_S
        taking_in = time.monotonic() - self._took_in_s <= _BATCH_COUNTS_S
        return self._failing_since_us if failing else 0, self._behind_us if taking_in else 0


class Follower:
    """Two threads: one reads and verifies, the other takes in what has been read meanwhile.

    It tries for ever where the hub cannot be read or the database cannot be written, and stops for good where the
    journal is wrong: what does not verify, or contradicts what came before, is never taken in, and `Intake.problem`
    says where that is.
    """

    def __init__(self, client: Client, intake: Intake, clock: Clock, failed: Callable[[], None]) -> None:
        """`client` is an auditor's; it is closed when the follower stops. `failed` is called if it stops for good."""
        self._client = client
        self._intake = intake
        self._clock = clock
        self._failed = failed
        self._parts: queue.Queue[JournalPart | Exception] = queue.Queue(_PARTS_MAX)
        self._stopping = threading.Event()
        self._threads = (
            threading.Thread(target=self._guard, args=(self._read,), name="journal-reader"),
            threading.Thread(target=self._guard, args=(self._take_in,), name="journal-intake"),
        )
        self._reported = 0
        #: How often the hub could not be read.
        self.failures = 0
        self._health = _Health()

    def start(self) -> None:
        """Begin where the books end."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Finish the batch that is being taken in, and read no more."""
        self._stopping.set()
        self._client.close()
        for thread in self._threads:
            thread.join()

    @property
    def lag_us(self) -> int:
        """Age of the newest entry that was taken in, by the service's clock."""
        committed_us = self._intake.progress.state.committed_us
        return max(0, self._clock() - committed_us) if committed_us else 0

    @property
    def health(self) -> JournalHealth:
        """How following goes, by the service's clock."""
        unreadable_since_us, behind_us = self._health.now()
        sequence = self._intake.progress.state.sequence
        return JournalHealth(sequence, self._intake.problem, unreadable_since_us, behind_us)

    def _guard(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - the last resort of a thread: logged in full, and nothing goes on
            _log.exception("unexpected")
            self._fail(f"It failed after entry {self._intake.progress.state.sequence}: {type(error).__name__}.")

    def _read(self) -> None:
        state, pause_s = self._intake.verified, _PAUSE_FIRST_S
        while not self._stopping.is_set():
            try:
                for part in self._client.follow_journal(state):
                    state, pause_s = part.state, _PAUSE_FIRST_S
                    self._health.read()
                    if not self._hand_over(part):
                        return
            except VerificationError as error:
                self._hand_over(error)
                return
            except CoalitionError as error:
                # The hub is away, or refuses us for a reason that somebody can mend.
                self.failures += 1
                self._health.failed(self._clock())
                if not self._stopping.is_set():
                    _log.warning("hub_unreadable", sequence=state.size, problem=str(error), retry_s=pause_s)
            self._stopping.wait(pause_s)
            pause_s = min(pause_s * 2, _PAUSE_MAX_S)

    def _hand_over(self, part: JournalPart | Exception) -> bool:
        """Wait for room in the queue; False when there is nobody to take it any more."""
        while not self._stopping.is_set():
            try:
                self._parts.put(part, timeout=_IDLE_S)
            except queue.Full:
                continue
            return True
        return False

    def _take_in(self) -> None:
        while not self._stopping.is_set():
            parts, problem = self._waiting_parts()
            try:
                if parts:
                    self._commit(parts)
            except (ClearingError, StoreError) as error:
                problem = error
            if problem is not None:
                self._fail(str(problem))
                return

    def _commit(self, parts: list[JournalPart]) -> None:
        """Take parts in once the database can be written: another program may have locked it, or the disk be full."""
        entries = [entry for part in parts for entry in part.entries]
        pause_s = _PAUSE_FIRST_S
        while not self._stopping.is_set():
            try:
                self._intake.take_in(entries, parts[-1].state, parts[-1].checkpoint)
            except (OperationalError, PoolTimeout) as error:
                sequence = self._intake.progress.state.sequence
                _log.warning("database_unwritable", sequence=sequence, problem=_problem(error), retry_s=pause_s)
                self._stopping.wait(pause_s)
                pause_s = min(pause_s * 2, _PAUSE_MAX_S)
            else:
                self._health.took_in(self.lag_us)
                self._report()
                return

    def _waiting_parts(self) -> tuple[list[JournalPart], Exception | None]:
        """What has been read meanwhile and within the next moment, up to a batch, and what went wrong after it."""
        parts: list[JournalPart] = []
        entries, deadline_s = 0, time.monotonic() + _IDLE_S
        while entries < BATCH_ENTRIES_MAX and (left_s := deadline_s - time.monotonic()) > 0:
            try:
                part = self._parts.get(timeout=left_s)
            except queue.Empty:
                break
            if isinstance(part, Exception):
                return parts, part
            if not parts:
                deadline_s = time.monotonic() + _GATHER_S
            parts.append(part)
            entries += len(part.entries)
        return parts, None

    def _fail(self, problem: str) -> None:
        _log.error("journal_refused", sequence=self._intake.progress.state.sequence, problem=problem)
        self._intake.stop(problem)
        self._failed()
        self._stopping.set()
        self._client.close()

    def _report(self) -> None:
        """A line in the log at first, and then now and again."""
        sequence = self._intake.progress.state.sequence
        if self._reported == 0 or sequence - self._reported >= _REPORT_EVERY:
            self._reported = sequence
            _log.info("followed", sequence=sequence, lag_s=self.lag_us // US_PER_S)


def _problem(error: OperationalError | PoolTimeout) -> str:
    """What the database said, without the statement and its figures."""
    return str(error.orig) if isinstance(error, OperationalError) else "no connection was free"
