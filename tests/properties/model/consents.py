"""Who may take a holder's points."""

from __future__ import annotations

from typing import Any

from coalition.v1.consent_pb2 import CONSENT_PURPOSE_REDEEM, Consent, HolderOrder
from coalition.v1.envelope_pb2 import SignedDocument
from tests.properties.model.books import FUND, Books
from tests.properties.model.verdict import Moment, Why


def keys_of(books: Books, holder: dict[str, Any]) -> list[bytes]:
    """A fund's keys are its charity's, none while that is suspended."""
    owner = books.parties[holder["owner"]] if holder["kind"] == FUND else {"active": True, "keys": holder["keys"]}
    keys: list[bytes] = owner["keys"] if owner["active"] else []
    return keys


def check_consent(
    books: Books,
    why: Why,
    at: Moment,
    holder_id: str,
    holder: dict[str, Any],
    signed: SignedDocument,
    purpose: int,
    points: int,
    recipient: str = "",
) -> None:
    """Signed by a key of the holder (to redeem also by the hub, for a code), for this debit, in time, not used yet."""
    consent = Consent.FromString(signed.document)
    given = (consent.network_id, consent.holder_id, consent.acceptor, consent.purpose, consent.recipient_id)
    why.unless(given == (books.network["network_id"], holder_id, at.author, purpose, recipient), "CONSENT_MISMATCH")
    keys = list(keys_of(books, holder))
    if purpose == CONSENT_PURPOSE_REDEEM and holder["kind"] != FUND:
        keys += books.parties[books.network["hub"]]["keys"]
    why.unless(signed.signature.public_key in keys, "CONSENT_KEY_UNKNOWN")
    why.unless(at.us < consent.expires_us, "CONSENT_EXPIRED")
    why.unless(points <= consent.points_max, "CONSENT_TOO_SMALL")
    why.unless((holder_id, consent.nonce) not in books.nonces, "CONSENT_USED")


def burn_consent(books: Books, at: Moment, signed: SignedDocument) -> None:
    consent = Consent.FromString(signed.document)
    books.nonces[consent.holder_id, consent.nonce] = at.sequence


def check_order(
    books: Books, why: Why, at: Moment, holder_id: str, holder: dict[str, Any], signed: SignedDocument
) -> None:
    """Signed by a key of the holder, in time, not used yet."""
    order = HolderOrder.FromString(signed.document)
    why.unless(order.network_id == books.network["network_id"], "CONSENT_MISMATCH")
    why.unless(signed.signature.public_key in keys_of(books, holder), "CONSENT_KEY_UNKNOWN")
    why.unless(at.us < order.expires_us, "CONSENT_EXPIRED")
    why.unless((holder_id, order.nonce) not in books.nonces, "CONSENT_USED")


def burn_order(books: Books, at: Moment, holder_id: str, signed: SignedDocument) -> None:
    books.nonces[holder_id, HolderOrder.FromString(signed.document).nonce] = at.sequence
