"""The books of one issuer: its points window by window, what they are worth, and what is deferred for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, Protocol

from coalition.calendar import end_of_month
from settlement.books.cohorts import Cohort, PointsFlow, Tally, by_issuer, origins
from settlement.books.estimates import Estimate, Estimator
from settlement.books.months import last_whole_month, month_number
from settlement.books.points import PointsMovement, count, movements
from settlement.books.revenue import Account, Deferral, allocated, selling_price, together
from settlement.books.triangles import History, Life
from settlement.clearing.movements import MovementKind


class ClosedWindow(NamedTuple):
    """A window, and the day on which it was closed: the books are as of the end of it."""

    number: int
    day: str
    #: The entry that closed it: terms that were published later do not count.
    last_sequence: int


class Value(Protocol):
    """What a point of an issuer is worth on a day, as of an entry, in micro-units."""

    def __call__(self, issuer: str, day: str, sequence: int) -> int: ...


@dataclass(frozen=True, slots=True)
class CohortBooks:
    """One cohort at the end of the last window."""

    cohort: Cohort
    #: The month in which its points first came about, and how many months ago that is.
    origin: str
    age_months: int
    #: Points issued, given and received, less what was taken back.
    entered_points: int
    #: Less redemptions that were reversed.
    redeemed_points: int
    donated_points: int
    expired_points: int
    outstanding_points: int
    #: Of those outstanding, how many are expected to be redeemed or donated.
    expected_points: int
    #: Outstanding points at their value on the last day.
    value_micros: int
    expected_value_micros: int
    #: Everything since the cohort began; its closing is what is deferred.
    deferral: Deferral


@dataclass(frozen=True, slots=True)
class WindowMovement:
    """What happened to an issuer's liability in one window, in points and in deferred revenue."""

    points: PointsMovement
    deferral: Deferral


@dataclass(frozen=True, slots=True)
class IssuerBooks:
    """Everything about one issuer, as of the last of the windows."""

    issuer: str
    #: What one point is worth on the last day.
    value_micros: int
    #: By window, from the first on.
    movements: tuple[WindowMovement, ...]
    #: By expiry; the one that never expires is the last.
    cohorts: tuple[CohortBooks, ...]
    #: By months of life, as of the last window.
    estimates: tuple[Estimate, ...]
    #: How each cohort's deferral moved in each window, where it did.
    deferrals: Mapping[int, Mapping[Cohort, Deferral]]

    @property
    def outstanding_points(self) -> int:
        """Points of all cohorts."""
        return sum(cohort.outstanding_points for cohort in self.cohorts)

    @property
    def deferred_micros(self) -> int:
        """Deferred revenue of all cohorts."""
        return sum(cohort.deferral.closing_micros for cohort in self.cohorts)


def keep_books(
    flows: Iterable[PointsFlow],
    windows: Sequence[ClosedWindow],
    value: Value,
    micros_per_minor: int,
    estimator: Estimator,
) -> tuple[IssuerBooks, ...]:
    """The books of every issuer with flows in `windows`, which are all up to the one that the books are as of.

    Flows of later windows count for nothing.
    """
    last = windows[-1].number
    issuers = by_issuer(flow for flow in flows if flow.window <= last)
    histories = [History(issuer, found) for issuer, found in issuers.items()]
    months = [last_whole_month(window.day) for window in windows]
    estimates = {month: estimator.estimates(histories, month) for month in sorted(set(months))}
    return tuple(
        _Keeper(history, found, value, micros_per_minor).keep(windows, [estimates[month] for month in months])
        for history, found in zip(histories, issuers.values(), strict=True)
    )


class _Keeper:
    """Goes through the windows of one issuer."""

    def __init__(self, history: History, flows: Sequence[PointsFlow], value: Value, micros_per_minor: int) -> None:
        self._history: Final = history
        self._flows: Final = flows
        self._value: Final = value
        self._micros_per_minor: Final = micros_per_minor
        self._origins: Final = origins(flows)
        self._tallies: dict[Cohort, Tally] = {}
        self._accounts: dict[Cohort, Account] = {}

    def keep(self, windows: Sequence[ClosedWindow], estimates: Sequence[Mapping[Life, Estimate]]) -> IssuerBooks:
        """The books after the last window."""
        issuer = self._history.issuer
        of_window: dict[int, list[PointsFlow]] = {}
        for flow in self._flows:
            of_window.setdefault(flow.window, []).append(flow)
        deferrals = {
            window.number: self._close(window, of_window.get(window.number, ()), found)
            for window, found in zip(windows, estimates, strict=True)
        }
        opening, moved = 0, []
        for points in movements(issuer, self._flows, (window.number for window in windows)):
            deferral = together(*deferrals[points.window].values(), opening_micros=opening)
            opening = deferral.closing_micros
            moved.append(WindowMovement(points, deferral))
        day = windows[-1].day
        value = self._value(issuer, day, windows[-1].last_sequence)
        return IssuerBooks(
            issuer=issuer,
            value_micros=value,
            movements=tuple(moved),
            cohorts=tuple(self._cohort(cohort, day, value, estimates[-1]) for cohort in sorted(self._tallies)),
            estimates=tuple(found for life, found in sorted(estimates[-1].items()) if life.issuer == issuer),
            deferrals=deferrals,
        )

    def _close(
        self, window: ClosedWindow, flows: Iterable[PointsFlow], estimates: Mapping[Life, Estimate]
    ) -> dict[Cohort, Deferral]:
        before = {cohort: replace(tally) for cohort, tally in self._tallies.items()}
        sold: dict[Cohort, int] = {}
        granted: dict[Cohort, int] = {}
        for flow in flows:
            count(self._tallies, flow)
            cohort = Cohort(flow.issuer, flow.expires_on)
            if flow.kind in (MovementKind.ISSUE, MovementKind.POINTS_GIVEN):
                day = min(window.day, end_of_month(f"{flow.month}-01", 0))
                value = self._value(flow.issuer, day, window.last_sequence)
                estimate = self._estimate(cohort, estimates)
                purchase = flow.purchase_minor * self._micros_per_minor
                of_sales = allocated(purchase, selling_price(flow.sold_points, value, estimate))
                sold[cohort] = sold.get(cohort, 0) + of_sales
                given = selling_price(flow.points - flow.sold_points, value, estimate)
                granted[cohort] = granted.get(cohort, 0) + given
        moved: dict[Cohort, Deferral] = {}
        received = 0
        # The cohort that never expires comes last, after those out of which donations come into it.
        for cohort in sorted(self._tallies):
            after = self._tallies[cohort]
            deferral = self._accounts.setdefault(cohort, Account()).close(
                before.get(cohort, Tally()),
                after,
                self._remaining(cohort, after, window.day, estimates),
                sold.get(cohort, 0),
                granted.get(cohort, 0),
                0 if cohort.expires else received,
            )
            received += deferral.donated_micros
            if deferral != Deferral(opening_micros=deferral.opening_micros):
                moved[cohort] = deferral
        return moved

    def _estimate(self, cohort: Cohort, estimates: Mapping[Life, Estimate]) -> Estimate | None:
        return estimates.get(self._history.life(cohort)) if cohort.expires else None

    def _remaining(self, cohort: Cohort, tally: Tally, day: str, estimates: Mapping[Life, Estimate]) -> int:
        """Outstanding points that are expected to be used still."""
        outstanding = max(0, tally.outstanding)
        if day > cohort.expires_on:
            return 0
        estimate = self._estimate(cohort, estimates)
        if estimate is None:
            return outstanding
        age = last_whole_month(day) - month_number(self._origins[cohort])
        return estimate.remaining(tally.entered, outstanding, age)

    def _cohort(self, cohort: Cohort, day: str, value: int, estimates: Mapping[Life, Estimate]) -> CohortBooks:
        tally = self._tallies[cohort]
        expected = self._remaining(cohort, tally, day, estimates)
        return CohortBooks(
            cohort=cohort,
            origin=self._origins[cohort],
            age_months=month_number(day) - month_number(self._origins[cohort]),
            entered_points=tally.entered,
            redeemed_points=tally.redeemed - tally.redeem_reversed,
            donated_points=tally.donated,
            expired_points=tally.expired,
            outstanding_points=tally.outstanding,
            expected_points=expected,
            value_micros=tally.outstanding * value,
            expected_value_micros=expected * value,
            deferral=self._accounts[cohort].total,
        )
