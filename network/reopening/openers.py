"""Openers as whoever replays a journal sees them: processes that open envelopes while earlier ones are replayed.

An opener has at most one batch, and is given the next one when it has answered. So what is read ahead is bounded, and
neither end ever waits for the other to take what it sends while that one waits likewise.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Final, Generic, Self, TypeVar

from network.reopening.envelopes import Kept, Reopened, Sound, take_over

#: A batch is as many envelopes as it takes to reach one of these.
ENTRIES_AT_ONCE: Final = 1_000
BYTES_AT_ONCE: Final = 1 << 20
#: More could not be kept busy: whoever replays takes longer over an envelope of many transactions than an opener.
OPENERS_MAX: Final = 4

T = TypeVar("T")


class OpenerLostError(Exception):
    """An opener ended before its time. Nothing is known about the envelopes that it had."""


def spare_cores() -> int:
    """How many cores this process may use beside the one that it uses."""
    # Containers and `taskset` give a process fewer cores than the machine has.
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return allowed - 1


class Openers:
    """Started by a `with` block, and ended with it."""

    def __init__(self, count: int, *, entries_at_once: int = ENTRIES_AT_ONCE) -> None:
        """So many processes; with none, nothing is opened ahead."""
        self._count: Final = count
        self._entries_at_once: Final = entries_at_once
        self._openers: list[_Opener] = []

    def __enter__(self) -> Self:
        try:
            for _ in range(self._count):
                self._openers.append(_Opener())
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        while self._openers:
            self._openers.pop().end()

    @property
    def process_ids(self) -> tuple[int, ...]:
        """Of those that are running."""
        return tuple(opener.process_id for opener in self._openers)

    def ahead(self, items: Iterable[T], kept: Callable[[T], Kept | None]) -> Iterator[tuple[T, Reopened | None]]:
        """Each item with its envelope, opened and right; or with None, where it is not right or was not opened here.

        Nothing is read beyond an item for which `kept` has no envelope. An error over reading the items is raised after
        those that were read before it. Raises OpenerLostError.
        """
        if not self._openers:
            yield from ((item, None) for item in items)
            return
        reading = _Reading(items, kept, self._entries_at_once)
        under_way: deque[tuple[_Opener, list[tuple[T, Kept | None]]]] = deque()
        for opener in self._openers:
            if batch := reading.batch():
                opener.give(batch)
                under_way.append((opener, batch))
        while under_way:
            opener, batch = under_way.popleft()
            found = opener.take()
            if following := reading.batch():
                opener.give(following)
                under_way.append((opener, following))
            for item, envelope in batch:
                sound = None if envelope is None else next(found)
                yield item, None if envelope is None or sound is None else take_over(envelope, sound)
        reading.finish()


class _Reading(Generic[T]):
    """Items as they are read, a batch at a time."""

    def __init__(self, items: Iterable[T], kept: Callable[[T], Kept | None], entries_at_once: int) -> None:
        self._items: Final = iter(items)
        self._entries_at_once: Final = entries_at_once
        self._kept: Final = kept
        self._ended = False
        self._error: Exception | None = None

    def batch(self) -> list[tuple[T, Kept | None]]:
        """The next ones, each with what is to be opened; none when no more can be read."""
        read: list[tuple[T, Kept | None]] = []
        entries = size = 0
        while not self._ended and entries < self._entries_at_once and size < BYTES_AT_ONCE:
            try:
                item = next(self._items)
            except StopIteration:
                self._ended = True
                break
            except Exception as error:  # noqa: BLE001 - raised by `finish`, when its turn comes
                self._ended, self._error = True, error
                break
            envelope = self._kept(item)
            read.append((item, envelope))
            if envelope is None:
                self._ended = True
            else:
                entries += len(envelope.bodies)
                size += envelope.size
        return read

    def finish(self) -> None:
        """Raise what ended the reading, if it was not the end."""
        if self._error is not None:
            raise self._error


class _Opener:
    """One process."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        self._line: Final[Connection] = Connection(ours.detach())
        with theirs:
            command = [sys.executable, "-P", "-m", "network.reopening.opener", str(theirs.fileno())]
            # In a session of its own, so that Ctrl-C at a terminal reaches this process alone, which ends the others.
            self._process: Final = subprocess.Popen(
                command,
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )

    @property
    def process_id(self) -> int:
        return self._process.pid

    def give(self, batch: Iterable[tuple[object, Kept | None]]) -> None:
        """Have a batch opened."""
        try:
            self._line.send([envelope for _, envelope in batch if envelope is not None])
        except ConnectionError as error:
            raise self._lost() from error

    def take(self) -> Iterator[Sound | None]:
        """Wait for what was found, in the order of the batch."""
        try:
            found: list[Sound | None] = self._line.recv()
        except (EOFError, ConnectionError) as error:
            raise self._lost() from error
        return iter(found)

    def _lost(self) -> OpenerLostError:
        return OpenerLostError(
            f"A process that checks signatures ended with code {self._process.wait()}, so not everything was checked. "
            "Its last words are above, if it had any. Verify again."
        )

    def end(self) -> None:
        """At once: it has nothing that anybody still needs."""
        self._line.close()
        self._process.kill()
        self._process.wait()
