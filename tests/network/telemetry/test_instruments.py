"""What is counted arrives as Prometheus wants it."""

from __future__ import annotations

import threading

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from network.telemetry.instruments import Counts, Spread
from tests.scraping import Scraped


class Alone(Collector):
    """One instrument, to be shown by itself."""

    def __init__(self, instrument: Counts | Spread) -> None:
        self._instrument = instrument

    def collect(self) -> list[Metric]:
        return [self._instrument.family()]


def shown(instrument: Counts | Spread) -> Scraped:
    """What Prometheus would read of it."""
    registry = CollectorRegistry()
    registry.register(Alone(instrument))
    return Scraped(generate_latest(registry).decode())


def test_bucket_holds_what_is_not_greater_than_its_bound() -> None:
    """Buckets count up to and with their bounds, each those below it too; what is beyond all is in the last."""
    spread = Spread("sizes", "Sizes.", (1.0, 10.0), "of")
    spread.add_all([1.0, 1.5, 10.0, 11.0], "batches")
    seen = shown(spread)
    assert [seen.value("sizes_bucket", of="batches", le=end) for end in ("1.0", "10.0", "+Inf")] == [1.0, 3.0, 4.0]
    assert (seen.value("sizes_count", of="batches"), seen.value("sizes_sum", of="batches")) == (4.0, 23.5)


def test_sums_are_kept_by_their_labels() -> None:
    """Each combination of values has its own sum, and those that are known are 0 before anything happens."""
    counts = Counts("things", "Things.", "kind", "outcome", known=[("issue", "failed")])
    counts.add("issue", "accepted", by=3)
    counts.add("issue", "rejected")
    counts.add("issue", "accepted")
    seen = shown(counts)
    assert seen.value("things_total", kind="issue", outcome="accepted") == 4.0
    assert seen.value("things_total", kind="issue", outcome="rejected") == 1.0
    assert seen.labels("things_total", "outcome") == {"accepted", "rejected", "failed"}


def test_nothing_is_lost_between_threads() -> None:
    """Threads that add at the same time lose nothing."""
    counts, spread = Counts("adds", "Adds."), Spread("values", "Values.", (1.0,))

    def add() -> None:
        for _ in range(2_000):
            counts.add()
            spread.add(0.5)

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shown(counts).value("adds_total") == 8_000.0
    assert shown(spread).value("values_count") == 8_000.0
