"""The whole run as a plan: everything that will happen, in order, before anything does.

A plan follows from the data, the seed and the length of a slice, and from nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from coalition_demo import giving, housekeeping, spending
from coalition_demo.actions import Action, Batch, CloseWindow, Sweep
from coalition_demo.data import FIRST_DAY, Journey
from coalition_demo.dice import Dice
from coalition_demo.shopping import Tills
from coalition_demo.timeline import Shopper, days, moment, shoppers, slices

#: How long tills gather purchases unless told otherwise: four times a day they send what they have.
SLICE_HOURS: Final = 6


@dataclass(frozen=True, slots=True)
class Plan:
    """What will happen, and when it begins and ends. Times in microseconds since the Unix epoch."""

    seed: int
    starts_us: int
    #: In the order in which they are done.
    actions: tuple[Action, ...]
    #: Every household, by number.
    households: tuple[Shopper, ...]
    #: Goods that came back to a business that had given the household no points, so that none are taken back.
    returns_without_points: int

    def counts(self) -> Counter[str]:
        """How many of each there are: transactions of tills by their class, other actions by theirs."""
        counts: Counter[str] = Counter()
        for action in self.actions:
            for item in action.transactions if isinstance(action, Batch) else (action,):
                counts[type(item).__name__] += 1
        return counts


def plan(journey: Journey, seed: int, slice_hours: int = SLICE_HOURS) -> Plan:
    """Plan a run. `slice_hours` is how long a till gathers purchases before it sends them: a divisor of 24."""
    assert slice_hours > 0, "a slice has a length"
    assert 24 % slice_hours == 0, "a slice lies within one day"
    dice = Dice(seed)
    parts = slices(journey, slice_hours)
    households = shoppers(parts)
    calendar = tuple(days(journey))
    tills = Tills(dice, households)
    # Later ranks come later within the same microsecond.
    ranked: list[tuple[int, int, Action]] = []

    def add(rank: int, actions: Iterable[Action]) -> None:
        ranked.extend((action.at_us, rank, action) for action in actions)

    add(0, housekeeping.mornings(calendar, dice))
    for part in parts:
        add(1, tills.enrolments(part))
        add(2, tills.purchases(part))
    for online in (
        housekeeping.operator(households, dice),
        housekeeping.members(households, dice),
        housekeeping.packs(calendar, dice),
        giving.pledges(journey, households, dice),
        giving.spent_by_schools(calendar, dice),
        giving.donations(journey, households, dice),
        spending.redemptions(journey, households, dice),
        spending.at_the_pump(journey, households, dice),
        spending.transfers(calendar, households, dice),
    ):
        add(3, online)
    ranked.sort(key=lambda item: item[:2])
    return Plan(
        seed=seed,
        starts_us=moment(FIRST_DAY),
        actions=tuple(_until_the_end(action for _, _, action in ranked)),
        households=tuple(households.values()),
        returns_without_points=tills.returns_without_points,
    )


def _until_the_end(actions: Iterator[Action]) -> Iterator[Action]:
    """Up to the closing of the last window; what would come later (a refund tomorrow) is left out."""
    waiting: list[Action] = []
    for action in actions:
        waiting.append(action)
        if isinstance(action, CloseWindow):
            yield from waiting
            waiting.clear()
    assert not any(isinstance(action, Sweep) for action in waiting), "the last morning closes the last window"
