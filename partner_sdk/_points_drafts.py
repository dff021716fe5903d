"""Drafts of everything that moves points.

Each kind is declared once. The clients send a draft at once, `batch()` collects drafts, the outbox keeps them; all of
them take their methods, parameters and words from these functions.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from coalition.ids import id_from_text
from coalition.v1 import transaction_pb2 as pb
from partner_sdk._draft import Authorship, Draft
from partner_sdk._holder_documents import Consent
from partner_sdk._moments import day_text, microseconds_in, microseconds_of
from partner_sdk._outcomes import (
    DonateResult,
    HoldResult,
    IssueResult,
    Outcome,
    PointsResult,
    RedeemResult,
    ReverseResult,
    TransferResult,
)
from partner_sdk._refusals import FieldInvalid
from partner_sdk._signed import document_of
from partner_sdk._vocabulary import Kind

HOLD_LIFETIME: Final = timedelta(minutes=15)


def issue(
    holder_id: str,
    points: int,
    *,
    reason: str = "purchase",
    reference: str = "",
    purchase_amount_minor: int = 0,
    available_on: date | None = None,
    transaction_id: str | None = None,
) -> Draft[IssueResult]:
    """Issue new points to a holder.

    `reason` is why, in your own words (up to 40 characters), `reference` your receipt number or the like (up to 64),
    `purchase_amount_minor` what was bought for in your currency's minor unit (cents), `available_on` the first day on
    which the points may be spent (None: at once). `transaction_id` is yours to choose, as `new_transaction_id()` makes
    it, when you store it before sending; the same id never issues twice.
    """
    return Draft(
        Kind.ISSUE,
        lambda _: pb.Issue(
            holder_id=holder_id,
            points=points,
            reason=reason,
            reference=reference,
            purchase_amount_minor=purchase_amount_minor,
            available_on=day_text(available_on),
        ),
        transaction_id,
    )


def redeem(
    holder_id: str,
    points: int,
    *,
    consent: Consent | None = None,
    reference: str = "",
    purchase_amount_minor: int = 0,
    transaction_id: str | None = None,
) -> Draft[RedeemResult]:
    """Take points of a holder in payment, those that expire first, with the holder's consent.

    Without a consent the network's policy may allow a small amount, at your risk; otherwise ConsentRequired is raised.
    Raises InsufficientPoints, ConsentUsed, ConsentExpired and so on; see `partner_sdk.errors`.
    """
    return Draft(
        Kind.REDEEM,
        lambda _: pb.Redeem(
            holder_id=holder_id,
            points=points,
            reference=reference,
            consent=document_of(consent),
            purchase_amount_minor=purchase_amount_minor,
        ),
        transaction_id,
    )


def donate(
    holder_id: str,
    fund_id: str,
    points: int,
    *,
    consent: Consent,
    reference: str = "",
    transaction_id: str | None = None,
) -> Draft[DonateResult]:
    """Move points of a member to a charity's fund. They keep their issuers and no longer expire."""
    return Draft(
        Kind.DONATE,
        lambda _: pb.Donate(
            holder_id=holder_id,
            fund_id=fund_id,
            points=points,
            reference=reference,
            consent=document_of(consent),
        ),
        transaction_id,
    )


def transfer(
    holder_id: str,
    recipient_id: str,
    points: int,
    *,
    consent: Consent,
    reference: str = "",
    transaction_id: str | None = None,
) -> Draft[TransferResult]:
    """Move points from a member to another, where the network's policy allows it."""
    return Draft(
        Kind.TRANSFER,
        lambda _: pb.Transfer(
            holder_id=holder_id,
            recipient_id=recipient_id,
            points=points,
            reference=reference,
            consent=document_of(consent),
        ),
        transaction_id,
    )


def hold(
    holder_id: str,
    points: int,
    *,
    consent: Consent,
    lifetime: timedelta | None = None,
    expires_at: datetime | None = None,
    reference: str = "",
    transaction_id: str | None = None,
) -> Draft[HoldResult]:
    """Set points aside, to capture them later, for example when the goods leave the shop.

    The hold ends by itself after `lifetime` (15 minutes unless given) or at `expires_at`; give one of them. The
    result's `hold_id` is what `capture` and `release` need.
    """
    if lifetime is not None and expires_at is not None:
        raise FieldInvalid("hold: give lifetime or expires_at, not both.")

    def build(authorship: Authorship) -> pb.Hold:
        if expires_at is not None:
            expires_us = microseconds_of(expires_at)
        else:
            expires_us = authorship.now_us + microseconds_in(HOLD_LIFETIME if lifetime is None else lifetime)
        return pb.Hold(
            holder_id=holder_id,
            points=points,
            reference=reference,
            consent=document_of(consent),
            expires_us=expires_us,
        )

    return Draft(Kind.HOLD, build, transaction_id)


def capture(
    hold_id: str,
    points: int,
    *,
    reference: str = "",
    transaction_id: str | None = None,
) -> Draft[PointsResult]:
    """Redeem held points, all or some; the rest goes back to the holder. A hold is resolved once."""
    return Draft(
        Kind.CAPTURE,
        lambda _: pb.Capture(hold_id=id_from_text(hold_id), points=points, reference=reference),
        transaction_id,
    )


def release(hold_id: str, *, transaction_id: str | None = None) -> Draft[Outcome]:
    """Give held points back to the holder, all of them."""
    return Draft(
        Kind.RELEASE,
        lambda authorship: pb.Release(hold_id=id_from_text(hold_id), acceptor=authorship.party_id),
        transaction_id,
    )


def reverse(
    original_id: str,
    points: int,
    *,
    reference: str = "",
    transaction_id: str | None = None,
) -> Draft[ReverseResult]:
    """Undo an issue, a redemption or a capture of yours, all or in part: goods came back.

    Of an issue, the points are taken back; what the holder no longer has becomes arrears, which your next issues repay.
    Of a redemption, the points go back to the holder. Several reversals together never exceed the original.
    """
    return Draft(
        Kind.REVERSE,
        lambda _: pb.Reverse(original_id=id_from_text(original_id), points=points, reference=reference),
        transaction_id,
    )
