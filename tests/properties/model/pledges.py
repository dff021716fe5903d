"""Standing consents."""

from __future__ import annotations

from typing import Any

from coalition.v1 import transaction_pb2 as pb
from coalition.v1.consent_pb2 import HolderOrder, PledgeOffer
from tests.properties.model.books import FUND, MEMBER, Books
from tests.properties.model.consents import burn_order, check_order
from tests.properties.model.verdict import Answer, Done, Moment, Why, find_holder

WHOLE = 10_000
PLEDGES_MAX = 16
PLEDGES_EVER_MAX = 256


def pledge(books: Books, at: Moment, message: pb.Pledge) -> Answer:
    why = Why()
    offer = PledgeOffer.FromString(message.offer.document)
    holder = find_holder(books, why, offer.holder_id, MEMBER)
    find_holder(books, why, offer.fund_id, FUND)
    why.unless(offer.network_id == books.network["network_id"], "CONSENT_MISMATCH")
    campaign = books.campaigns.get(offer.fund_id)
    why.unless(at.today <= offer.ends_on, "DATE_INVALID")
    why.unless(campaign is None or offer.ends_on <= campaign.ends_on, "DATE_INVALID")
    if holder is None:
        return why
    why.unless(message.offer.signature.public_key in holder["keys"], "CONSENT_KEY_UNKNOWN")
    why.unless((offer.holder_id, offer.nonce) not in books.nonces, "CONSENT_USED")
    pledges = books.pledges.get(offer.holder_id, [])
    why.unless(all(other["id"] != at.transaction_id for other in pledges), "PLEDGE_EXISTS")
    running = [other for other in pledges if not other["revoked"] and other["ends"] >= at.today]
    why.unless(len(running) < PLEDGES_MAX and len(pledges) < PLEDGES_EVER_MAX, "PLEDGE_LIMIT")
    why.unless(sum(other["share"] for other in running) + offer.share_bps <= WHOLE, "PLEDGE_LIMIT")
    if why:
        return why
    books.nonces[offer.holder_id, offer.nonce] = at.sequence
    books.pledges.setdefault(offer.holder_id, []).append(
        {
            "id": at.transaction_id,
            "fund": offer.fund_id,
            "share": offer.share_bps,
            "cap": offer.points_max,
            "ends": offer.ends_on,
            "granted": at.us,
            "revoked": False,
            "accrued": 0,
            "donated": 0,
        }
    )
    return Done(offer.holder_id)


def revoke_pledge(books: Books, at: Moment, message: pb.RevokePledge) -> Answer:
    why = Why()
    holder_id = HolderOrder.FromString(message.order.document).holder_id
    holder = find_holder(books, why, holder_id)
    found = _find(books, why, holder_id, message.pledge_id)
    if holder is not None:
        check_order(books, why, at, holder_id, holder, message.order)
    if why or found is None:
        return why
    found["revoked"] = True
    burn_order(books, at, holder_id, message.order)
    return Done(holder_id)


def _find(books: Books, why: Why, holder_id: str, pledge_id: bytes) -> dict[str, Any] | None:
    for found in books.pledges.get(holder_id, ()):
        if found["id"] == pledge_id:
            why.unless(not found["revoked"], "PLEDGE_ENDED")
            return found
    why.add("PLEDGE_UNKNOWN")
    return None


def due(found: dict[str, Any]) -> int:
    """What a sweep may give now: the whole points accrued, up to the cap, less what was given."""
    return 0 if found["revoked"] else int(min(found["accrued"] // WHOLE, found["cap"]) - found["donated"])


def gift_reasons(books: Books, at: Moment, message: pb.Donate) -> Why:
    """Why a pledge does not allow this donation."""
    why = Why()
    found = _find(books, why, message.holder_id, message.pledge_id)
    why.unless(at.author == books.network["hub"], "PLEDGE_UNKNOWN")
    if found is not None:
        why.unless(found["fund"] == message.fund_id, "PLEDGE_UNKNOWN")
        why.unless(message.points <= due(found), "PLEDGE_EXCEEDED")
    return why


def give(books: Books, message: pb.Donate) -> None:
    for found in books.pledges[message.holder_id]:
        if found["id"] == message.pledge_id:
            found["donated"] += message.points


def grow(books: Books, holder_id: str, points: int, at: Moment) -> None:
    """Earned points count for the pledges that run."""
    for found in books.pledges.get(holder_id, ()):
        if not found["revoked"] and at.today <= found["ends"]:
            found["accrued"] += points * found["share"]


def shrink(books: Books, holder_id: str, points: int, earned_us: int) -> None:
    """Points taken back no longer count where they did, as far as they are not given yet."""
    earned_on = books.day(earned_us)
    for found in books.pledges.get(holder_id, ()):
        if not found["revoked"] and found["granted"] < earned_us and earned_on <= found["ends"]:
            found["accrued"] = max(found["accrued"] - points * found["share"], found["donated"] * WHOLE)
