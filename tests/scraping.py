"""Reads what a process tells Prometheus, as Prometheus does."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

WAIT_S = 10.0


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

    def label_names(self) -> dict[str, frozenset[str]]:
        """Of each sample's name, the labels that it has."""
        names: dict[str, frozenset[str]] = {}
        for name, labels in self._samples:
            names[name] = names.get(name, frozenset()) | {label for label, _ in labels}
        return names

    def value(self, name: str, **labels: str) -> float:
        """The sample with exactly these labels; 0 where there is none."""
        return self._samples.get((name, frozenset(labels.items())), 0.0)

    def labels(self, name: str, label: str) -> set[str]:
        """The values that a label has."""
        return {dict(labels)[label] for sample, labels in self._samples if sample == name}


class Watched(Protocol):
    """A process with an address for metrics."""

    @property
    def metrics_address(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Process:
    """One of which nothing else is known."""

    metrics_address: str | None


def seen(process: Watched) -> Scraped:
    """What the process answers now."""
    with urlopen(f"http://{process.metrics_address}/metrics", timeout=10) as answer:
        return Scraped(answer.read().decode())


def eventually(process: Watched, holds: Callable[[Scraped], bool]) -> Scraped:
    """What the process answers once something holds."""
    deadline = time.monotonic() + WAIT_S
    while not holds(now := seen(process)):
        assert time.monotonic() < deadline, sorted(now.names)
        time.sleep(0.02)
    return now
