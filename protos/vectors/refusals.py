"""Vectors of what must be refused: encodings that are not canonical, envelopes that are not what they seem."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from google.protobuf.message import Message

from coalition import dsse
from coalition.envelope import open_envelope
from coalition.errors import Refused, reason_name
from coalition.form import POINTS_MAX
from coalition.keys import SigningKey
from coalition.merkle import root_over
from coalition.v1 import transaction_pb2 as pb
from coalition.v1.envelope_pb2 import EnvelopeHeader, Signature, SignedDocument, SignedEnvelope
from coalition.v1.settlement_service_pb2 import RunDecision
from coalition.wire import decode, encode
from vectors.cast import KEYS, MEMBER, MINUTE_US, NETWORK, NOW_US, identifier
from vectors.documents import signed
from vectors.transactions import TRANSACTIONS

#: Field 1000, which no message has, with the number 1.
_UNKNOWN = b"\xc0\x3e\x01"


def _header(transactions: Sequence[bytes], **changed: Any) -> bytes:
    fields: dict[str, Any] = {
        "network_id": NETWORK,
        "author": "grocer",
        "created_us": NOW_US,
        "expires_us": NOW_US + 10 * MINUTE_US,
        "transaction_count": len(transactions),
        "transactions_root": root_over(transactions),
    }
    return encode(EnvelopeHeader(**fields | changed))


def _sign(header: bytes, key: SigningKey, payload_type: str = dsse.ENVELOPE_HEADER) -> Signature:
    return key.sign(payload_type, header)


def _envelope(transactions: Sequence[bytes], header: bytes | None = None, *signatures: Signature) -> bytes:
    """An envelope, by default with a right header, signed by the grocer."""
    header = _header(transactions) if header is None else header
    return encode(
        SignedEnvelope(
            header=header, transactions=transactions, signatures=signatures or [_sign(header, KEYS["grocer"])]
        )
    )


def _with_unknown(message: Message, path: str = "") -> bytes:
    """The message with an unknown field in the message at `path`."""
    copy = type(message)()
    copy.CopyFrom(message)
    inner: Any = copy
    for name in filter(None, path.split(".")):
        inner = getattr(inner, name)
    inner.MergeFromString(_UNKNOWN)
    return copy.SerializeToString(deterministic=True)


def decoding() -> dict[str, Any]:
    """Bytes that a lax reader would accept."""
    issue = pb.Transaction(transaction_id=identifier(2), issue=pb.Issue(holder_id=MEMBER, points=5))
    raw = encode(issue)
    first, second = raw[:18], raw[18:]
    header = _header([raw], atomic=True)
    decision = encode(RunDecision(network_id=NETWORK, windows=[7]))
    redeem = TRANSACTIONS["redeem"]
    cases: list[tuple[str, type[Message], bytes]] = [
        ("canonical", pb.Transaction, raw),
        ("nothing at all", pb.Transaction, b""),
        ("unknown field", pb.Transaction, _with_unknown(issue)),
        ("unknown field between known ones", pb.Transaction, first + _UNKNOWN + second),
        ("unknown field one level down", pb.Transaction, _with_unknown(issue, "issue")),
        ("unknown field two levels down", pb.Transaction, _with_unknown(redeem, "redeem.consent")),
        ("unknown field three levels down", pb.Transaction, _with_unknown(redeem, "redeem.consent.signature")),
        ("unknown kind", pb.Transaction, first + b"\xc2\x3e\x00"),
        ("field twice", pb.Transaction, first + first + second),
        ("two kinds", pb.Transaction, raw + encode(pb.Transaction(close_window=pb.CloseWindow(window=1)))),
        ("message in two parts", pb.Transaction, first + b"\x12\x02\x10\x05" + b"\x12\x0d\x0a\x0b" + MEMBER.encode()),
        ("fields out of order", pb.Transaction, second + first),
        ("number too long", pb.CloseWindow, b"\x08\x81\x00"),
        ("length too long", pb.Transaction, b"\x0a\x90\x00" + raw[2:]),
        ("tag too long", pb.CloseWindow, b"\x88\x00\x01"),
        ("default value written", pb.Capture, b"\x10\x00"),
        ("truth that is not 1", EnvelopeHeader, header.replace(b"\x30\x01\x3a\x20", b"\x30\x02\x3a\x20")),
        ("number beyond 32 bits", EnvelopeHeader, b"\x28\x81\x80\x80\x80\x10"),
        ("list not packed", RunDecision, decision.replace(b"\x22\x01\x07", b"\x20\x07")),
        ("truncated", pb.Transaction, raw[:-1]),
        ("one byte more", pb.Transaction, raw + b"\x00"),
        ("wrong wire type", pb.Transaction, b"\x08\x01"),
        ("text that is not UTF-8", pb.Release, b"\x12\x02\xc3\x28"),
        ("group", pb.Transaction, raw + b"\xc3\x3e\xc4\x3e"),
    ]
    return {
        "description": "Bytes as messages of one type. 'accepted' is null, or the reason for which they are refused.",
        "vectors": [
            {
                "name": name,
                "message": kind.DESCRIPTOR.full_name,
                "bytes": data.hex(),
                "refused": _reason(lambda kind=kind, data=data: decode(kind, data, "message")),
            }
            for name, kind, data in cases
        ],
    }


def _reason(act: Any) -> str | None:
    try:
        act()
    except Refused as refused:
        return reason_name(refused.reason)
    return None


def _changed(name: str, **fields: Any) -> bytes:
    """A transaction of TRANSACTIONS with other fields in its kind."""
    copy = pb.Transaction()
    copy.CopyFrom(TRANSACTIONS[name])
    inner = getattr(copy, copy.WhichOneof("kind") or "")
    for field, value in fields.items():
        if isinstance(value, Message):
            getattr(inner, field).CopyFrom(value)
        else:
            setattr(inner, field, value)
    return encode(copy)


def _bad_consent() -> SignedDocument:
    consent = signed("consent-redeem")
    consent.document = consent.document.replace(b"pharmacy", b"pharmacx")
    return consent


def envelopes() -> dict[str, Any]:
    """Envelopes that are refused before any state is looked at."""
    issue, redeem, close_window = (encode(TRANSACTIONS[name]) for name in ("issue", "redeem", "close_window"))
    both = [issue, close_window]
    right = _header(both)
    mine, other = _sign(right, KEYS["grocer"]), _sign(right, KEYS["pharmacy"])
    flipped = bytes([mine.signature[0] ^ 1]) + mine.signature[1:]
    weak_key = b"\x01" + bytes(31)
    valid = _envelope(both)
    consent = signed("consent-redeem").document
    cases: dict[str, bytes] = {
        "nothing at all": b"",
        "truncated": valid[:-1],
        "one byte more": valid + b"\x00",
        "unknown field": valid + _UNKNOWN,
        "unknown field in a signature": encode(SignedEnvelope(header=right, transactions=both))
        + b"\x1a\x67"
        + encode(mine)
        + _UNKNOWN,
        "unknown field in the header": _envelope(both, right + _UNKNOWN),
        "unknown field in a transaction": _envelope([issue + _UNKNOWN, close_window]),
        "signatures before transactions": _out_of_order(valid),
        "no transaction": _envelope([]),
        "too few transactions": _envelope(both, _header(both, transaction_count=3)),
        "too many transactions": _envelope(both, _header(both, transaction_count=1)),
        "no network": _envelope(both, _header(both, network_id="")),
        "no author": _envelope(both, _header(both, author="")),
        "author with capitals": _envelope(both, _header(both, author="Grocer")),
        "no time of creation": _envelope(both, _header(both, created_us=0)),
        "created before 1970": _envelope(both, _header(both, created_us=-1)),
        "expires when it is made": _envelope(both, _header(both, expires_us=NOW_US)),
        "no signature": encode(SignedEnvelope(header=right, transactions=both)),
        "the same key twice": _envelope(both, right, mine, mine),
        "five signatures": _envelope(both, right, *(_sign(right, key) for key in list(KEYS.values())[:5])),
        "forged signature": _envelope(both, right, Signature(public_key=mine.public_key, signature=flipped)),
        "truncated signature": _envelope(
            both, right, Signature(public_key=mine.public_key, signature=mine.signature[:-1])
        ),
        "empty signature": _envelope(both, right, Signature()),
        "swapped signatures": _envelope(
            both,
            right,
            Signature(public_key=mine.public_key, signature=other.signature),
            Signature(public_key=other.public_key, signature=mine.signature),
        ),
        "second signature forged": _envelope(
            both, right, mine, Signature(public_key=other.public_key, signature=flipped)
        ),
        "signature over another header": _envelope(both, right, _sign(_header([issue]), KEYS["grocer"])),
        "signed as another type": _envelope(both, right, _sign(right, KEYS["grocer"], dsse.RECEIPT)),
        "signed without the encoding": _envelope(
            both, right, Signature(public_key=mine.public_key, signature=KEYS["grocer"].sign_raw(right))
        ),
        "weak key": _envelope(both, right, Signature(public_key=weak_key, signature=weak_key + bytes(32))),
        "swapped transactions": _envelope([close_window, issue], right),
        "another transaction": _envelope([issue, redeem], right),
        "header of another envelope": _envelope(both, _header([issue, redeem])),
        "the same transaction twice": _envelope([issue, issue]),
        "the same id twice": _envelope([issue, _changed("issue", points=7)]),
        "transaction without a kind": _envelope([encode(pb.Transaction(transaction_id=identifier(1)))]),
        "empty transaction": _envelope([b""]),
        "random id": _envelope(
            [encode(pb.Transaction(transaction_id=b"\xff" * 16, issue=TRANSACTIONS["issue"].issue))]
        ),
        "zero points": _envelope([close_window, _changed("issue", points=0)]),
        "negative points": _envelope([_changed("issue", points=-1)]),
        "too many points": _envelope([_changed("issue", points=POINTS_MAX + 1)]),
        "overflowing points": _envelope([_changed("issue", points=2**63 - 1)]),
        "several fields wrong": _envelope([_changed("issue", points=0, holder_id="", reason="x" * 41)]),
        "altered consent": _envelope([_changed("redeem", consent=_bad_consent())]),
        "consent without a signature": _envelope(
            [_changed("redeem", consent=SignedDocument(document=consent, signature=Signature()))]
        ),
        "consent signed as a pledge": _envelope([_changed("redeem", consent=_resigned("consent-redeem", dsse.PLEDGE))]),
    }
    return {
        "description": "Envelopes that are refused without looking at any state, with the reason and the wrong fields.",
        "vectors": [{"name": name, "envelope": data.hex()} | _judge(data) for name, data in cases.items()],
    }


def _resigned(name: str, payload_type: str) -> SignedDocument:
    document = signed(name).document
    return SignedDocument(document=document, signature=KEYS["member"].sign(payload_type, document))


def _out_of_order(envelope: bytes) -> bytes:
    """The same envelope with its signatures in front of its transactions."""
    parsed = SignedEnvelope.FromString(envelope)
    return b"".join(
        encode(part)
        for part in (
            SignedEnvelope(header=parsed.header),
            SignedEnvelope(signatures=parsed.signatures),
            SignedEnvelope(transactions=parsed.transactions),
        )
    )


def _judge(envelope: bytes) -> dict[str, Any]:
    try:
        open_envelope(envelope)
    except Refused as refused:
        fields = [violation.field for violation in refused.violations]
        return {
            "reason": reason_name(refused.reason),
            "fields": fields or [*filter(None, [refused.facts.get("field")])],
        }
    raise AssertionError("an envelope that must be refused was accepted")
