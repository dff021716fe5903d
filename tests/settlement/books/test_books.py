"""The books of an issuer: what moved adds up to what is there, in points and in money, whichever way it is cut."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings

from coalition.calendar import NEVER
from settlement.books.books import ClosedWindow, IssuerBooks, keep_books
from settlement.books.cohorts import Cohort, PointsFlow
from settlement.books.estimates import Estimator
from settlement.books.revenue import Deferral
from settlement.clearing.movements import MovementKind
from tests.settlement.books.made_up import MICROS_PER_MINOR, businesses, last_day, monthly, outstanding, value_of

FEW = settings(max_examples=12, deadline=None)
ISSUE, REDEEM, DONATE = MovementKind.ISSUE, MovementKind.REDEEM, MovementKind.DONATE


def keep(flows: list[PointsFlow], windows: list[ClosedWindow]) -> dict[str, IssuerBooks]:
    """The books of every issuer."""
    books = keep_books(flows, windows, value_of, MICROS_PER_MINOR, Estimator())
    return {found.issuer: found for found in books}


def one(flows: list[PointsFlow], windows: list[ClosedWindow], value_micros: int = 10_000) -> IssuerBooks:
    """The books of the only issuer, whose points are always worth the same."""
    (books,) = keep_books(flows, windows, lambda *_: value_micros, MICROS_PER_MINOR, Estimator())
    return books


@FEW
@given(businesses())
def test_movement_adds_up_to_what_is_outstanding(flows: list[PointsFlow]) -> None:
    """Window by window, opening and all that moved come to the points in lots, and the next one begins there."""
    windows = monthly(8)
    for issuer, books in keep(flows, windows).items():
        opening = 0
        for window, moved in zip(windows, books.movements, strict=True):
            points = moved.points
            assert (points.window, points.opening) == (window.number, opening)
            came = points.issued + points.redeem_reversed + points.given
            went = points.issue_reversed + points.redeemed + points.expired + points.taken
            assert points.closing == opening + came - went
            assert points.closing == sum(outstanding(flows, issuer, window.number).values())
            opening = points.closing
        assert books.outstanding_points == opening


@FEW
@given(businesses())
def test_liability_by_age_is_liability_by_expiry(flows: list[PointsFlow]) -> None:
    """Each cohort holds exactly what expires then, so every way to group cohorts comes to all that is outstanding."""
    for issuer, books in keep(flows, monthly(8)).items():
        by_expiry = {found.cohort.expires_on: found.outstanding_points for found in books.cohorts}
        assert {day: points for day, points in by_expiry.items() if points} == outstanding(flows, issuer, 8)
        by_age: Counter[int] = Counter()
        for found in books.cohorts:
            by_age[found.age_months] += found.outstanding_points
            assert 0 <= found.age_months <= 8
            assert 0 <= found.expected_points <= found.outstanding_points
            assert found.value_micros == found.outstanding_points * books.value_micros
        assert by_age.total() == books.outstanding_points == books.movements[-1].points.closing


@FEW
@given(businesses())
def test_deferred_revenue_reconciles(flows: list[PointsFlow]) -> None:
    """What was deferred is recognised, broken, given back or still there: for each cohort, window and issuer."""
    for books in keep(flows, monthly(8)).values():
        opening = 0
        for moved in books.movements:
            assert moved.deferral.opening_micros == opening
            assert moved.deferral.received_micros == moved.deferral.donated_micros
            opening = moved.deferral.closing_micros
        assert books.deferred_micros == opening
        for found in books.cohorts:
            total = found.deferral
            of_windows = [moved[found.cohort] for moved in books.deferrals.values() if found.cohort in moved]
            for name in Deferral.__slots__[1:]:
                assert getattr(total, name) == sum(getattr(part, name) for part in of_windows)
            assert total.closing_micros >= 0
            assert total.closing_micros == 0 or found.outstanding_points
            if not found.expected_points:
                assert total.closing_micros == 0


@FEW
@given(businesses())
def test_without_an_estimate_breakage_comes_with_the_expiry_only(flows: list[PointsFlow]) -> None:
    """Where all points are expected to be redeemed, nothing is recognised for those that might not be, until they are
    past their date."""
    for books in keep(flows, monthly(8)).values():
        if any(not estimate.reason for estimate in books.estimates):
            continue
        for found in books.cohorts:
            assert found.cohort.expires_on < last_day(7) or found.expected_points == found.outstanding_points
            if found.cohort.expires_on >= last_day(7):
                # What rounding left over of donations is the most that it can come to.
                assert abs(found.deferral.breakage_micros) <= len(flows) or found.expired_points


@FEW
@given(businesses(months=5))
def test_past_is_not_written_anew(flows: list[PointsFlow]) -> None:
    """The books as of an earlier window are the beginning of the books as of a later one."""
    later, earlier = keep(flows, monthly(5)), keep(flows, monthly(3))
    for issuer, books in earlier.items():
        assert later[issuer].movements[:3] == books.movements
        assert {number: later[issuer].deferrals[number] for number in (1, 2, 3)} == books.deferrals


def test_price_of_a_sale_is_shared_with_its_points() -> None:
    """For 100.00 and 1,000 points worth 0.01 each, 100 x 10 / (100 + 10) = 9.090909 are deferred, rounded down."""
    books = one([PointsFlow(1, "2017-01", ISSUE, "grocer", "2018-01-31", 1_000, 10_000, 1_000)], monthly(1))
    assert books.movements[0].deferral == Deferral(sold_micros=9_090_909)
    assert books.deferred_micros == 9_090_909


def test_points_without_a_sale_are_deferred_at_what_they_would_sell_for() -> None:
    """Points given by way of welcome, or by the operator's correction, are deferred at their full value."""
    books = one(
        [
            PointsFlow(1, "2017-01", ISSUE, "grocer", "2018-01-31", 1_000),
            PointsFlow(1, "2017-01", MovementKind.POINTS_GIVEN, "grocer", "2018-01-31", 500),
        ],
        monthly(1),
    )
    assert books.movements[0].deferral == Deferral(granted_micros=15_000_000)


def test_one_sale_does_not_make_sales_of_the_points_given_beside_it() -> None:
    """10 points with a sale of 10.00 and 100,000 by way of welcome: 0.0990099 and 1,000.00 are deferred."""
    flow = PointsFlow(1, "2017-01", ISSUE, "grocer", "2018-01-31", 100_010, 1_000, 10)
    books = one([flow], monthly(1))
    assert books.movements[0].deferral == Deferral(sold_micros=99_009, granted_micros=1_000_000_000)


def test_redeemed_points_recognise_their_share() -> None:
    """Of 1,000 points, 250 redeemed recognise a quarter; of those taken back by a refund nothing stays recognised."""
    books = one(
        [
            PointsFlow(1, "2017-01", ISSUE, "grocer", "2018-01-31", 1_000),
            PointsFlow(2, "2017-02", REDEEM, "grocer", "2018-01-31", 250),
            PointsFlow(3, "2017-03", MovementKind.REDEEM_REVERSED, "grocer", "2018-01-31", 250),
        ],
        monthly(3),
    )
    assert [moved.deferral.recognised_micros for moved in books.movements] == [0, 2_500_000, -2_500_000]
    assert books.deferred_micros == 10_000_000


def test_reversed_sale_takes_its_part_back() -> None:
    """When half of the points are taken back, so is half of what was deferred for them."""
    books = one(
        [
            PointsFlow(1, "2017-01", ISSUE, "grocer", "2018-01-31", 1_000, 10_000, 1_000),
            PointsFlow(2, "2017-02", MovementKind.ISSUE_REVERSED, "grocer", "2018-01-31", 500),
        ],
        monthly(2),
    )
    assert books.movements[1].deferral == Deferral(opening_micros=9_090_909, cancelled_micros=4_545_454)


def test_donated_points_take_their_deferral_along() -> None:
    """They count as redeemed for certain, in the cohort that never expires; their own cohort forgets them."""
    books = one(
        [
            PointsFlow(1, "2017-01", ISSUE, "grocer", "2017-02-28", 1_000),
            PointsFlow(1, "2017-01", DONATE, "grocer", "2017-02-28", 400),
            PointsFlow(3, "2017-03", MovementKind.EXPIRE, "grocer", "2017-02-28", 600),
            PointsFlow(4, "2017-04", REDEEM, "grocer", NEVER, 100),
        ],
        monthly(4),
    )
    expiring, lifted = books.cohorts
    assert expiring.deferral == Deferral(granted_micros=10_000_000, donated_micros=4_000_000, breakage_micros=6_000_000)
    assert lifted.deferral == Deferral(received_micros=4_000_000, recognised_micros=1_000_000)
    assert (lifted.cohort, lifted.expected_points) == (Cohort("grocer", NEVER), 300)
    assert books.movements[2].deferral.breakage_micros == 6_000_000


def test_points_past_their_date_are_worth_nothing_before_they_are_swept() -> None:
    """They cannot be spent any more, so nothing stays deferred for them; they are listed until the hub sweeps them."""
    books = one([PointsFlow(1, "2017-01", ISSUE, "grocer", "2017-02-28", 1_000)], monthly(3))
    (cohort,) = books.cohorts
    assert (cohort.outstanding_points, cohort.expected_points) == (1_000, 0)
    assert [moved.deferral.breakage_micros for moved in books.movements] == [0, 0, 10_000_000]


def test_points_are_worth_what_the_price_was_when_they_were_issued() -> None:
    """A price that changes later changes what outstanding points are worth, not what was deferred for them."""
    flows = [PointsFlow(1, month, ISSUE, "grocer", "2018-03-31", 1_000) for month in ("2017-01", "2017-02", "2017-03")]
    prices = {"2017-01-31": 10_000, "2017-02-28": 20_000, "2017-03-15": 30_000}
    (books,) = keep_books(
        flows,
        [ClosedWindow(1, "2017-03-15", 9)],
        lambda issuer, day, sequence: prices[day],
        MICROS_PER_MINOR,
        Estimator(),
    )
    assert books.deferred_micros == 60_000_000
    assert books.cohorts[0].value_micros == 90_000_000


@pytest.mark.parametrize("window", [1, 2, 3])
def test_issuer_without_flows_yet_has_no_books(window: int) -> None:
    """Books begin with an issuer's first flow; later windows count for nothing."""
    flows = [PointsFlow(2, "2017-02", ISSUE, "grocer", "2018-01-31", 1)]
    assert len(keep(flows, monthly(window))) == (window > 1)
