"""Reads what a process tells Prometheus, as Prometheus does."""

from __future__ import annotations

from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from network.config import Limits
from network.telemetry.metrics import Metrics
from network.telemetry.readings import About


class Scraped:
    """The samples of one answer."""

    def __init__(self, text: str) -> None:
        self.families = {family.name: family for family in text_string_to_metric_families(text)}
        self._samples = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in self.families.values()
            for sample in family.samples
        }

    @property
    def names(self) -> set[str]:
        """Of all samples, as expressions name them."""
        return {name for name, _ in self._samples}

    def value(self, name: str, **labels: str) -> float:
        """The sample with exactly these labels; 0 where there is none."""
        return self._samples.get((name, frozenset(labels.items())), 0.0)

    def labels(self, name: str, label: str) -> set[str]:
        """The values that a label has."""
        return {dict(labels)[label] for sample, labels in self._samples if sample == name}


def scrape(address: str | None) -> Scraped:
    """What the process at an address answers now."""
    assert address is not None, "it was started with an address for metrics"
    with urlopen(f"http://{address}/metrics", timeout=10) as answer:
        return Scraped(answer.read().decode())


def unread_metrics() -> Metrics:
    """For parts that count, where nobody asks."""
    return Metrics(About(version="0", network_id="points.example", certificate_ends_s=0.0, limits=Limits()))
