"""Envelopes that a hub refuses: each with its own clear error, and nothing changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import grpc
import pytest

from coalition import dsse
from coalition.documents import sign_document
from coalition.errors import reason_name
from coalition.form.checks import POINTS_MAX
from coalition.ids import id_text
from coalition.v1 import transaction_pb2 as pb
from coalition.v1.consent_pb2 import CONSENT_PURPOSE_REDEEM, Consent
from coalition.v1.envelope_pb2 import SignedDocument, SignedEnvelope
from coalition.v1.ledger_service_pb2 import SubmitRequest
from coalition.wire import encode
from tests.end_to_end.outsider import DAY_US, HOUR_US, UNKNOWN_FIELD, Outsider, failure

INT64_MAX: Final = 2**63 - 1
MEGABYTE: Final = 1 << 20

INVALID: Final = grpc.StatusCode.INVALID_ARGUMENT
UNAUTHENTICATED: Final = grpc.StatusCode.UNAUTHENTICATED
DENIED: Final = grpc.StatusCode.PERMISSION_DENIED

Make = Callable[[Outsider], bytes]


def changed(make: Make, change: Callable[[SignedEnvelope, Outsider], None]) -> Make:
    """An envelope that was changed after it was signed."""

    def tamper(outsider: Outsider) -> bytes:
        envelope = SignedEnvelope.FromString(make(outsider))
        change(envelope, outsider)
        return encode(envelope)

    return tamper


def issue(outsider: Outsider) -> bytes:
    return outsider.seal("grocer", outsider.issue())


def points(number: int) -> Make:
    return lambda outsider: outsider.seal("grocer", outsider.issue(), outsider.issue(number))


def adjustment(outsider: Outsider, keys: int = 2) -> bytes:
    correction = pb.PointsCorrection(holder_id="anna", issuer="grocer", points=1)
    transaction = outsider.transaction(adjust=pb.Adjust(reason="found", points=correction))
    return outsider.seal("operator", transaction, keys=[outsider.key(f"operator{n}") for n in ("", "-2")][:keys])


def forge(envelope: SignedEnvelope, _: Outsider) -> None:
    signature = bytearray(envelope.signatures[0].signature)
    signature[20] ^= 1
    envelope.signatures[0].signature = bytes(signature)


def truncate(envelope: SignedEnvelope, _: Outsider) -> None:
    envelope.signatures[0].signature = envelope.signatures[0].signature[:63]


def swap(envelope: SignedEnvelope, _: Outsider) -> None:
    first, second = envelope.signatures
    first.signature, second.signature = second.signature, first.signature


def take_from_another(envelope: SignedEnvelope, outsider: Outsider) -> None:
    envelope.signatures[0].CopyFrom(SignedEnvelope.FromString(issue(outsider)).signatures[0])


def sign_as_another(envelope: SignedEnvelope, outsider: Outsider) -> None:
    envelope.signatures[0].CopyFrom(outsider.key("pharmacy").sign(dsse.ENVELOPE_HEADER, envelope.header))


def exchange(envelope: SignedEnvelope, outsider: Outsider) -> None:
    envelope.transactions[0] = outsider.issue(1_000)


def redemption(outsider: Outsider, consent: SignedDocument) -> bytes:
    return outsider.seal("grocer", outsider.transaction(redeem=pb.Redeem(holder_id="anna", points=1, consent=consent)))


def consent_of(outsider: Outsider) -> Consent:
    return Consent(
        network_id=outsider.network.network_id,
        holder_id="anna",
        acceptor="grocer",
        purpose=CONSENT_PURPOSE_REDEEM,
        points_max=10,
        nonce=bytes(16),
        expires_us=outsider.now_us + HOUR_US,
    )


def consent_with_more(outsider: Outsider) -> bytes:
    document = encode(consent_of(outsider)) + UNKNOWN_FIELD
    signed = SignedDocument(document=document, signature=outsider.key("anna").sign(dsse.CONSENT, document))
    return redemption(outsider, signed)


def consent_forged(outsider: Outsider) -> bytes:
    signed = sign_document(dsse.CONSENT, consent_of(outsider), outsider.key("anna"))
    signed.signature.signature = outsider.key("pharmacy").sign(dsse.CONSENT, signed.document).signature
    return redemption(outsider, signed)


def times(created_us: int, expires_us: int) -> Make:
    """Both from now."""

    def make(outsider: Outsider) -> bytes:
        now_us = outsider.now_us
        return outsider.seal("grocer", outsider.issue(), created_us=now_us + created_us, expires_us=now_us + expires_us)

    return make


def nested_unknown(outsider: Outsider) -> bytes:
    """A field inside the issue that the issue does not have."""
    whole = pb.Transaction.FromString(outsider.issue())
    body = encode(whole.issue) + UNKNOWN_FIELD
    bare = encode(pb.Transaction(transaction_id=whole.transaction_id))
    return outsider.seal("grocer", bare + b"\x12" + bytes([len(body)]) + body)


REFUSED: dict[str, tuple[Make, str, grpc.StatusCode, str]] = {
    "forged signature": (changed(issue, forge), "SIGNATURE_INVALID", UNAUTHENTICATED, "Signature 0 does not match"),
    "truncated signature": (changed(issue, truncate), "SIGNATURE_INVALID", UNAUTHENTICATED, "Signature 0"),
    "swapped signatures": (changed(adjustment, swap), "SIGNATURE_INVALID", UNAUTHENTICATED, "Signature 0"),
    "signature of another envelope": (
        changed(issue, take_from_another),
        "SIGNATURE_INVALID",
        UNAUTHENTICATED,
        "Signature 0",
    ),
    "signature of another party": (changed(issue, sign_as_another), "KEY_UNKNOWN", UNAUTHENTICATED, "grocer"),
    "no signature": (
        changed(issue, lambda envelope, _: envelope.ClearField("signatures")),
        "MALFORMED",
        INVALID,
        "signatures",
    ),
    "one signature of two": (lambda o: adjustment(o, keys=1), "SIGNATURES_TOO_FEW", DENIED, "2 different keys"),
    "exchanged transaction": (changed(issue, exchange), "TRANSACTIONS_ROOT_MISMATCH", INVALID, "not the ones"),
    "forged consent": (consent_forged, "SIGNATURE_INVALID", UNAUTHENTICATED, "transactions[0].redeem.consent"),
    "another network": (
        lambda o: o.seal("grocer", o.issue(), network_id="elsewhere"),
        "WRONG_NETWORK",
        INVALID,
        "'elsewhere'",
    ),
    "expired": (times(-HOUR_US, 0), "ENVELOPE_EXPIRED", grpc.StatusCode.FAILED_PRECONDITION, "has expired"),
    "far future": (times(HOUR_US, 2 * HOUR_US), "CLOCK_SKEW", INVALID, "3600 seconds in the future"),
    "ends before it begins": (times(0, -1), "MALFORMED", INVALID, "header.expires_us"),
    "lifetime beyond policy": (times(0, 31 * DAY_US), "LIFETIME_TOO_LONG", INVALID, "2592000 seconds"),
    "unknown field in the envelope": (lambda o: issue(o) + UNKNOWN_FIELD, "UNKNOWN_FIELD", INVALID, "envelope has"),
    "unknown field in the header": (
        lambda o: o.seal("grocer", o.issue(), more_header=UNKNOWN_FIELD),
        "UNKNOWN_FIELD",
        INVALID,
        "envelope.header",
    ),
    "unknown field in a transaction": (
        lambda o: o.seal("grocer", o.issue(), o.issue() + UNKNOWN_FIELD),
        "UNKNOWN_FIELD",
        INVALID,
        "transactions[1]",
    ),
    "unknown field in an issue": (nested_unknown, "UNKNOWN_FIELD", INVALID, "transactions[0]"),
    "unknown field in a consent": (consent_with_more, "UNKNOWN_FIELD", INVALID, "transactions[0].redeem.consent"),
    "same id twice": (lambda o: o.seal("grocer", *[o.issue()] * 2), "DUPLICATE_ID", INVALID, "transactions[1]"),
    "unknown author": (lambda o: o.seal("nobody", o.issue()), "AUTHOR_UNKNOWN", UNAUTHENTICATED, "'nobody'"),
    "revoked key": (lambda o: o.seal("butcher", o.issue()), "KEY_REVOKED", UNAUTHENTICATED, "butcher was removed"),
    "suspended author": (lambda o: o.seal("baker", o.issue()), "PARTY_SUSPENDED", DENIED, "baker is suspended"),
    "another's kind": (
        lambda o: o.seal("grocer", o.transaction(close_window=pb.CloseWindow(window=1))),
        "KIND_NOT_ALLOWED",
        DENIED,
        "close_window",
    ),
    "zero points": (points(0), "FIELD_INVALID", INVALID, "transactions[1].issue.points must be from 1"),
    "negative points": (points(-1), "FIELD_INVALID", INVALID, "transactions[1].issue.points"),
    "too many points": (points(POINTS_MAX + 1), "FIELD_INVALID", INVALID, f"to {POINTS_MAX}"),
    "overflowing points": (points(INT64_MAX), "FIELD_INVALID", INVALID, str(INT64_MAX)),
    "1,001 transactions": (
        lambda o: o.seal("grocer", *(o.issue() for _ in range(1_001))),
        "TOO_MANY_TRANSACTIONS",
        INVALID,
        "1001",
    ),
    "more than a megabyte": (
        lambda o: o.seal("grocer", *(o.issue(holder_id="a" * 1_200) for _ in range(900))),
        "ENVELOPE_TOO_LARGE",
        INVALID,
        str(MEGABYTE),
    ),
    "empty": (lambda _: b"", "MALFORMED", INVALID, "at least one transaction"),
    "half": (lambda o: issue(o)[:80], "MALFORMED", INVALID, "envelope is not"),
    "garbage": (lambda _: bytes(range(256)), "MALFORMED", INVALID, "envelope is not"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_bad_envelope_is_refused_and_nothing_changes(outsider: Outsider, what: str) -> None:
    """The reason, the gRPC status and the words are its own; journal and totals are as they were."""
    make, reason, code, words = REFUSED[what]
    envelope, before = make(outsider), outsider.books()
    found, details, refused = failure(lambda: outsider.send(envelope))
    assert refused is not None, details
    assert (reason_name(refused.reason), found) == (reason, code)
    assert words in details
    assert outsider.books() == before


def test_id_of_something_else_is_refused(outsider: Outsider) -> None:
    """An id that was used cannot be used for other bytes; the error names the id and where it stands."""
    first = pb.Transaction.FromString(outsider.issue(7))
    (outcome,) = outsider.outcomes("grocer", encode(first))
    before = outsider.books()
    first.issue.points = 8
    code, details, refused = failure(lambda: outsider.send(outsider.seal("grocer", outsider.issue(), encode(first))))
    assert refused is not None
    assert (reason_name(refused.reason), code) == ("ID_CONFLICT", grpc.StatusCode.ALREADY_EXISTS)
    assert f"transactions[1]: grocer has used the id {id_text(first.transaction_id)}" in details
    assert refused.facts["sequence"] == str(outcome.sequence)
    assert outsider.books() == before


def test_message_that_grpc_does_not_take_is_refused(outsider: Outsider) -> None:
    """Far beyond the limit of envelopes the transport refuses by itself, and says how large a message may be."""
    before = outsider.books()
    code, details, _ = failure(lambda: outsider.send(bytes(4 * MEGABYTE)))
    assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "larger than max" in details
    assert outsider.books() == before


def test_refused_envelope_may_be_sent_again_corrected(outsider: Outsider) -> None:
    """A refusal leaves no trace, so the same transaction, with its id, is taken once the envelope is right."""
    transaction = outsider.issue(3)
    for header in ({"network_id": "elsewhere"}, {"created_us": outsider.now_us + HOUR_US, "expires_us": INT64_MAX}):
        failure(lambda header=header: outsider.send(outsider.seal("grocer", transaction, **header)))  # type: ignore[misc]
    response = outsider.ledger.Submit(SubmitRequest(envelope=outsider.seal("grocer", transaction)))
    assert list(response.replayed) == []
