"""Tells those who follow the journal that there is more of it."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

logger = structlog.get_logger(__name__)


class Commits:
    """The newest sequence that this process knows to be committed. Safe to use from many threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._sequence = 0
        self._subscribers: dict[int, Callable[[int], object]] = {}
        self._next_subscriber = 0

    @property
    def sequence(self) -> int:
        """0 while none is known."""
        return self._sequence

    def announce(self, sequence: int) -> None:
        """Everything up to `sequence` is committed."""
        with self._changed:
            if sequence <= self._sequence:
                return
            self._sequence = sequence
            self._changed.notify_all()
            subscribers = list(self._subscribers.values())
        for call in subscribers:
            try:
                call(sequence)
            except Exception:
                logger.exception("a follower could not be told of a commit", sequence=sequence)

    def wait_for(self, sequence: int, timeout_s: float) -> int:
        """Wait until `sequence` is committed, or the time is over. Returns the newest committed sequence."""
        with self._changed:
            self._changed.wait_for(lambda: self._sequence >= sequence, timeout_s)
            return self._sequence

    def subscribe(self, call: Callable[[int], object]) -> Callable[[], None]:
        """Have `call` called with the newest sequence after each commit, on the thread that tells of it: it must not
        block.

        Returns what ends the subscription.
        """
        with self._changed:
            number = self._next_subscriber
            self._next_subscriber += 1
            self._subscribers[number] = call

        def unsubscribe() -> None:
            with self._changed:
                self._subscribers.pop(number, None)

        return unsubscribe
