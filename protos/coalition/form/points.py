"""Forms of the kinds that move points."""

from __future__ import annotations

from typing import Final

from coalition import dsse
from coalition.form.checks import PURCHASE_MINOR_MAX, REASON_MAX, REFERENCE_MAX, Form
from coalition.v1 import consent_pb2, transaction_pb2
from coalition.v1.consent_pb2 import Consent
from coalition.v1.envelope_pb2 import SignedDocument

EXPIRE_HOLDERS_MAX: Final = 1_000


def issue(form: Form, kind: transaction_pb2.Issue) -> None:
    form.holder(kind.holder_id)
    form.points(kind.points)
    form.text(kind.reason, "reason", REASON_MAX)
    form.text(kind.reference, "reference", REFERENCE_MAX)
    form.amount(kind.purchase_amount_minor, "purchase_amount_minor", PURCHASE_MINOR_MAX)
    form.day(kind.available_on, "available_on", optional=True)


def redeem(form: Form, kind: transaction_pb2.Redeem) -> None:
    form.holder(kind.holder_id)
    form.points(kind.points)
    form.text(kind.reference, "reference", REFERENCE_MAX)
    form.amount(kind.purchase_amount_minor, "purchase_amount_minor", PURCHASE_MINOR_MAX)
    if kind.HasField("consent"):
        _consent(form, kind.consent)


def donate(form: Form, kind: transaction_pb2.Donate) -> None:
    form.holder(kind.holder_id)
    form.holder(kind.fund_id, "fund_id")
    form.points(kind.points)
    form.text(kind.reference, "reference", REFERENCE_MAX)
    has_consent = kind.HasField("consent")
    form.require(
        has_consent != bool(kind.pledge_id), "consent", "or a pledge_id must authorise the donation, and not both"
    )
    if kind.pledge_id:
        form.identifier(kind.pledge_id, "pledge_id")
    if has_consent:
        _consent(form, kind.consent)


def transfer(form: Form, kind: transaction_pb2.Transfer) -> None:
    form.holder(kind.holder_id)
    form.holder(kind.recipient_id, "recipient_id")
    form.require(kind.holder_id != kind.recipient_id, "recipient_id", "must be another member than holder_id")
    form.points(kind.points)
    form.text(kind.reference, "reference", REFERENCE_MAX)
    form.require(kind.HasField("consent"), "consent", "is required: nobody moves a member's points without it")
    if kind.HasField("consent"):
        _consent(form, kind.consent)


def hold(form: Form, kind: transaction_pb2.Hold) -> None:
    form.holder(kind.holder_id)
    form.points(kind.points)
    form.text(kind.reference, "reference", REFERENCE_MAX)
    form.moment(kind.expires_us, "expires_us")
    form.require(kind.HasField("consent"), "consent", "is required: nobody sets a member's points aside without it")
    if kind.HasField("consent"):
        _consent(form, kind.consent)


def capture(form: Form, kind: transaction_pb2.Capture) -> None:
    form.identifier(kind.hold_id, "hold_id")
    form.points(kind.points)
    form.text(kind.reference, "reference", REFERENCE_MAX)


def release(form: Form, kind: transaction_pb2.Release) -> None:
    form.identifier(kind.hold_id, "hold_id")
    form.party(kind.acceptor, "acceptor")


def reverse(form: Form, kind: transaction_pb2.Reverse) -> None:
    form.identifier(kind.original_id, "original_id")
    form.points(kind.points)
    form.text(kind.reference, "reference", REFERENCE_MAX)


def expire(form: Form, kind: transaction_pb2.Expire) -> None:
    form.day(kind.through, "through")
    count = len(kind.holder_ids)
    form.require(1 <= count <= EXPIRE_HOLDERS_MAX, "holder_ids", f"must name 1 to {EXPIRE_HOLDERS_MAX} holders")
    form.require(len(set(kind.holder_ids)) == count, "holder_ids", "must not name a holder twice")
    for holder_id in kind.holder_ids:
        form.holder(holder_id, "holder_ids")


def _consent(form: Form, signed: SignedDocument) -> None:
    consent = form.document(Consent, dsse.CONSENT, signed, "consent")
    inside = form.below("consent")
    inside.holder(consent.holder_id)
    inside.party(consent.acceptor, "acceptor")
    inside.points(consent.points_max, "points_max")
    inside.nonce(consent.nonce)
    inside.moment(consent.expires_us, "expires_us")
    inside.require(
        consent.purpose != consent_pb2.CONSENT_PURPOSE_UNSPECIFIED
        and consent.purpose in consent_pb2.ConsentPurpose.values(),
        "purpose",
        "must say what the consent is for",
    )
