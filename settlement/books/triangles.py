"""From flows to triangles: points used, by the month in which they came about and the age at which they were used."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

from settlement.books.cohorts import Cohort, PointsFlow, Tally, origins
from settlement.books.ladder import Triangle
from settlement.books.months import month_number
from settlement.books.points import count

#: So many cohorts must have run their whole life. What was never seen to expire is expected to be redeemed, and with
#: three the deviation of every factor is measured, none guessed (IFRS 15.57(c): limited experience).
COMPLETE_MIN: Final = 3


class Life(NamedTuple):
    """Cohorts of one issuer that live equally long: they are measured against each other."""

    issuer: str
    #: Months from the one in which points are issued to the one in which they expire.
    months: int


@dataclass(frozen=True, slots=True)
class Development:
    """How the cohorts of one life have been used up to the end of a month."""

    #: The last month that counts.
    month: int
    #: Fit for a chain ladder; empty when `reason` says why there is too little.
    triangle: Triangle
    #: The age of the triangle's first column.
    first_age: int
    #: Points that entered the triangle's cohorts.
    entered: int
    reason: str


class History:
    """The cohorts of one issuer, month by month."""

    def __init__(self, issuer: str, flows: Sequence[PointsFlow]) -> None:
        """`flows` are all of the issuer's, or those up to some window."""
        self.issuer: Final = issuer
        self._origins = {cohort: month_number(month) for cohort, month in origins(flows).items() if cohort.expires}
        self._flows: defaultdict[Cohort, defaultdict[int, list[PointsFlow]]] = defaultdict(lambda: defaultdict(list))
        for flow in flows:
            self._flows[Cohort(issuer, flow.expires_on)][month_number(flow.month)].append(flow)

    def life(self, cohort: Cohort) -> Life:
        """The life of a cohort that expires."""
        return Life(self.issuer, max(0, month_number(cohort.expires_on) - self._origins[cohort]))

    def developments(self, month: int) -> Mapping[Life, Development]:
        """What can be said at the end of `month` about each life."""
        lives: defaultdict[Life, list[Cohort]] = defaultdict(list)
        for cohort, _ in sorted(self._origins.items(), key=lambda item: (item[1], item[0])):
            lives[self.life(cohort)].append(cohort)
        return {life: self._development(life, cohorts, month) for life, cohorts in sorted(lives.items())}

    def _development(self, life: Life, cohorts: Sequence[Cohort], month: int) -> Development:
        # In a month without new points a triangle has a gap. Until its neighbours have run their life, what was there
        # before the gap is the best there is.
        for at in range(month, month - life.months - 1, -1):
            found = self._without_gap(life, [cohort for cohort in cohorts if self._origins[cohort] <= at], at)
            if found is not None:
                return found
        return _too_little(month, "there are months without new points between its cohorts")

    def _without_gap(self, life: Life, cohorts: Sequence[Cohort], month: int) -> Development | None:
        rows, entered = [], []
        ages, unused = life.months + 1, 0
        for cohort in cohorts:
            row, points = self._row(cohort, life, month)
            if points <= 0:
                continue
            if len(row) == ages and row[-1] <= 0:
                # No factor leads from nothing to anything. Without it the others' rate is higher: the careful side.
                unused += 1
                continue
            rows.append(row)
            entered.append(points)
        # A factor from nothing to something is no number: the first age is one at which all cohorts had been used.
        first = max((age + 1 for row in rows for age, used in enumerate(row) if used <= 0), default=0)
        places = [place for place, row in enumerate(rows) if len(row) > first]
        complete = sum(len(rows[place]) == ages for place in places)
        if complete < COMPLETE_MIN:
            left_out = f", {unused} without any use" if unused else ""
            return _too_little(
                month, f"{complete} of {COMPLETE_MIN} cohorts have run their whole life in use{left_out}"
            )
        if ages - first < 2:
            return _too_little(month, "there are no two ages at which all of its cohorts had been used")
        triangle = tuple(tuple(rows[place][first:]) for place in places)
        if len(triangle[-1]) > 1 or any(len(row) - len(after) > 1 for row, after in pairwise(triangle)):
            return None
        return Development(month, triangle, first, sum(entered[place] for place in places), "")

    def _row(self, cohort: Cohort, life: Life, month: int) -> tuple[list[int], int]:
        """Points used up to each age that the cohort has seen, and points that had entered by the end of `month`."""
        origin = self._origins[cohort]
        tallies: dict[Cohort, Tally] = {cohort: Tally()}
        row = [0] * (min(life.months, month - origin) + 1)
        for at in range(origin, month + 1):
            for flow in self._flows[cohort].get(at, ()):
                count(tallies, flow)
            # Points may be given back, or captured from a hold, after the expiry: that counts at the last age.
            row[min(at - origin, len(row) - 1)] = tallies[cohort].used
        return row, tallies[cohort].entered


def _too_little(month: int, reason: str) -> Development:
    return Development(month, (), 0, 0, reason)
