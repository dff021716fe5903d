"""What stands behind the points, as the settlement service keeps books of it, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum, unique
from typing import Final

from coalition.calendar import NEVER
from coalition.v1 import settlement_books_pb2 as pb
from partner_sdk import _rpc
from partner_sdk._downloads import download
from partner_sdk._session import Session
from partner_sdk._steps import Steps

_NEVER: Final = date.fromisoformat(NEVER)


@unique
class LedgerFormat(StrEnum):
    """A ledger's file."""

    #: Text for Beancount, with every balance as an assertion.
    BEANCOUNT = "beancount"
    #: One line for each posting.
    CSV = "csv"

    @property
    def number(self) -> pb.LedgerFormat.ValueType:
        """As on the wire."""
        return pb.LedgerFormat.Value(f"LEDGER_FORMAT_{self.name}")


@dataclass(frozen=True, slots=True)
class PointsMovement:
    """An issuer's points in one window.

    opening + issued - issue_reversed - redeemed + redeem_reversed - expired + given - taken = closing.
    """

    opening: int
    issued: int
    issue_reversed: int
    redeemed: int
    redeem_reversed: int
    expired: int
    #: The operator's corrections.
    given: int
    taken: int
    closing: int
    #: Changes no total: these points stay in circulation, and cease to expire.
    donated: int


@dataclass(frozen=True, slots=True)
class Deferral:
    """How deferred revenue moved, in millionths of the settlement currency.

    opening + sold + granted - cancelled + received - donated - recognised - breakage = closing. What is recognised and
    breakage may be negative, where an estimate was too low.
    """

    opening_micros: int
    #: Out of the prices of sales with which points were issued.
    sold_micros: int
    #: For points without a sale, corrections among them.
    granted_micros: int
    #: For points that were taken back.
    cancelled_micros: int
    #: What donated points took along: into the cohort that never expires, out of those that do.
    received_micros: int
    donated_micros: int
    #: Revenue of points that were redeemed.
    recognised_micros: int
    #: Revenue of points that are not expected to be redeemed.
    breakage_micros: int
    closing_micros: int


@dataclass(frozen=True, slots=True)
class LiabilityMovement:
    """What happened to an issuer's liability in one window."""

    window: int
    points: PointsMovement
    deferral: Deferral


@dataclass(frozen=True, slots=True)
class CohortBooks:
    """Points of one issuer that expire together."""

    #: Last day on which they may be spent; None: never.
    expires_on: date | None
    #: The month in which the first of them were issued, `2017-01`, and how many months ago that was.
    origin: str
    age_months: int
    #: Issued, given and received, less what was taken back.
    entered_points: int
    #: Less redemptions that were reversed.
    redeemed_points: int
    donated_points: int
    expired_points: int
    outstanding_points: int
    #: Of those outstanding, how many are expected to be redeemed or donated.
    expected_points: int
    #: Outstanding points, and those expected, at the point's value, in millionths of the settlement currency.
    value_micros: int
    expected_value_micros: int
    #: From the cohort's first point on.
    deferral: Deferral


@dataclass(frozen=True, slots=True)
class RedemptionEstimate:
    """What part of the points that live equally long ends up redeemed or donated. Rates are parts per million."""

    #: Months from the one of the issue to the one of the expiry.
    life_months: int
    #: The last whole month that it takes into account, `2017-03`.
    as_of_month: str
    #: Cohorts that it rests on; 0 when there was too little development.
    cohorts: int
    #: By chain ladder, and Mack's standard error of it.
    rate_ppm: int
    std_error_ppm: int
    #: What the books use: both together, at most all.
    used_ppm: int
    #: By age in months: the part of all uses that is over by then.
    developed_ppm: tuple[int, ...]
    #: Why all points are expected to be redeemed; None when the rate was estimated.
    reason: str | None


@dataclass(frozen=True, slots=True)
class IssuerBooks:
    """Everything about one issuer's points."""

    issuer: str
    #: What a point was worth on the last day, in millionths of the settlement currency.
    value_micros: int
    #: By window, from the first on.
    movements: tuple[LiabilityMovement, ...]
    #: By expiry; what never expires comes last.
    cohorts: tuple[CohortBooks, ...]
    estimates: tuple[RedemptionEstimate, ...]

    @property
    def outstanding_points(self) -> int:
        """Points in circulation."""
        return sum(cohort.outstanding_points for cohort in self.cohorts)

    @property
    def value_of_outstanding_micros(self) -> int:
        """What they are worth: the most that the issuer may have to pay for them."""
        return sum(cohort.value_micros for cohort in self.cohorts)

    @property
    def deferred_micros(self) -> int:
        """Deferred revenue."""
        return sum(cohort.deferral.closing_micros for cohort in self.cohorts)


@dataclass(frozen=True, slots=True)
class Books:
    """What stands behind the points as of the end of a window, as far as the caller may see it."""

    window: int
    #: The day on which that window was closed.
    day: date
    currency: str
    currency_exponent: int
    #: By id.
    issuers: tuple[IssuerBooks, ...]
    #: What the figures rest on, in sentences.
    assumptions: tuple[str, ...]
    #: Whose own ledgers the caller may export, by id, and whether the clearing house's.
    ledgers: tuple[str, ...]
    clearing: bool


def books(session: Session, window: int | None = None, *, issuer: str | None = None) -> Steps[Books]:
    """Liability, deferred revenue and breakage as of the end of a closed window, or of the last one.

    An issuer sees its own; operator and auditors see all, or those of one issuer. Raises NotFound.
    """
    request = pb.GetBooksRequest(window=window or 0, issuer=issuer or "")
    return books_of((yield from session.read(_rpc.GET_BOOKS, request)))


def ledger(
    session: Session,
    window: int | None = None,
    *,
    party_id: str | None = None,
    format: LedgerFormat = LedgerFormat.BEANCOUNT,  # noqa: A002 - what it is
) -> Steps[bytes]:
    """Double entry up to the end of a closed window, or of the last one, as a file: UTF-8 text.

    In the view of a party or, without one, of the clearing house, which operator and auditors may see. Raises NotFound.
    """
    request = pb.ExportLedgerRequest(window=window or 0, party_id=party_id or "", format=LedgerFormat(format).number)
    return (yield from download(session, _rpc.EXPORT_LEDGER, request, lambda response: response.chunk))


def books_of(message: pb.GetBooksResponse) -> Books:
    """The books in an answer."""
    return Books(
        window=message.window,
        day=date.fromisoformat(message.day),
        currency=message.currency,
        currency_exponent=message.currency_exponent,
        issuers=tuple(map(_issuer_of, message.issuers)),
        assumptions=tuple(message.assumptions),
        ledgers=tuple(message.ledgers),
        clearing=message.clearing,
    )


def _issuer_of(message: pb.IssuerBooks) -> IssuerBooks:
    return IssuerBooks(
        issuer=message.issuer,
        value_micros=message.value_micros,
        movements=tuple(
            LiabilityMovement(moved.window, _points_of(moved.points), _deferral_of(moved.deferral))
            for moved in message.movements
        ),
        cohorts=tuple(map(_cohort_of, message.cohorts)),
        estimates=tuple(map(_estimate_of, message.estimates)),
    )


def _points_of(message: pb.PointsMovement) -> PointsMovement:
    return PointsMovement(**{name: getattr(message, name) for name in PointsMovement.__slots__})


def _deferral_of(message: pb.Deferral) -> Deferral:
    return Deferral(**{name: getattr(message, name) for name in Deferral.__slots__})


def _cohort_of(message: pb.CohortBooks) -> CohortBooks:
    expires_on = date.fromisoformat(message.expires_on)
    figures = {name: getattr(message, name) for name in CohortBooks.__slots__ if name not in ("expires_on", "deferral")}
    return CohortBooks(
        expires_on=None if expires_on == _NEVER else expires_on, deferral=_deferral_of(message.deferral), **figures
    )


def _estimate_of(message: pb.RedemptionEstimate) -> RedemptionEstimate:
    return RedemptionEstimate(
        life_months=message.life_months,
        as_of_month=message.as_of_month,
        cohorts=message.cohorts,
        rate_ppm=message.rate_ppm,
        std_error_ppm=message.std_error_ppm,
        used_ppm=message.used_ppm,
        developed_ppm=tuple(message.developed_ppm),
        reason=message.reason or None,
    )
