"""Forms of the kinds that make up the network's life."""

from __future__ import annotations

import re
from typing import Final

from coalition import dsse
from coalition.calendar import Calendar
from coalition.form.checks import (
    MICROS_MAX,
    NOTE_MAX,
    OUTSTANDING_MAX,
    PACKS_MAX,
    PACKS_MICROS_MAX,
    PARTY_KEYS_MAX,
    POINTS_MAX,
    RATE_MICROS_MAX,
    REFERENCE_MAX,
    Form,
)
from coalition.ids import is_network_id
from coalition.v1 import network_pb2, transaction_pb2
from coalition.v1.envelope_pb2 import SignedDocument
from coalition.v1.network_pb2 import CampaignOffer, PartyApplication, PartyKeyChange, Policy, Terms

_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_DISPLAY_NAME_MAX: Final = 80
_TITLE_MAX: Final = 120
_EXPONENT_MAX: Final = 4
_MONTHS_MAX: Final = 1_200
_DAYS_MAX: Final = 3_660
_SECONDS_MAX: Final = 366 * 86_400
_ALL_BPS: Final = 10_000


def genesis(form: Form, kind: transaction_pb2.Genesis) -> None:
    form.require(
        is_network_id(kind.network_id), "network_id", "must be 1 to 64 letters, digits, dots, hyphens or underscores"
    )
    try:
        Calendar(kind.time_zone)
    except ValueError as error:
        form.require(False, "time_zone", f"is unknown: {error}")
    form.require(_CURRENCY.fullmatch(kind.currency) is not None, "currency", "must be an ISO 4217 code")
    form.require(kind.currency_exponent <= _EXPONENT_MAX, "currency_exponent", f"must be 0 to {_EXPONENT_MAX}")
    party_ids = set()
    for field, signed, role in (
        ("operator", kind.operator, network_pb2.PARTY_KIND_OPERATOR),
        ("hub", kind.hub, network_pb2.PARTY_KIND_HUB),
    ):
        found = _application(form, signed, field)
        form.require(
            found.party_id not in party_ids, f"{field}.party_id", "must be another party's than the operator's"
        )
        party_ids.add(found.party_id)
        form.require(found.kind == role, f"{field}.kind", f"must be {field.upper()}")
        form.require(found.network_id == kind.network_id, f"{field}.network_id", "must be this network")
    _policy(form.below("policy"), kind.policy)


def register_party(form: Form, kind: transaction_pb2.RegisterParty) -> None:
    found = _application(form, kind.application, "application")
    form.require(
        found.kind in (network_pb2.PARTY_KIND_PARTNER, network_pb2.PARTY_KIND_CHARITY, network_pb2.PARTY_KIND_AUDITOR),
        "application.kind",
        "must be PARTNER, CHARITY or AUDITOR",
    )


def set_party_keys(form: Form, kind: transaction_pb2.SetPartyKeys) -> None:
    form.party(kind.party_id, "party_id")
    form.keys(kind.add_keys, "add_keys", fewest=0, most=PARTY_KEYS_MAX)
    form.keys(kind.remove_keys, "remove_keys", fewest=0, most=PARTY_KEYS_MAX)
    form.require(bool(kind.add_keys or kind.remove_keys), "add_keys", "or remove_keys must name a key")
    form.require(not set(kind.add_keys) & set(kind.remove_keys), "add_keys", "must not name a key to remove")
    if kind.HasField("change"):
        change = form.document(PartyKeyChange, dsse.PARTY_KEY_CHANGE, kind.change, "change")
        inside = form.below("change")
        inside.require(change.party_id == kind.party_id, "party_id", "must be the same party")
        same = change.add_keys == kind.add_keys and change.remove_keys == kind.remove_keys
        inside.require(same, "add_keys", "and remove_keys must be the same")
        inside.nonce(change.nonce)


def set_party_status(form: Form, kind: transaction_pb2.SetPartyStatus) -> None:
    form.party(kind.party_id, "party_id")
    form.require(
        kind.status in (network_pb2.PARTY_STATUS_ACTIVE, network_pb2.PARTY_STATUS_SUSPENDED),
        "status",
        "must be ACTIVE or SUSPENDED",
    )
    form.text(kind.reason, "reason", NOTE_MAX, shortest=1)


def publish_terms(form: Form, kind: transaction_pb2.PublishTerms) -> None:
    unsigned_terms(form.below("terms"), form.document(Terms, dsse.TERMS, kind.terms, "terms"))


def unsigned_terms(inside: Form, terms: Terms) -> None:
    """Terms, whether somebody has signed them or they are only supposed."""
    inside.party(terms.party_id, "party_id")
    inside.day(terms.effective_on, "effective_on")
    inside.amount(terms.price_micros, "price_micros", RATE_MICROS_MAX)
    inside.amount(terms.reimbursement_micros, "reimbursement_micros", RATE_MICROS_MAX)
    inside.amount(terms.issue_fee_micros, "issue_fee_micros", RATE_MICROS_MAX)
    inside.amount(terms.prefunded_bps, "prefunded_bps", _ALL_BPS)
    inside.amount(terms.outstanding_points_max, "outstanding_points_max", OUTSTANDING_MAX)
    inside.amount(terms.alarm_bps, "alarm_bps", _ALL_BPS)
    inside.require(
        not terms.alarm_bps or terms.outstanding_points_max != 0,
        "alarm_bps",
        "needs outstanding_points_max, of which it is a share",
    )
    _funding(inside, terms)


def _funding(form: Form, terms: Terms) -> None:
    """Every figure belongs to one way of funding; where another one is agreed it would mean nothing."""
    funding = terms.funding
    form.require(funding in network_pb2.Funding.values(), "funding", "must be one that this version knows")
    if funding == network_pb2.FUNDING_PREFUNDED_SHARE:
        form.require(terms.prefunded_bps >= 1, "prefunded_bps", "must be 1 or more for PREFUNDED_SHARE")
    elif funding != network_pb2.FUNDING_UNSPECIFIED:
        form.require(terms.prefunded_bps == 0, "prefunded_bps", "is for PREFUNDED_SHARE only")
    if funding == network_pb2.FUNDING_PACKS:
        form.points(terms.pack_points, "pack_points")
        form.require(
            terms.pack_points * terms.price_micros <= PACKS_MICROS_MAX,
            "pack_points",
            f"must cost no more than {PACKS_MICROS_MAX} micro-units at price_micros",
        )
        form.amount(terms.reorder_points, "reorder_points", OUTSTANDING_MAX)
    else:
        for field in ("pack_points", "reorder_points"):
            form.require(getattr(terms, field) == 0, field, "is for PACKS only")


def order_pack(form: Form, kind: transaction_pb2.OrderPack) -> None:
    form.require(1 <= kind.packs <= PACKS_MAX, "packs", f"must be 1 to {PACKS_MAX}")
    form.text(kind.reference, "reference", REFERENCE_MAX)


def set_policy(form: Form, kind: transaction_pb2.SetPolicy) -> None:
    form.day(kind.effective_on, "effective_on")
    _policy(form.below("policy"), kind.policy)


def open_campaign(form: Form, kind: transaction_pb2.OpenCampaign) -> None:
    offer = form.document(CampaignOffer, dsse.CAMPAIGN, kind.campaign, "campaign")
    inside = form.below("campaign")
    inside.party(offer.campaign_id, "campaign_id")
    inside.party(offer.charity, "charity")
    inside.holder(offer.fund_id, "fund_id")
    inside.text(offer.title, "title", _TITLE_MAX, shortest=1)
    inside.points(offer.goal_points, "goal_points")
    inside.day(offer.starts_on, "starts_on")
    inside.day(offer.ends_on, "ends_on")
    inside.require(offer.starts_on <= offer.ends_on, "ends_on", "must not lie before starts_on")


def close_window(form: Form, kind: transaction_pb2.CloseWindow) -> None:
    form.require(kind.window >= 1, "window", "must be the number of a window, from 1")


def adjust(form: Form, kind: transaction_pb2.Adjust) -> None:
    form.text(kind.reason, "reason", NOTE_MAX, shortest=1)
    form.text(kind.reference, "reference", REFERENCE_MAX)
    which = kind.WhichOneof("correction")
    form.require(which is not None, "points", "or obligation must say what is corrected")
    if which == "points":
        inside = form.below("points")
        inside.holder(kind.points.holder_id)
        inside.party(kind.points.issuer, "issuer")
        inside.require(1 <= abs(kind.points.points) <= POINTS_MAX, "points", f"must be 1 to {POINTS_MAX}, or negative")
    elif which == "obligation":
        inside = form.below("obligation")
        inside.party(kind.obligation.debtor, "debtor")
        inside.party(kind.obligation.creditor, "creditor")
        inside.require(kind.obligation.debtor != kind.obligation.creditor, "creditor", "must be another party")
        inside.require(1 <= kind.obligation.amount_micros <= MICROS_MAX, "amount_micros", "must be 1 or more")


def _application(form: Form, signed: SignedDocument, field: str) -> PartyApplication:
    found = form.document(PartyApplication, dsse.PARTY_APPLICATION, signed, field)
    inside = form.below(field)
    inside.party(found.party_id, "party_id")
    inside.text(found.display_name, "display_name", _DISPLAY_NAME_MAX, shortest=1)
    inside.keys(found.public_keys, "public_keys", fewest=1, most=PARTY_KEYS_MAX)
    inside.require(signed.signature.public_key in found.public_keys, "public_keys", "must include the signing key")
    return found


def _policy(form: Form, policy: Policy) -> None:
    for field, longest in (
        ("expiry_months", _MONTHS_MAX),
        ("reversal_grace_days", _DAYS_MAX),
        ("notice_days", _DAYS_MAX),
        ("transfer_points_max", POINTS_MAX),
        ("transfer_points_per_day_max", POINTS_MAX),
        ("unconsented_points_max", POINTS_MAX),
        ("unconsented_points_per_day_max", POINTS_MAX),
        ("redeem_points_per_day_max", POINTS_MAX),
        ("cause_reimbursement_micros", RATE_MICROS_MAX),
        ("price_floor_micros", RATE_MICROS_MAX),
        ("reimbursement_ceiling_micros", RATE_MICROS_MAX),
    ):
        form.amount(getattr(policy, field), field, longest)
    form.points(policy.transaction_points_max, "transaction_points_max")
    for field in ("hold_lifetime_max_s", "envelope_lifetime_max_s"):
        form.require(1 <= getattr(policy, field) <= _SECONDS_MAX, field, f"must be from 1 to {_SECONDS_MAX} seconds")
    form.require(
        policy.reimbursement_ceiling_micros <= policy.price_floor_micros,
        "reimbursement_ceiling_micros",
        "must not exceed price_floor_micros, or the operator pays the difference",
    )
    form.require(
        policy.cause_reimbursement_micros <= policy.price_floor_micros,
        "cause_reimbursement_micros",
        "must not exceed price_floor_micros, or the operator pays the difference",
    )
