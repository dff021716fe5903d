"""The writer as a front sees it: at the other end of a line."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from itertools import count
from typing import Final

import structlog

from coalition.envelope import OpenedEnvelope
from coalition.errors import Refused
from coalition.v1.ledger_service_pb2 import SubmitResponse
from network.journal.commits import Commits
from network.journal.waiting import WriterLimits, overloaded, shutting_down
from network.processes.line import Line
from network.processes.messages import Handed, News, Refusal
from network.store.store import Store

logger = structlog.get_logger(__name__)


class RemoteWriter:
    """Takes envelopes from many threads. Answers come in the event loop in which it was made."""

    def __init__(self, line: Line, *, store: Store, commits: Commits, limits: WriterLimits) -> None:
        """`limits` bound what is on its way there and back."""
        self._line: Final = line
        self._store: Final = store
        self._commits: Final = commits
        self._limits: Final = limits
        self._loop: Final = asyncio.get_running_loop()
        self._loop_thread: Final = threading.get_ident()
        self._news: Final[asyncio.Queue[News]] = asyncio.Queue()
        #: Whether news is being looked into, and whatever comes has to wait for its turn.
        self._hearing = False
        self._numbers: Final = count()
        self._lock: Final = threading.Lock()
        self._idle: Final = threading.Condition(self._lock)
        self._under_way: dict[int, tuple[Future[SubmitResponse], int]] = {}
        self._bytes = 0
        self._closed = False
        self._listening: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to give answers. Once."""
        self._listening = self._loop.create_task(self._listen())

    def submit(self, envelope: OpenedEnvelope, traceparent: str = "") -> Future[SubmitResponse]:
        """As `Writes.submit`."""
        answer: Future[SubmitResponse] = Future()
        answer.set_running_or_notify_cancel()
        size = envelope.size
        number = next(self._numbers)
        with self._lock:
            refused = self._why_not(size)
            if refused is None:
                self._under_way[number] = (answer, size)
                self._bytes += size
        if refused is not None:
            answer.set_exception(refused)
            return answer
        message = Handed.of(number, envelope, traceparent)
        if threading.get_ident() == self._loop_thread:
            self._line.send(message)
        else:
            self._loop.call_soon_threadsafe(self._line.send, message)
        return answer

    def _why_not(self, size: int) -> Refused | None:
        limits = self._limits
        if self._closed:
            return shutting_down()
        if len(self._under_way) >= limits.waiting_envelopes_max or self._bytes + size > limits.waiting_bytes_max:
            return overloaded(len(self._under_way), self._bytes, limits)
        return None

    def stop(self, timeout_s: float) -> bool:
        """As `Writes.stop`. Not to be called in the loop, which brings the answers."""
        with self._lock:
            self._closed = True
            finished = self._idle.wait_for(lambda: not self._under_way, timeout_s)
        self._loop.call_soon_threadsafe(self._stop_listening)
        return finished

    def receive(self, news: News) -> None:
        """What the writer says: passed on at once, unless reference tables have to be read before it."""
        if self._hearing or not self._news.empty() or news.reference_sequence > self._store.reference_sequence:
            self._news.put_nowait(news)
        else:
            self._pass_on(news)

    def _stop_listening(self) -> None:
        if self._listening is not None:
            self._listening.cancel()

    async def _listen(self) -> None:
        while True:
            news = await self._news.get()
            self._hearing = True
            try:
                if news.reference_sequence > self._store.reference_sequence:
                    await self._refresh()
                self._pass_on(news)
            finally:
                self._hearing = False

    def _pass_on(self, news: News) -> None:
        try:
            self._commits.announce(news.sequence)
            for number, answer in news.answers:
                self._settle(number, answer.error() if isinstance(answer, Refusal) else answer)
        except Exception:
            # Whoever waits for an answer had better ask another process.
            logger.exception("answers cannot be given any more")
            self._line.close()

    async def _refresh(self) -> None:
        """Who was told of a new key finds it in force."""
        try:
            await asyncio.to_thread(self._store.refresh)
        except Exception:
            # The next look finds them; the answers are right all the same.
            logger.exception("reference tables could not be read")

    def _settle(self, number: int, answer: bytes | Refused) -> None:
        with self._lock:
            future, size = self._under_way.pop(number)
            self._bytes -= size
            if not self._under_way:
                self._idle.notify_all()
        if isinstance(answer, Refused):
            future.set_exception(answer)
        else:
            future.set_result(SubmitResponse.FromString(answer))
