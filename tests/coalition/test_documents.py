"""Documents signed by somebody other than the envelope's author."""

from __future__ import annotations

import pytest

from coalition import dsse
from coalition.documents import open_document, sign_document
from coalition.errors import Refused, reason_name
from coalition.v1.consent_pb2 import Consent
from coalition.v1.envelope_pb2 import SignedDocument
from vectors.cast import KEYS
from vectors.documents import DOCUMENTS, signed

CONSENT = DOCUMENTS["consent-redeem"].message


def reason(document: SignedDocument, payload_type: str = dsse.CONSENT) -> str:
    """Why a consent does not open."""
    with pytest.raises(Refused) as caught:
        open_document(Consent, payload_type, document, "redeem.consent")
    assert caught.value.facts == {"field": "redeem.consent"}
    return reason_name(caught.value.reason)


def test_document_opens_as_it_was_signed() -> None:
    """The message comes back, with the key that signed it."""
    document = sign_document(dsse.CONSENT, CONSENT, KEYS["member"])
    assert open_document(Consent, dsse.CONSENT, document, "consent") == CONSENT
    assert document.signature.public_key == KEYS["member"].public


def test_every_other_type_is_refused() -> None:
    """A signature made for one type of document is worth nothing for another."""
    types = {document.payload_type for document in DOCUMENTS.values()} - {dsse.CONSENT}
    assert {reason(signed("consent-redeem"), payload_type) for payload_type in types} == {"SIGNATURE_INVALID"}


@pytest.mark.parametrize("field", ["document", "public_key", "signature"])
def test_altered_document_is_refused(field: str) -> None:
    """Every part of a signed document is covered."""
    document = signed("consent-redeem")
    part = document if field == "document" else document.signature
    value = getattr(part, field)
    for altered in (b"", value[:-1], value + b"\x00", bytes([value[0] ^ 1]) + value[1:]):
        setattr(part, field, altered)
        assert reason(document) == "SIGNATURE_INVALID"


@pytest.mark.parametrize(
    ("altered", "expected"), [(b"\xff", "MALFORMED"), (b"\xc0\x3e\x01", "UNKNOWN_FIELD"), (b"\x28\x00", "MALFORMED")]
)
def test_signed_bytes_must_be_canonical(altered: bytes, expected: str) -> None:
    """A signature does not make up for bytes that are not the message's one encoding."""
    data = signed("consent-redeem").document + altered
    assert reason(SignedDocument(document=data, signature=KEYS["member"].sign(dsse.CONSENT, data))) == expected
