"""Estimates: taken from what was seen to expire, to the careful side, and not at all from too little."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coalition.calendar import NEVER
from settlement.books import estimates
from settlement.books.books import IssuerBooks, keep_books
from settlement.books.cohorts import PointsFlow
from settlement.books.estimates import Estimate, Estimator
from settlement.books.ladder import PPM
from settlement.books.months import month_number
from settlement.books.triangles import COMPLETE_MIN, History, Life
from settlement.clearing.movements import MovementKind
from tests.settlement.books.made_up import MICROS_PER_MINOR, last_day, month, monthly

VALUE = 10_000


def programme(
    months: int, *, life: int = 2, seed: int = 1, points: int = 100_000, without: int = -1
) -> list[PointsFlow]:
    """A programme in which a part of every month's points is redeemed at each age, and the rest expires."""
    chance = random.Random(seed)
    flows = []
    for origin in range(months):
        if origin == without:
            continue
        expires_on, left = last_day(origin + life), points
        flows.append(
            PointsFlow(origin + 1, month(origin), MovementKind.ISSUE, "grocer", expires_on, points, 10**6, points)
        )
        for age in range(life + 1):
            at = origin + age
            used = left * chance.randint(20, 40) // 100
            kind = MovementKind.REDEEM if chance.random() < 0.8 else MovementKind.DONATE
            left -= used
            if at < months:
                flows.append(PointsFlow(at + 1, month(at), kind, "grocer", expires_on, used))
        if origin + life < months - 1:
            at = origin + life + 1
            flows.append(PointsFlow(at + 1, month(at), MovementKind.EXPIRE, "grocer", expires_on, left))
    return flows


def books_of(flows: list[PointsFlow], months: int, estimator: Estimator | None = None) -> IssuerBooks:
    """The books after so many months."""
    (books,) = keep_books(flows, monthly(months), lambda *_: VALUE, MICROS_PER_MINOR, estimator or Estimator())
    return books


def estimate_at(flows: list[PointsFlow], at: int, life: int = 2) -> Estimate:
    """What is estimated at the end of a month, the first being 0."""
    found = Estimator().estimates([History("grocer", flows)], month_number(month(at)))
    return found[Life("grocer", life)]


def test_too_little_development_expects_everything() -> None:
    """Until three cohorts have run their whole life, all points are expected to be redeemed, with a reason."""
    flows = programme(10)
    for at, complete in ((0, 0), (1, 0), (2, 1), (3, 2)):
        estimate = estimate_at(flows, at)
        assert (estimate.used_ppm, estimate.cohorts) == (PPM, 0)
        assert estimate.reason == f"{complete} of {COMPLETE_MIN} cohorts have run their whole life in use"
        assert estimate.remaining(100_000, 77_777, 0) == 77_777
    assert not estimate_at(flows, 4).reason


def test_degenerate_development_expects_everything() -> None:
    """Cohorts of which some were never used, or only when they expired, say nothing about others."""
    unused = [flow for flow in programme(10) if flow.kind == MovementKind.ISSUE]
    told = f"0 of {COMPLETE_MIN} cohorts have run their whole life in use, 8 without any use"
    assert estimate_at(unused, 9).reason == told
    late = [flow for flow in programme(10) if flow.kind == MovementKind.ISSUE or flow.month == flow.expires_on[:7]]
    assert estimate_at(late, 9).reason == "there are no two ages at which all of its cohorts had been used"


@pytest.mark.parametrize("pilot", [0, 4])
def test_cohort_that_nobody_used_is_left_out(pilot: int) -> None:
    """A small pilot of which nothing was used does not end all estimates."""
    flows = programme(12)
    piloted = [flow for flow in flows if flow.expires_on != last_day(pilot + 2)]
    sale = next(flow for flow in flows if flow.month == month(pilot) and flow.kind == MovementKind.ISSUE)
    piloted.append(sale._replace(points=10, sold_points=10))
    estimate = estimate_at(piloted, 11)
    assert (estimate.reason, estimate.cohorts) == ("", 11)


def test_month_without_points_keeps_the_last_estimate() -> None:
    """While a month without new points lies in the triangle, what was estimated before it holds."""
    flows = programme(12, without=8)
    assert estimate_at(flows, 8) == estimate_at(flows, 7)
    assert estimate_at(flows, 9) == estimate_at(flows, 7)
    assert estimate_at(flows, 10).as_of_month == month(10)
    stopped = [flow for flow in programme(12) if flow.expires_on <= last_day(8 + 2)]
    assert estimate_at(stopped, 9) == estimate_at(stopped, 8)
    assert estimate_at(stopped, 8).as_of_month == month(8)


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 4))
def test_estimate_is_near_what_happens_and_to_the_careful_side(seed: int, life: int) -> None:
    """The rate is that of chance, about 1 - 0.7 ** ages; the books use a higher one, by its standard error."""
    estimate = estimate_at(programme(14, life=life, seed=seed), 13, life)
    assert not estimate.reason
    assert abs(estimate.rate_ppm - PPM * (1 - 0.7 ** (life + 1))) < 60_000
    assert 0 < estimate.std_error_ppm < 60_000
    assert estimate.used_ppm == min(PPM, estimate.rate_ppm + estimate.std_error_ppm)
    assert list(estimate.developed_ppm) == sorted(estimate.developed_ppm)
    assert estimate.developed_ppm[-1] == PPM
    expected = [estimate.remaining(1_000, 1_000, age) for age in range(-1, life + 2)]
    assert expected == sorted(expected, reverse=True)
    assert expected[0] == -(-1_000 * estimate.used_ppm // PPM)
    assert expected[-1] == 0


@settings(max_examples=2, deadline=None)
@given(st.integers(0, 1000))
def test_breakage_is_recognised_with_redemptions_and_trued_up(seed: int) -> None:
    """With an estimate, breakage comes in proportion to use, the difference at once; in the end everything that was
    deferred for a cohort is recognised, and whatever was estimated on the way, that sum does not depend on it."""
    flows = programme(9, seed=seed)
    books = books_of(flows, 9)
    live = [found for found in books.cohorts if found.outstanding_points and found.cohort.expires]
    assert live
    for found in live:
        assert found.expected_points < found.outstanding_points
        assert (found.deferral.breakage_micros > 0) == (found.redeemed_points > 0)
    for found in books.cohorts:
        allocated = found.deferral.sold_micros + found.deferral.granted_micros + found.deferral.received_micros
        out = found.deferral.donated_micros + found.deferral.recognised_micros + found.deferral.breakage_micros
        assert allocated == out + found.deferral.closing_micros
        if not found.expected_points:
            assert out == allocated
    total = books.movements[-1]
    assert books.deferred_micros == total.deferral.closing_micros


def test_never_expiring_points_know_no_breakage() -> None:
    """Whatever others do, points that never expire are all expected to be redeemed."""
    books = books_of(programme(7), 7)
    lifted = books.cohorts[-1]
    assert lifted.cohort.expires_on == NEVER
    assert lifted.expected_points == lifted.outstanding_points > 0


def test_evening_after_a_closing_does_not_change_books_of_before() -> None:
    """What is used on a month's last day, after a window was closed on it, is of the next window: the books of the one
    that was closed do not know it, then or later, whoever asks first."""
    straddling = [
        flow._replace(window=flow.window + 1) if flow.kind == MovementKind.REDEEM and flow.month == month(7) else flow
        for flow in programme(10)
    ]
    estimator = Estimator()
    earlier = books_of(straddling, 8)
    later, again = books_of(straddling, 10, estimator), books_of(straddling, 8, estimator)
    assert not earlier.estimates[0].reason
    assert again == earlier
    assert later.movements[:8] == earlier.movements


def test_estimates_are_made_once() -> None:
    """Books that are asked for again use what was estimated before."""
    estimator = Estimator()
    first = books_of(programme(7), 7, estimator)
    again = books_of(programme(7), 7, estimator)
    assert first == again
    assert first.estimates[0] is again.estimates[0]


def test_memory_for_estimates_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """When it is full, it is emptied, and they are made anew."""
    monkeypatch.setattr(estimates, "KEPT_MAX", 2)
    estimator = Estimator()
    first = books_of(programme(7), 7, estimator)
    assert books_of(programme(7), 7, estimator) == first
    assert books_of(programme(7), 7) == first
