"""Everything that a hub counts, by its name in the table of docs/operators.md. One object for one hub, no globals.

What costs time is counted for a batch or a call at once, never for each transaction by itself. What has a value anyway,
such as the length of a queue, is read when somebody asks: see readings.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from coalition.errors import Refused, reason_name
from network.telemetry.instruments import SECONDS, Counts, Spread, gauges
from network.telemetry.readings import About, Readings, facts, readings_now


class Metrics(Collector):
    """Safe to use from many threads, but for `call_began` and `call_ended`, which belong to the event loop's."""

    def __init__(self, about: About) -> None:
        self._about: Final = about
        self._readings: Readings | None = None
        self._calls_in_flight: dict[str, int] = {}
        self._calls = Spread(
            "coalition_hub_call_seconds",
            "Calls by how long they took; streams count when they end.",
            SECONDS,
            "method",
            "code",
        )
        self._stages = Spread(
            "coalition_hub_stage_seconds",
            "Time by stage: admission of each envelope.",
            SECONDS,
            "stage",
        )
        self._refusals = Counts("coalition_hub_refusals", "Calls and envelopes that were refused.", "reason")
        self._rounds = Counts(
            "coalition_hub_rounds",
            "What the hub does again and again by itself: done, put off, failed.",
            "work",
            "outcome",
        )
        self.registry: Final = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        self.registry.register(self)

    def read(self, readings: Readings) -> None:
        """Show these as well from now on. Once the hub is put together."""
        self._readings = readings

    def call_began(self, method: str) -> None:
        """`method` is one of the protocol's."""
        self._calls_in_flight[method] = self._calls_in_flight.get(method, 0) + 1

    def call_ended(self, method: str, code: str, seconds: float) -> None:
        """`code` is the name of a gRPC status."""
        self._calls_in_flight[method] -= 1
        self._calls.add(seconds, method, code)

    def refused(self, refused: Refused) -> None:
        """A call, or an envelope of a stream, ended so."""
        self._refusals.add(reason_name(refused.reason))

    def admitted(self, seconds: float) -> None:
        """An envelope was found right after so long."""
        self._stages.add(seconds, "admission")

    def round_ended(self, work: str, outcome: str) -> None:
        """One round of work that comes again: `done`, `put_off`, `failed`."""
        self._rounds.add(work, outcome)

    def collect(self) -> Iterable[Metric]:
        """For the client library, when somebody asks."""
        for counted in (self._calls, self._stages, self._refusals, self._rounds):
            yield counted.family()
        yield gauges(
            "coalition_hub_calls_in_flight",
            "Calls and streams that are being served.",
            ("method",),
            (((method,), calls) for method, calls in dict(self._calls_in_flight).items()),
        )
        yield from facts(self._about)
        if self._readings is not None:
            yield from readings_now(self._readings)
