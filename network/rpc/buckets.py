"""How often somebody may ask: token buckets, one for each party or address."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from coalition.errors import Refused
from coalition.v1 import error_pb2

_NAMES_KEPT: Final = 10_000


class Buckets:
    """For each name a bucket that holds `burst` tokens and gets `rate` new ones each second.

    Of names that have not asked for long the bucket is forgotten, which is the same as full.
    """

    def __init__(
        self, what: str, rate: int, burst: int, seconds: Callable[[], float] = time.monotonic, kept: int = _NAMES_KEPT
    ) -> None:
        assert rate > 0
        assert burst > 0
        self._what = what
        self._rate = rate
        self._burst = burst
        self._seconds = seconds
        self._kept = kept
        #: By name: tokens, and when they were counted. The least recently used first.
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str) -> None:
        """Take a token. Raises Refused with RATE_LIMITED, and when to ask again, where there is none."""
        now = self._seconds()
        tokens, counted = self._levels.pop(name, (float(self._burst), now))
        tokens = min(float(self._burst), tokens + (now - counted) * self._rate)
        if tokens < 1:
            self._levels[name] = (tokens, now)
            wait_ms = max(1, round((1 - tokens) / self._rate * 1_000))
            raise Refused(
                error_pb2.REASON_RATE_LIMITED,
                f"{name} makes more than {self._rate} {self._what} a second. Try again in {wait_ms} ms.",
                {"limit_per_second": str(self._rate), "retry_after_ms": str(wait_ms)},
            )
        self._levels[name] = (tokens - 1, now)
        if len(self._levels) > self._kept:
            self._levels.popitem(last=False)
