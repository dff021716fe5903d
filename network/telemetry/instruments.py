"""What is counted while the hub works: sums, and how durations and sizes are spread, each by a few labels.

Adding costs a dictionary's look-up and a list's increment, a third of what the client library's own metrics cost; the
library turns them into text when somebody asks. A value of a label is never free text: whoever adds has a short list.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Iterable
from itertools import accumulate
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.utils import floatToGoString

#: A tenth of a millisecond to half a minute.
SECONDS: Final = (
    *(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05),
    *(0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
)
#: Powers of two, to beyond what one batch takes.
SIZES: Final = tuple(float(1 << power) for power in range(14))


class Counts:
    """Sums that only grow. Safe to use from many threads."""

    def __init__(self, name: str, text: str, *labels: str, known: Iterable[tuple[str, ...]] = ()) -> None:
        """`known` values of the labels are 0 from the beginning: what first appears with a 1 has not grown, to
        Prometheus."""
        self._name, self._text, self._labels = name, text, labels
        self._lock = threading.Lock()
        self._sums = dict.fromkeys(known, 0)

    def add(self, *values: str, by: int = 1) -> None:
        """Count something with these values of the labels."""
        with self._lock:
            self._sums[values] = self._sums.get(values, 0) + by

    def family(self) -> CounterMetricFamily:
        """As of now."""
        family = CounterMetricFamily(self._name, self._text, labels=self._labels)
        with self._lock:
            sums = dict(self._sums)
        for values, total in sums.items():
            family.add_metric(values, total)
        return family


class Spread:
    """How measured values are spread over buckets. Safe to use from many threads."""

    def __init__(self, name: str, text: str, bounds: tuple[float, ...], *labels: str) -> None:
        """A bucket holds what is greater than the bound before it and not greater than its own."""
        self._name, self._text, self._labels = name, text, labels
        self._bounds: Final = bounds
        self._lock = threading.Lock()
        #: For each bucket the number of values, and their sum in the last place.
        self._buckets: dict[tuple[str, ...], list[float]] = {}

    def add(self, value: float, *values: str) -> None:
        """Count one value, with these values of the labels."""
        self.add_all((value,), *values)

    def add_all(self, measured: Iterable[float], *values: str) -> None:
        """Count many at once."""
        bounds = self._bounds
        with self._lock:
            buckets = self._buckets.get(values)
            if buckets is None:
                buckets = self._buckets[values] = [0.0] * (len(bounds) + 2)
            for value in measured:
                buckets[bisect_left(bounds, value)] += 1
                buckets[-1] += value

    def family(self) -> HistogramMetricFamily:
        """As of now."""
        family = HistogramMetricFamily(self._name, self._text, labels=self._labels)
        ends = [*map(floatToGoString, self._bounds), "+Inf"]
        with self._lock:
            counted = {values: tuple(buckets) for values, buckets in self._buckets.items()}
        for values, (*buckets, total) in counted.items():
            family.add_metric(values, list(zip(ends, accumulate(buckets), strict=True)), total)
        return family


def gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    """One value that goes up and down."""
    return GaugeMetricFamily(name, text, value=value)


def gauges(
    name: str, text: str, labels: tuple[str, ...], values: Iterable[tuple[tuple[str, ...], float]]
) -> GaugeMetricFamily:
    """Several of them, by the values of their labels."""
    family = GaugeMetricFamily(name, text, labels=labels)
    for key, value in values:
        family.add_metric(key, value)
    return family
