"""The network's life."""

from __future__ import annotations

from typing import Any

from coalition.v1 import transaction_pb2 as pb
from coalition.v1.network_pb2 import FUNDING_PACKS, CampaignOffer, PartyApplication, PartyKeyChange, Policy, Terms
from tests.properties.model.accounts import open_account
from tests.properties.model.books import BUSINESS, CHARITY, FUND, Books, add_days
from tests.properties.model.verdict import Answer, Done, Moment, Why

KEYS_MAX = 8


def genesis(books: Books, at: Moment, message: pb.Genesis) -> Answer:
    why = Why()
    why.unless(not books.network, "GENESIS_EXISTS")
    if why:
        return why
    operator = PartyApplication.FromString(message.operator.document)
    hub = PartyApplication.FromString(message.hub.document)
    books.network = {
        "network_id": message.network_id,
        "time_zone": message.time_zone,
        "currency": message.currency,
        "exponent": message.currency_exponent,
        "operator": operator.party_id,
        "hub": hub.party_id,
    }
    books.policies.append(("0001-01-01", at.sequence, message.policy.SerializeToString(deterministic=True)))
    _admit(books, operator)
    _admit(books, hub)
    return Done()


def _admit(books: Books, application: PartyApplication) -> None:
    books.parties[application.party_id] = {
        "kind": application.kind,
        "name": application.display_name,
        "active": True,
        "keys": list(application.public_keys),
        "revoked": [],
    }


def register_party(books: Books, at: Moment, message: pb.RegisterParty) -> Answer:
    why = Why()
    application = PartyApplication.FromString(message.application.document)
    why.unless(application.network_id == books.network["network_id"], "COUNTERSIGNATURE_MISSING")
    why.unless(application.party_id not in books.parties, "PARTY_EXISTS")
    if why:
        return why
    _admit(books, application)
    return Done()


def set_party_keys(books: Books, at: Moment, message: pb.SetPartyKeys) -> Answer:
    why = Why()
    party = _find(books, why, message.party_id)
    if party is None:
        return why
    change = PartyKeyChange.FromString(message.change.document)
    if message.HasField("change"):
        why.unless(change.network_id == books.network["network_id"], "COUNTERSIGNATURE_MISSING")
        why.unless(message.change.signature.public_key in party["keys"], "COUNTERSIGNATURE_MISSING")
        why.unless((f"party:{message.party_id}", change.nonce) not in books.nonces, "CONSENT_USED")
    else:
        why.unless(not message.add_keys or at.signatures >= 2, "COUNTERSIGNATURE_MISSING")
    if message.party_id == books.network["operator"]:
        why.unless(len(party["keys"]) == 1 or at.signatures >= 2, "COUNTERSIGNATURE_MISSING")
    for key in message.add_keys:
        why.unless(key not in party["keys"] and key not in party["revoked"], "KEY_EXISTS")
    for key in message.remove_keys:
        why.unless(key in party["keys"], "CONSENT_KEY_UNKNOWN")
    keys = [key for key in party["keys"] if key not in message.remove_keys] + list(message.add_keys)
    why.unless(len(keys) > 0, "LAST_KEY")
    why.unless(len(keys) <= KEYS_MAX, "KEY_EXISTS")
    if why:
        return why
    if message.HasField("change"):
        books.nonces[f"party:{message.party_id}", change.nonce] = at.sequence
    party["keys"] = keys
    party["revoked"] = [*party["revoked"], *message.remove_keys]
    return Done()


def _find(books: Books, why: Why, party_id: str) -> dict[str, Any] | None:
    party = books.parties.get(party_id)
    why.unless(party is not None, "PARTY_UNKNOWN")
    return party


def set_party_status(books: Books, at: Moment, message: pb.SetPartyStatus) -> Answer:
    why = Why()
    party = _find(books, why, message.party_id)
    why.unless(message.party_id not in (books.network["operator"], books.network["hub"]), "PARTY_UNKNOWN")
    if why or party is None:
        return why
    party["active"] = message.status == 1
    return Done()


def publish_terms(books: Books, at: Moment, message: pb.PublishTerms) -> Answer:
    why = Why()
    offer = Terms.FromString(message.terms.document)
    party = _find(books, why, offer.party_id)
    why.unless(offer.network_id == books.network["network_id"], "COUNTERSIGNATURE_MISSING")
    if party is None:
        return why
    why.unless(party["kind"] in BUSINESS, "COUNTERSIGNATURE_MISSING")
    why.unless(message.terms.signature.public_key in party["keys"], "COUNTERSIGNATURE_MISSING")
    for raw in lasting(books.policies, offer.effective_on):
        policy = Policy.FromString(raw)
        ceiling = 0 if party["kind"] == CHARITY else policy.reimbursement_ceiling_micros
        why.unless(offer.price_micros >= policy.price_floor_micros, "RATE_OUT_OF_RANGE")
        why.unless(offer.reimbursement_micros <= ceiling, "RATE_OUT_OF_RANGE")
    notice = at.policy.notice_days if books.terms.get(offer.party_id) else 0
    why.unless(offer.effective_on >= add_days(at.today, notice), "NOTICE_TOO_SHORT")
    if why:
        return why
    books.terms.setdefault(offer.party_id, []).append((offer.effective_on, at.sequence, offer))
    return Done()


def lasting(versions: list[tuple[str, int, Any]], day: str) -> list[Any]:
    """What holds on `day` or will hold later."""
    ordered = sorted(versions, key=lambda version: version[:2])
    return [
        version[2]
        for version, following in zip(ordered, [*ordered[1:], None], strict=True)
        if version[0] > day or following is None or following[0] > day
    ]


def set_policy(books: Books, at: Moment, message: pb.SetPolicy) -> Answer:
    why = Why()
    why.unless(message.effective_on >= add_days(at.today, at.policy.notice_days), "NOTICE_TOO_SHORT")
    new = message.policy
    for versions in books.terms.values():
        for terms in lasting(versions, message.effective_on):
            why.unless(terms.price_micros >= new.reimbursement_ceiling_micros, "RATE_OUT_OF_RANGE")
            why.unless(terms.price_micros >= new.cause_reimbursement_micros, "RATE_OUT_OF_RANGE")
            why.unless(terms.reimbursement_micros <= new.price_floor_micros, "RATE_OUT_OF_RANGE")
    if why:
        return why
    raw = message.policy.SerializeToString(deterministic=True)
    books.policies.append((message.effective_on, at.sequence, raw))
    return Done()


def open_campaign(books: Books, at: Moment, message: pb.OpenCampaign) -> Answer:
    why = Why()
    offer = CampaignOffer.FromString(message.campaign.document)
    charity = _find(books, why, offer.charity)
    why.unless(offer.network_id == books.network["network_id"], "COUNTERSIGNATURE_MISSING")
    why.unless(offer.ends_on >= at.today, "DATE_INVALID")
    why.unless(all(offer.campaign_id != other.campaign_id for other in books.campaigns.values()), "CAMPAIGN_EXISTS")
    why.unless(offer.fund_id not in books.holders, "HOLDER_EXISTS")
    if charity is None:
        return why
    why.unless(charity["kind"] == CHARITY, "COUNTERSIGNATURE_MISSING")
    why.unless(message.campaign.signature.public_key in charity["keys"], "COUNTERSIGNATURE_MISSING")
    if why:
        return why
    open_account(books, offer.fund_id, FUND, offer.charity, [])
    books.campaigns[offer.fund_id] = offer
    return Done(offer.fund_id)


def close_window(books: Books, at: Moment, message: pb.CloseWindow) -> Answer:
    why = Why()
    why.unless(message.window == books.window, "WINDOW_NOT_OPEN")
    if why:
        return why
    books.window += 1
    return Done()


def order_pack(books: Books, at: Moment, message: pb.OrderPack) -> Answer:
    why = Why()
    terms = books.terms_of(at.author, at.today)
    why.unless(terms is not None, "TERMS_MISSING")
    if terms is None:
        return why
    why.unless(terms.funding == FUNDING_PACKS, "PACKS_NOT_AGREED")
    # Ten million of the currency are the most that is ordered at once.
    points = message.packs * terms.pack_points
    why.unless(points * terms.price_micros <= 10**13, "TRANSACTION_LIMIT")
    # And a hundred times as much on one day.
    ordered = ("ORDERED_IN_PACKS", at.author, at.today)
    why.unless((books.usage[ordered] + points) * terms.price_micros <= 10**15, "DAILY_LIMIT")
    if not why:
        books.usage[ordered] += points
    return why or Done()
