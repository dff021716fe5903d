"""One run: how large its measurements are, where it keeps things, and what rows have in common."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.building import copy_town
from benchmarks.life import Action, Habits, Life
from benchmarks.town import Size, Town

#: Where most is measured.
SMALL: Final = Size(10_000)
ENVELOPE: Final = 500


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured."""

    name: str
    #: How often figure and ceiling are measured in turn.
    rounds: int
    #: Envelopes of one measurement.
    envelopes: int
    #: Calls of one measurement.
    calls: int
    #: The town with many holders.
    crowd: Size
    #: The town with a long journal, and one with the same holders and a short one.
    long: Size
    short: Size
    #: How long the hub's memory is watched under load.
    load_s: float
    #: Rows of a party's records that are reconciled.
    records: int


def _journal(entries: int) -> Size:
    """The holders of a long journal have lots of every partner."""
    return Size(10_000, 10, entries)


QUICK: Final = Scale(
    "quick", 2, 16, 1_500, Size(50_000, 10), _journal(300_000), _journal(0), load_s=20, records=100_000
)
NORMAL: Final = Scale(
    "normal", 3, 40, 4_000, Size(200_000, 10), _journal(1_000_000), _journal(0), load_s=60, records=1_000_000
)
LARGE: Final = Scale(
    "large", 5, 60, 8_000, Size(1_000_000, 10), _journal(5_000_000), _journal(0), load_s=600, records=5_000_000
)


@dataclass
class Run:
    """Towns are copied into `work` and left there until the run ends; `cache` outlasts it."""

    scale: Scale
    cache: Path
    work: Path
    #: Towns by what they are for: a later row may look at the journal that an earlier one wrote.
    towns: dict[str, Town] = field(default_factory=dict)

    def town(self, name: str, size: Size = SMALL) -> Town:
        """A fresh town."""
        place = self.work / name
        shutil.rmtree(place, ignore_errors=True)
        self.towns[name] = copy_town(self.cache, size, place)
        return self.towns[name]

    def earlier(self, name: str, size: Size) -> Town:
        """The town that an earlier row has used, or else a fresh one: large ones take long to copy."""
        return self.towns.get(name) or self.town(name, size)


def draw(life: Life, envelopes: int, size: int = ENVELOPE) -> list[list[Action]]:
    """The next envelopes' transactions."""
    return [life.envelope(size) for _ in range(envelopes)]


def in_turn(rounds: int, *measures: Callable[[], float]) -> list[float]:
    """The medians of measurements that are made in turn, A B A B, so that a noisy neighbour disturbs all alike."""
    found: list[list[float]] = [[] for _ in measures]
    for _ in range(rounds):
        for values, measure in zip(found, measures, strict=True):
            values.append(measure())
    return [statistics.median(values) for values in found]


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which that share of all lies."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def of_one(author: str) -> Habits:
    """Everything by one author: a client is one party's."""
    return Habits(authors=(author,))
