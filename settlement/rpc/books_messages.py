"""An issuer's books as messages."""

from __future__ import annotations

from dataclasses import asdict

from coalition.v1 import settlement_books_pb2 as pb
from settlement.books.books import CohortBooks, IssuerBooks, WindowMovement
from settlement.books.estimates import Estimate
from settlement.books.points import PointsMovement
from settlement.books.revenue import Deferral


def issuer_message(books: IssuerBooks) -> pb.IssuerBooks:
    """Everything about one issuer."""
    return pb.IssuerBooks(
        issuer=books.issuer,
        value_micros=books.value_micros,
        movements=map(_movement, books.movements),
        cohorts=map(_cohort, books.cohorts),
        estimates=map(_estimate, books.estimates),
    )


def _movement(moved: WindowMovement) -> pb.LiabilityMovement:
    return pb.LiabilityMovement(
        window=moved.points.window, points=_points(moved.points), deferral=_deferral(moved.deferral)
    )


def _points(moved: PointsMovement) -> pb.PointsMovement:
    figures = asdict(moved)
    del figures["window"], figures["issuer"]
    return pb.PointsMovement(**figures)


def _deferral(deferral: Deferral) -> pb.Deferral:
    return pb.Deferral(**asdict(deferral), closing_micros=deferral.closing_micros)


def _cohort(found: CohortBooks) -> pb.CohortBooks:
    return pb.CohortBooks(
        expires_on=found.cohort.expires_on,
        origin=found.origin,
        age_months=found.age_months,
        entered_points=found.entered_points,
        redeemed_points=found.redeemed_points,
        donated_points=found.donated_points,
        expired_points=found.expired_points,
        outstanding_points=found.outstanding_points,
        expected_points=found.expected_points,
        value_micros=found.value_micros,
        expected_value_micros=found.expected_value_micros,
        deferral=_deferral(found.deferral),
    )


def _estimate(estimate: Estimate) -> pb.RedemptionEstimate:
    figures = asdict(estimate)
    del figures["issuer"]
    return pb.RedemptionEstimate(**figures)
