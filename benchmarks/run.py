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

    #: How often figure and ceiling are measured in turn.
    rounds: int
    #: Envelopes of one measurement.
    envelopes: int
    #: Calls of one measurement.
    calls: int


QUICK: Final = Scale(rounds=2, envelopes=16, calls=1_500)
NORMAL: Final = Scale(rounds=3, envelopes=40, calls=4_000)
LARGE: Final = Scale(rounds=5, envelopes=60, calls=8_000)


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
