"""How many of the points that are outstanding will be redeemed: an estimate, its error, and what it rests on.

Breakage is never a profit by default. Where there is too little development, all points are expected to be redeemed.
Where there is enough, the books use the estimate plus its standard error, so that a later reversal of what was
recognised is improbable (IFRS 15.B46, 56-58).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from settlement.books.ladder import PPM, Ladder, chain_ladders
from settlement.books.months import month_text
from settlement.books.triangles import Development, History, Life

#: Estimates that are kept, for they never change: they follow from a part of the journal that has passed.
KEPT_MAX: Final = 20_000


@dataclass(frozen=True, slots=True)
class Estimate:
    """What part of the points of one life ends up redeemed or donated. Rates are parts per million."""

    issuer: str
    #: Months from issue to expiry.
    life_months: int
    #: The last whole month that it takes into account, `2017-03`.
    as_of_month: str
    #: Cohorts in the triangle; 0 when there is too little development.
    cohorts: int
    #: The chain ladder's rate, and Mack's standard error of it.
    rate_ppm: int
    std_error_ppm: int
    #: What the books use: rate plus standard error, at most all.
    used_ppm: int
    #: By age in months: the part of all uses that is over by then. Empty when there is too little development.
    developed_ppm: tuple[int, ...]
    #: Why all points are expected to be redeemed; empty when the rate was estimated.
    reason: str

    def remaining(self, entered: int, outstanding: int, age_months: int) -> int:
        """Of a cohort's outstanding points, those that are still expected to be used.

        Of the points that entered, the rate times what is left of the development (Bornhuetter-Ferguson), so that a
        cohort that begins slowly is not written off for it. Rounded up.
        """
        if self.reason:
            return outstanding
        developed = self.developed_ppm[min(age_months, len(self.developed_ppm) - 1)] if age_months >= 0 else 0
        expected = -(-max(0, entered) * self.used_ppm * (PPM - developed) // PPM**2)
        return min(outstanding, expected)


class Estimator:
    """Estimates by life and month, computed once. Safe to share between threads."""

    def __init__(self) -> None:
        self._kept: dict[tuple[Life, int], Estimate] = {}

    def estimates(self, histories: Iterable[History], month: int) -> Mapping[Life, Estimate]:
        """The estimate of every life at the end of `month`. The first one loads a library, for a second or two."""
        found: dict[Life, Estimate] = {}
        wanted: list[tuple[Life, Development]] = []
        for history in histories:
            for life, development in history.developments(month).items():
                kept = self._kept.get((life, development.month))
                if development.reason:
                    found[life] = _everything(life, development.month, development.reason)
                elif kept is not None:
                    found[life] = kept
                else:
                    wanted.append((life, development))
        ladders = chain_ladders([development.triangle for _, development in wanted]) if wanted else ()
        if len(self._kept) + len(wanted) > KEPT_MAX:
            self._kept = {}
        for (life, development), ladder in zip(wanted, ladders, strict=True):
            found[life] = self._kept[life, development.month] = _estimate(life, development, ladder)
        return found


def _everything(life: Life, month: int, reason: str) -> Estimate:
    return Estimate(life.issuer, life.months, month_text(month), 0, PPM, 0, PPM, (), reason)


def _estimate(life: Life, development: Development, ladder: Ladder) -> Estimate:
    entered = development.entered
    rate = -(-sum(ladder.ultimates) * PPM // entered)
    error = -(-ladder.total_std_error * PPM // entered)
    return Estimate(
        issuer=life.issuer,
        life_months=life.months,
        as_of_month=month_text(development.month),
        cohorts=len(development.triangle),
        rate_ppm=min(PPM, rate),
        std_error_ppm=min(PPM, error),
        used_ppm=min(PPM, rate + error),
        developed_ppm=(0,) * development.first_age + ladder.developed_ppm,
        reason="",
    )
