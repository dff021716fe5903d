"""What all signed documents have in common: exact bytes, a text form, and a signature that was checked."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from google.protobuf.message import Message

from coalition import text_form
from coalition.documents import open_document, sign_document
from coalition.errors import Refused
from coalition.keys import SigningKey
from coalition.v1.envelope_pb2 import SignedDocument
from coalition.wire import decode, encode
from partner_sdk._errors import ScanError


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed(ABC):
    """A document together with the exact bytes that were signed. Its signature is right, whoever's key it is by."""

    network_id: str
    #: The raw public key that signed it, 32 bytes.
    signed_by: bytes = field(repr=False)
    #: The serialised SignedDocument of the protocol, to store or to pass on.
    signed: bytes = field(repr=False)

    letter: ClassVar[str]
    payload_type: ClassVar[str]
    message: ClassVar[type[Message]]

    @classmethod
    @abstractmethod
    def _fields(cls, message: Any) -> dict[str, Any]:
        """The values of a message of this kind, but for those that all documents have."""

    @classmethod
    def make(cls, message: Message, key: SigningKey) -> Self:
        """Sign a message of the protocol."""
        return cls._of(message, sign_document(cls.payload_type, message, key))

    @classmethod
    def from_bytes(cls, signed: bytes) -> Self:
        """The document in a serialised SignedDocument. Raises ScanError."""
        name = text_form.KINDS[cls.letter]
        try:
            document = decode(SignedDocument, signed, name)
            message = open_document(cls.message, cls.payload_type, document, name)
        except Refused as refused:
            raise ScanError(refused.message) from refused
        try:
            return cls._of(message, document)
        except (ValueError, KeyError, OverflowError) as error:
            raise ScanError(f"The text is {name}, but an incomplete one. Make it anew.") from error

    @classmethod
    def from_text(cls, text: str) -> Self:
        """The document in its text form, for example as a scanner gives it. Raises ScanError."""
        try:
            document = text_form.from_text(cls.letter, text)
        except text_form.TextFormError as error:
            raise ScanError(str(error)) from None
        return cls.from_bytes(document)

    def text(self) -> str:
        """The text form, which fits a QR code in alphanumeric mode."""
        return text_form.to_text(self.letter, self.signed)

    @classmethod
    def _of(cls, message: Any, document: SignedDocument) -> Self:
        return cls(
            network_id=message.network_id,
            signed_by=document.signature.public_key,
            signed=encode(document),
            **cls._fields(message),
        )


def document_of(signed: Signed | None) -> SignedDocument | None:
    """The message that carries a document inside a transaction."""
    return None if signed is None else SignedDocument.FromString(signed.signed)
