"""Envelopes: what opens was signed, byte for byte. Every single fault is in the vectors (refused_envelopes.json)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coalition import dsse
from coalition.envelope import (
    ENVELOPE_BYTES_MAX,
    SIGNATURES_MAX,
    TRANSACTIONS_MAX,
    OpenedEnvelope,
    envelope_digest,
    open_envelope,
    open_transactions,
    seal,
)
from coalition.errors import Refused, reason_name
from coalition.v1 import error_pb2
from coalition.v1.envelope_pb2 import EnvelopeHeader, Signature, SignedEnvelope
from coalition.v1.transaction_pb2 import CloseWindow, Transaction
from coalition.wire import encode
from vectors.cast import KEYS, NETWORK, NOW_US, identifier
from vectors.transactions import TRANSACTIONS

ALL = [encode(transaction) for transaction in TRANSACTIONS.values()]


def make(transactions: list[bytes], keys: list[str] | None = None, **changed: Any) -> bytes:
    """An envelope of the grocer's."""
    given_fields: dict[str, Any] = {
        "network_id": NETWORK,
        "author": "grocer",
        "keys": [KEYS[name] for name in keys or ["grocer"]],
        "created_us": NOW_US,
        "expires_us": NOW_US + 1,
    }
    return seal(transactions, **given_fields | changed)


def windows(count: int) -> list[bytes]:
    """Small transactions with different ids."""
    return [
        encode(
            Transaction(
                transaction_id=identifier(0)[:14] + number.to_bytes(2, "big"), close_window=CloseWindow(window=1)
            )
        )
        for number in range(count)
    ]


def refusal(data: bytes) -> Refused:
    """How an envelope is refused."""
    with pytest.raises(Refused) as caught:
        open_envelope(data)
    return caught.value


def test_envelope_opens_as_it_was_sealed() -> None:
    """Header, bytes of every transaction and signatures are those that were sealed."""
    opened = open_envelope(make(ALL, ["grocer", "grocer-new"], atomic=True))
    assert [item.raw for item in opened.transactions] == ALL
    assert [item.message for item in opened.transactions] == list(TRANSACTIONS.values())
    assert [item.kind for item in opened.transactions] == [item.WhichOneof("kind") for item in TRANSACTIONS.values()]
    assert [item.public_key for item in opened.signatures] == [KEYS["grocer"].public, KEYS["grocer-new"].public]
    assert opened.header == EnvelopeHeader.FromString(opened.header_bytes)
    assert (opened.header.author, opened.header.atomic, opened.header.transaction_count) == ("grocer", True, len(ALL))
    assert opened.digest == envelope_digest(opened.header_bytes)


def test_sealing_is_repeatable() -> None:
    """A retry that seals the same again sends the same bytes."""
    assert make(ALL) == make(ALL)


def test_as_many_transactions_as_allowed() -> None:
    """The limit itself is allowed; one more is refused, and the refusal names both numbers."""
    many = windows(TRANSACTIONS_MAX + 1)
    assert len(open_envelope(make(many[:-1])).transactions) == TRANSACTIONS_MAX
    refused = refusal(make(many))
    assert reason_name(refused.reason) == "TOO_MANY_TRANSACTIONS"
    assert refused.facts == {"transactions": str(TRANSACTIONS_MAX + 1), "limit": str(TRANSACTIONS_MAX)}


def test_as_many_bytes_as_allowed() -> None:
    """An envelope of the largest size is looked at; a larger one is refused before anything in it is decoded."""
    half = ENVELOPE_BYTES_MAX // 2
    room = ENVELOPE_BYTES_MAX - (len(make([bytes(half)])) - half)
    assert len(make([bytes(room)])) == ENVELOPE_BYTES_MAX
    assert refusal(make([bytes(room)])).facts == {"field": "transactions[0]"}
    refused = refusal(make([bytes(room + 1)]))
    assert reason_name(refused.reason) == "ENVELOPE_TOO_LARGE"
    assert refused.facts == {"bytes": str(ENVELOPE_BYTES_MAX + 1), "limit": str(ENVELOPE_BYTES_MAX)}


def test_as_many_signatures_as_allowed() -> None:
    """Four different keys may sign, not five."""
    names = list(KEYS)
    assert len(open_envelope(make(ALL, names[:SIGNATURES_MAX])).signatures) == SIGNATURES_MAX
    assert refusal(make(ALL, names[: SIGNATURES_MAX + 1])).facts == {"field": "signatures"}


def test_signature_is_checked_before_form() -> None:
    """Nothing is said about the contents of an envelope that was not signed."""
    envelope = SignedEnvelope.FromString(make([encode(Transaction(transaction_id=identifier(1)))]))
    assert reason_name(refusal(encode(envelope)).reason) == "FIELD_INVALID"
    envelope.signatures[0].signature = bytes(64)
    assert reason_name(refusal(encode(envelope)).reason) == "SIGNATURE_INVALID"


def test_header_is_shown_before_signatures_are_computed() -> None:
    """What the caller knows of networks, authors and times is asked after the header's form, before the rest."""
    shown: list[tuple[str, int]] = []

    def check(header: EnvelopeHeader, signatures: Sequence[Signature]) -> None:
        shown.append((header.author, len(signatures)))
        raise Refused(error_pb2.REASON_CLOCK_SKEW, "Set your clock.")

    envelope = SignedEnvelope.FromString(make(ALL))
    envelope.signatures[0].signature = bytes(64)
    for data, expected in ((encode(envelope), "CLOCK_SKEW"), (make(ALL, author=""), "MALFORMED")):
        with pytest.raises(Refused) as caught:
            open_envelope(data, check)
        assert reason_name(caught.value.reason) == expected
    assert shown == [("grocer", 1)]
    assert open_envelope(make(ALL), lambda header, signatures: None).header.author == "grocer"


def test_first_and_last_moments() -> None:
    """Any time after 1970 is good, if expiry follows creation."""
    for created_us in (1, 2**63 - 2):
        assert (
            open_envelope(make(ALL, created_us=created_us, expires_us=created_us + 1)).header.created_us == created_us
        )


def test_header_is_no_other_document() -> None:
    """A header that was signed as any other type is not signed."""
    for payload_type in (dsse.CONSENT, dsse.RECEIPT, dsse.TERMS, dsse.PARTY_APPLICATION):
        envelope = SignedEnvelope.FromString(make(ALL))
        envelope.signatures[0].CopyFrom(KEYS["grocer"].sign(payload_type, envelope.header))
        assert reason_name(refusal(encode(envelope)).reason) == "SIGNATURE_INVALID"


def test_faults_name_the_transaction() -> None:
    """A fault in the third of three transactions is reported there."""
    with pytest.raises(Refused) as caught:
        open_transactions([*windows(2), b"\xff"])
    assert caught.value.facts == {"field": "transactions[2]"}


VALID = make(windows(1) + ALL[:3])


def opened_or_refused(data: bytes) -> OpenedEnvelope | None:
    """What is in an envelope, or None when it is refused; anything else that is raised fails the test."""
    try:
        return open_envelope(data)
    except Refused:
        return None


@settings(max_examples=400)
@given(st.data())
def test_altered_envelope_is_refused(draw: Any) -> None:
    """However the bytes of a valid envelope are changed, cut, or mixed, they are refused, and nothing worse happens."""
    data = bytearray(VALID)
    for _ in range(draw.draw(st.integers(1, 4))):
        place = draw.draw(st.integers(0, len(data) - 1))
        match draw.draw(st.sampled_from(["flip", "set", "cut", "insert", "repeat"])):
            case "flip":
                data[place] ^= 1 << draw.draw(st.integers(0, 7))
            case "set":
                data[place] = draw.draw(st.integers(0, 255))
            case "cut":
                del data[place : place + draw.draw(st.integers(1, 8))]
            case "insert":
                data[place:place] = draw.draw(st.binary(min_size=1, max_size=8))
            case _:
                data[place:place] = data[place : place + draw.draw(st.integers(1, 40))]
        if not data:
            break
    assert bytes(data) == VALID or opened_or_refused(bytes(data)) is None


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, len(ALL) - 1), st.integers(0, 4_000), st.integers(0, 255)), max_size=4))
def test_altered_transactions_that_are_signed_anew(changes: list[tuple[int, int, int]]) -> None:
    """What an author signs may be anything: it opens to exactly the signed bytes, or is refused."""
    raws = [bytearray(raw) for raw in ALL]
    for which, place, value in changes:
        raws[which][place % len(raws[which])] = value
    signed = [bytes(raw) for raw in raws]
    opened = opened_or_refused(make(signed))
    assert opened is None or [item.raw for item in opened.transactions] == signed


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(data: bytes) -> None:
    """Whatever arrives that nobody signed is refused."""
    assert opened_or_refused(data) is None
