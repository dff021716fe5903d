"""Points set aside, and what becomes of them."""

from __future__ import annotations

from typing import Any

from coalition.v1 import transaction_pb2 as pb
from coalition.v1.consent_pb2 import CONSENT_PURPOSE_REDEEM
from tests.properties.model.books import HUB, Books, cut
from tests.properties.model.consents import burn_consent, check_consent
from tests.properties.model.points import count_redeemed, may_debit
from tests.properties.model.verdict import Answer, Done, Moment, Why


def hold(books: Books, at: Moment, message: pb.Hold) -> Answer:
    why = Why()
    holder = may_debit(books, why, at, message.holder_id, message.points)
    lifetime = message.expires_us - at.us
    why.unless(0 < lifetime <= at.policy.hold_lifetime_max_s * 1_000_000, "HOLD_LIFETIME")
    if holder is None:
        return why
    check_consent(books, why, at, message.holder_id, holder, message.consent, CONSENT_PURPOSE_REDEEM, message.points)
    if why:
        return why
    burn_consent(books, at, message.consent)
    count_redeemed(books, at, message.holder_id, holder, message.points)
    parts = books.spend(message.holder_id, message.points, at.today)
    books.holds[at.author, at.transaction_id] = {
        "holder": message.holder_id,
        "points": message.points,
        "expires": message.expires_us,
        "status": "OPEN",
        "parts": parts,
    }
    return Done(message.holder_id, parts)


def capture(books: Books, at: Moment, message: pb.Capture) -> Answer:
    """Points that were in time when they were set aside may be captured as long as the hold lasts."""
    why = Why()
    found = _open_hold(books, why, at.author, message.hold_id)
    if found is None:
        return why
    why.unless(at.us < found["expires"], "HOLD_EXPIRED")
    why.unless(message.points <= found["points"], "HOLD_EXCEEDED")
    if why:
        return why
    captured, rest = cut(found["parts"], message.points)
    found["status"] = "CAPTURED"
    books.flow("redeemed", captured)
    books.add(found["holder"], rest, at.sequence, at.today)
    return Done(found["holder"], captured)


def release(books: Books, at: Moment, message: pb.Release) -> Answer:
    why = Why()
    if at.author_kind != HUB and message.acceptor != at.author:
        why.add("HOLD_UNKNOWN")
        return why
    found = _open_hold(books, why, message.acceptor, message.hold_id)
    if found is None:
        return why
    if at.author_kind == HUB:
        why.unless(found["expires"] <= at.us, "HOLD_NOT_EXPIRED")
    if why:
        return why
    found["status"] = "RELEASED"
    books.add(found["holder"], found["parts"], at.sequence, at.today)
    return Done(found["holder"], list(found["parts"]))


def _open_hold(books: Books, why: Why, acceptor: str, hold_id: bytes) -> dict[str, Any] | None:
    found = books.holds.get((acceptor, hold_id))
    if why.unless(found is not None, "HOLD_UNKNOWN"):
        assert found is not None
        why.unless(found["status"] == "OPEN", "HOLD_RESOLVED")
    return found
