"""Vectors of what is signed: keys, pre-authentication encodings, documents, transactions, envelopes, tokens."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from coalition import dsse, tokens
from coalition.dsse import pre_authentication_encoding
from coalition.envelope import envelope_digest, seal
from coalition.keys import SigningKey, fingerprint
from coalition.merkle import leaf_hash
from coalition.v1.envelope_pb2 import EnvelopeHeader, SignedEnvelope
from coalition.wire import encode
from vectors.cast import KEYS, MINUTE_US, NETWORK, NOW_US
from vectors.documents import DOCUMENTS
from vectors.transactions import TRANSACTIONS

NOW_S = NOW_US // 1_000_000


def as_json(message: Message) -> dict[str, Any]:
    """A message in ProtoJSON, with the field names of the .proto files."""
    return MessageToDict(message, preserving_proto_field_name=True)


def keys() -> dict[str, Any]:
    """Every key that the other files name."""
    return {
        "description": "The keys that other files name. A seed is SHA-256 of 'coalition vectors: ' and the key's name.",
        "vectors": [
            {
                "name": name,
                "seed": key.seed().hex(),
                "public_key": key.public.hex(),
                "fingerprint": fingerprint(key.public),
            }
            for name, key in KEYS.items()
        ],
    }


def payload_types() -> dict[str, Any]:
    """The pre-authentication encoding of every payload type."""
    payload = b"coalition"
    types = {name: value for name, value in vars(dsse).items() if name.isupper() and not name.startswith("_")}
    return {
        "description": "DSSE pre-authentication encoding of a payload as each payload type, signed by 'grocer'.",
        "vectors": [
            {
                "payload_type": value,
                "payload": payload.hex(),
                "pre_authentication_encoding": pre_authentication_encoding(value, payload).hex(),
                "signature": KEYS["grocer"].sign(value, payload).signature.hex(),
            }
            for value in types.values()
        ],
    }


def documents() -> dict[str, Any]:
    """Every document of DOCUMENTS."""
    vectors = []
    for name, document in DOCUMENTS.items():
        signed = document.signed()
        vectors.append(
            {
                "name": name,
                "message": document.message.DESCRIPTOR.full_name,
                "json": as_json(document.message),
                "document": signed.document.hex(),
                "payload_type": document.payload_type,
                "signer": document.signer,
                "signature": signed.signature.signature.hex(),
                "signed_document": encode(signed).hex(),
            }
        )
    return {
        "description": "Documents that somebody other than the envelope's author signs, alone and as SignedDocument.",
        "vectors": vectors,
    }


def transactions() -> dict[str, Any]:
    """Every transaction of TRANSACTIONS."""
    return {
        "description": "A well-formed transaction of every kind. leaf_hash is its leaf in the header's tree.",
        "vectors": [
            {
                "name": name,
                "kind": transaction.WhichOneof("kind"),
                "json": as_json(transaction),
                "transaction": encode(transaction).hex(),
                "leaf_hash": leaf_hash(encode(transaction)).hex(),
            }
            for name, transaction in TRANSACTIONS.items()
        ],
    }


def sealed(names: list[str], author: str, signers: list[str], *, atomic: bool = False) -> bytes:
    """An envelope over transactions of TRANSACTIONS."""
    return seal(
        [encode(TRANSACTIONS[name]) for name in names],
        network_id=NETWORK,
        author=author,
        keys=[KEYS[signer] for signer in signers],
        created_us=NOW_US,
        expires_us=NOW_US + 10 * MINUTE_US,
        atomic=atomic,
    )


def envelopes() -> dict[str, Any]:
    """Envelopes that are accepted, as far as can be told without state."""
    vectors = []
    for name, contents, author, signers, atomic in (
        ("one transaction", ["issue"], "grocer", ["grocer"], False),
        ("three transactions, all or none", ["redeem", "hold", "release"], "pharmacy", ["pharmacy"], True),
        ("two signatures", ["adjust points", "adjust obligation"], "operator", ["operator", "operator-second"], False),
        ("every kind", list(TRANSACTIONS), "operator", ["operator"], False),
    ):
        data = sealed(contents, author, signers, atomic=atomic)
        envelope = SignedEnvelope.FromString(data)
        vectors.append(
            {
                "name": name,
                "transactions": contents,
                "signers": signers,
                "header_json": as_json(EnvelopeHeader.FromString(envelope.header)),
                "header": envelope.header.hex(),
                "pre_authentication_encoding": pre_authentication_encoding(dsse.ENVELOPE_HEADER, envelope.header).hex(),
                "signatures": [signature.signature.hex() for signature in envelope.signatures],
                "digest": envelope_digest(envelope.header).hex(),
                "envelope": data.hex(),
            }
        )
    return {
        "description": "Envelopes over the transactions that transactions.json has under the same names.",
        "vectors": vectors,
    }


def _token(header: dict[str, Any], claims: dict[str, Any], key: SigningKey | bytes | None) -> str:
    """A JWT made by hand: signed by a key, authenticated by a secret, or neither."""
    parts = [base64.urlsafe_b64encode(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims)]
    data = b".".join(part.rstrip(b"=") for part in parts)
    if isinstance(key, SigningKey):
        signature = key.sign_raw(data)
    elif key is not None:
        signature = hmac.digest(key, data, hashlib.sha256)
    else:
        signature = b""
    return (data + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


def access_tokens() -> dict[str, Any]:
    """Tokens as the hub of the network must judge them at NOW_S, when only the grocer's key is known."""
    key = KEYS["grocer"]
    header = {"alg": "EdDSA", "typ": "JWT", "kid": fingerprint(key.public)}
    claims = {"iss": "grocer", "aud": tokens.audience(NETWORK, tokens.HUB), "iat": NOW_S, "exp": NOW_S + 300}
    accepted = {
        "made now": tokens.make_token("grocer", key, network_id=NETWORK, service=tokens.HUB, now_s=NOW_S),
        "expired within the leeway": _token(header, claims | {"iat": NOW_S - 329, "exp": NOW_S - 29}, key),
        "from a clock that is a little fast": _token(header, claims | {"iat": NOW_S + 30, "exp": NOW_S + 330}, key),
    }
    refused = {
        "for the settlement service": _token(header, claims | {"aud": f"{NETWORK}/settlement"}, key),
        "for another network": _token(header, claims | {"aud": "other/hub"}, key),
        "without an audience": _token(header, {name: claims[name] for name in ("iss", "iat", "exp")}, key),
        "expired": _token(header, claims | {"iat": NOW_S - 330, "exp": NOW_S - 30}, key),
        "from the future": _token(header, claims | {"iat": NOW_S + 31, "exp": NOW_S + 331}, key),
        "not valid yet": _token(header, claims | {"nbf": NOW_S + 31}, key),
        "lives too long": _token(header, claims | {"exp": NOW_S + 301}, key),
        "without an expiry": _token(header, {name: claims[name] for name in ("iss", "aud", "iat")}, key),
        "made at half a second": _token(header, claims | {"iat": NOW_S + 0.5, "nbf": NOW_S}, key),
        "expires at half a second": _token(header, claims | {"exp": NOW_S + 0.5}, key),
        "begins at half a second": _token(header, claims | {"nbf": NOW_S + 0.5}, key),
        "expiry as text": _token(header, claims | {"exp": str(NOW_S + 300)}, key),
        "without an issuer": _token(header, {name: claims[name] for name in ("aud", "iat", "exp")}, key),
        "an issuer that is no text": _token(header, claims | {"iss": 7}, key),
        "unsigned": _token(header | {"alg": "none"}, claims, None),
        "signature missing": _token(header, claims, None),
        "the public key as a shared secret": _token(header | {"alg": "HS256"}, claims, key.public),
        "by another party's key": _token(
            header | {"kid": fingerprint(KEYS["pharmacy"].public)}, claims, KEYS["pharmacy"]
        ),
        "by another key under this key's name": _token(header, claims, KEYS["pharmacy"]),
        "of a party that nobody knows": _token(header, claims | {"iss": "stranger"}, key),
        "without the key's name": _token({"alg": "EdDSA", "typ": "JWT"}, claims, key),
    }
    return {
        "description": "Tokens as the hub of network 'vectors' judges them at now_s. It knows one party, 'grocer', by "
        "the key 'grocer'. The accepted ones prove that party; the others are refused with UNAUTHENTICATED.",
        "now_s": NOW_S,
        "vectors": [
            *({"name": name, "token": token, "accepted": True} for name, token in accepted.items()),
            *({"name": name, "token": token, "accepted": False} for name, token in refused.items()),
        ],
    }
