"""Consents, offers and orders, most of them in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coalition import dsse
from coalition.documents import sign_document
from coalition.keys import SigningKey
from coalition.v1.consent_pb2 import (
    CONSENT_PURPOSE_DONATE,
    CONSENT_PURPOSE_REDEEM,
    CONSENT_PURPOSE_TRANSFER,
    Consent,
    ConsentPurpose,
    HolderOrder,
)
from coalition.v1.envelope_pb2 import SignedDocument
from coalition.v1.network_pb2 import PartyApplication
from tests.properties.model.books import CHARITY, PARTNER
from tests.properties.story import cast

if TYPE_CHECKING:
    from tests.properties.story.teller import Teller


def network_id(teller: Teller) -> str:
    return str(teller.sometimes_wrong(cast.NETWORK_ID, cast.OTHER_NETWORK_ID, percent=2))


def consent(
    teller: Teller,
    author: str,
    holder_id: str,
    points: int,
    purpose: ConsentPurpose.ValueType = CONSENT_PURPOSE_REDEEM,
    recipient_id: str = "",
) -> SignedDocument:
    """A consent to this debit; now and then an old one, or one that does not fit."""
    about = (author, holder_id, purpose)
    if teller.consents and teller.chance(5):
        return teller.consents.get(about) or teller.one_of(list(teller.consents.values()))
    moment_us = max(teller.now_us, teller.books.committed_us + 1)
    key = teller.holder_key(holder_id)
    if purpose == CONSENT_PURPOSE_REDEEM and teller.chance(8):
        key = cast.secret_of(teller.books.parties[cast.HUB_ID]["keys"][0])
    signed = sign_document(
        dsse.CONSENT,
        Consent(
            network_id=network_id(teller),
            holder_id=teller.sometimes_wrong(holder_id, *cast.MEMBERS, percent=1.5),
            acceptor=teller.sometimes_wrong(author, "grocer", "school", percent=1.5),
            purpose=teller.sometimes_wrong(
                purpose, CONSENT_PURPOSE_REDEEM, CONSENT_PURPOSE_DONATE, CONSENT_PURPOSE_TRANSFER, percent=2
            ),
            points_max=max(1, points + teller.one_of((0, 0, 1, 50, 0)) - teller.sometimes_wrong(0, 1, 5)),
            nonce=teller.nonce(),
            expires_us=moment_us + teller.sometimes_wrong(3_600_000_000, 0, 1, 2, 5, percent=8),
            recipient_id=teller.sometimes_wrong(recipient_id, "books", "anna", percent=2),
        ),
        key,
    )
    teller.consents[about] = signed
    return signed


def order(teller: Teller, holder_id: str, **action: Any) -> SignedDocument:
    """An instruction of a holder about its own account."""
    moment_us = max(teller.now_us, teller.books.committed_us + 1)
    used = [nonce for who, nonce in teller.books.nonces if who == holder_id]
    return sign_document(
        dsse.HOLDER_ORDER,
        HolderOrder(
            network_id=network_id(teller),
            holder_id=holder_id,
            nonce=teller.one_of(used) if used and teller.chance(5) else teller.nonce(),
            expires_us=moment_us + teller.sometimes_wrong(3_600_000_000, 0, 1, 3, percent=6),
            **action,
        ),
        teller.holder_key(holder_id),
    )


def countersigner(teller: Teller, party_id: str) -> SigningKey:
    """A key of the party that a document binds; now and then another."""
    party = teller.books.parties.get(party_id)
    if party is None or teller.chance(5):
        return teller.one_of((*cast.keys_of(party_id), *cast.keys_of(cast.STRANGER)[:1]))
    return cast.secret_of(teller.one_of(party["keys"]))


def application(network: str, party_id: str, keys: int = 1) -> SignedDocument:
    """A party asks to join."""
    owned = cast.keys_of(party_id)[:keys]
    return sign_document(
        dsse.PARTY_APPLICATION,
        PartyApplication(
            network_id=network,
            party_id=party_id,
            kind=cast.PARTIES.get(party_id, PARTNER),
            display_name=party_id.title(),
            public_keys=[key.public for key in owned],
        ),
        owned[0],
    )


def charity(teller: Teller) -> str:
    return teller.one_of(teller.of_kind(CHARITY) or [cast.STRANGER])
