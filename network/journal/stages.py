"""What became of one batch and where its time went, told once to whoever watches the hub."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from coalition.envelope import OpenedEnvelope
from coalition.errors import Refused
from network.ledger.engine import Processed

#: What a batch goes through: the head's lock, the working set, the ledger, the rows, the disk, and the receipts. One
#: that is applied ahead goes through lock, rows and disk at the end; its lock has the wait for the batch before in it.
STAGES: Final = ("lock", "load", "apply", "flush", "commit", "answer")


class Lap(NamedTuple):
    """A stage and how long it took."""

    stage: str
    seconds: float


class Stopwatch:
    """Times the stages of one batch as they end. Runs from the moment when it is made."""

    __slots__ = ("_last", "began_ns", "began_s", "laps")

    def __init__(self) -> None:
        #: By the system's clock, whatever the network's says.
        self.began_ns: Final = time.time_ns()
        #: By time.perf_counter.
        self.began_s: Final = time.perf_counter()
        self.laps: Final[list[Lap]] = []
        self._last = self.began_s

    def lap(self, stage: str) -> None:
        """One of STAGES ends now."""
        now = time.perf_counter()
        self.laps.append(Lap(stage, now - self._last))
        self._last = now


class Batch(NamedTuple):
    """One batch. Where it failed, its laps end with the last stage that it came through."""

    envelopes: Sequence[OpenedEnvelope]
    #: One for each envelope; None when nothing of it is known to be committed.
    results: Sequence[Processed | Refused] | None
    #: How long each envelope waited for the writer, in seconds.
    waits_s: Sequence[float]
    #: The span that each envelope belongs to, as W3C trace context; empty for those that are not traced.
    traceparents: Sequence[str]
    began_ns: int
    laps: Sequence[Lap]


#: Called for every batch by one of the writer's threads, after the commit and before anybody is answered. So it must
#: not block, and what was answered has been counted.
Watcher = Callable[[Batch], object]
