"""Documents signed by somebody other than the envelope's author: consents, applications, terms."""

from __future__ import annotations

from typing import TypeVar

from google.protobuf.message import Message

from coalition.errors import Refused
from coalition.keys import SigningKey, verify
from coalition.v1 import error_pb2
from coalition.v1.envelope_pb2 import SignedDocument
from coalition.wire import decode, encode

M = TypeVar("M", bound=Message)


def sign_document(payload_type: str, message: Message, key: SigningKey) -> SignedDocument:
    """`message`, serialised once and signed as `payload_type`."""
    document = encode(message)
    return SignedDocument(document=document, signature=key.sign(payload_type, document))


def open_document(kind: type[M], payload_type: str, signed: SignedDocument, where: str) -> M:
    """The message in `signed`, after its signature was checked against the key that it names.

    Whether that key may sign such a document is for the caller to know. Raises Refused: SIGNATURE_INVALID, MALFORMED or
    UNKNOWN_FIELD, naming `where`.
    """
    if not verify(signed.signature, payload_type, signed.document):
        raise Refused(
            error_pb2.REASON_SIGNATURE_INVALID,
            f"The signature of {where} does not match its bytes. Sign the exact bytes that are sent.",
            {"field": where},
        )
    return decode(kind, signed.document, where)
