"""How a command that keeps running is told to end."""

from __future__ import annotations

import signal
from queue import Empty, SimpleQueue
from types import FrameType


class Ending:
    """Waits for SIGTERM or Ctrl-C, from when it is made on.

    A handler interrupts the very thread that waits, so it may take no lock that this thread can hold: an Event's
    `set` would wait for ever when it comes in the midst of the Event's `wait`. A SimpleQueue's `put` never waits.
    """

    def __init__(self) -> None:
        self._signals: SimpleQueue[int] = SimpleQueue()
        self._asked = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._take)

    def _take(self, number: int, _frame: FrameType | None) -> None:
        self._signals.put(number)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Whether the command is to end; waits for it, at most so long."""
        if not self._asked:
            try:
                self._signals.get(timeout=timeout_s)
            except Empty:
                return False
            self._asked = True
        return True
