"""Signed documents as text that fits a QR code, and that says so when it was scanned badly.

    CP1C:AEXAUB3UMVZXILL...

`CP`, the format's version, a letter for the kind of document, a colon, then base32 (RFC 4648 §6, upper case, without
padding) of the document's bytes followed by the first four bytes of SHA-256 over the part before the colon and those
bytes. Every character is in the QR code's alphanumeric mode (ISO/IEC 18004 §7.4.4), which takes 5.5 bits for each.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import Final

_PREFIX: Final = "CP"
_VERSION: Final = "1"
_CHECKSUM_BYTES: Final = 4
_ALPHABET: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
#: Longer than any document; a scanner that sends more is sending something else.
_LENGTH_MAX: Final = 4_296

#: The letters of the format, and what people call the documents.
KINDS: Final[Mapping[str, str]] = {
    "A": "an application of a party",
    "C": "a consent",
    "D": "a decision on a settlement run",
    "G": "a campaign",
    "K": "a request for a one-time code",
    "O": "an order of a holder",
    "P": "a pledge",
    "R": "a change of a party's keys",
    "T": "terms",
}


class TextFormError(ValueError):
    """A text that is damaged, or of another kind; says what to do."""


def to_text(letter: str, document: bytes) -> str:
    """The text form of a document of this kind."""
    assert letter in KINDS
    head = f"{_PREFIX}{_VERSION}{letter}"
    body = base64.b32encode(document + _checksum(head, document)).decode().rstrip("=")
    return f"{head}:{body}"


def from_text(letter: str, text: str) -> bytes:
    """The document in a text form of this kind. Blanks and line ends around it, which scanners add, do not matter.

    Raises TextFormError.
    """
    wanted = KINDS[letter]
    head, separator, body = text.strip().partition(":")
    if not separator or not head.upper().startswith(_PREFIX):
        raise TextFormError(
            f"This is not {wanted}: such a text begins with {_PREFIX}{_VERSION}{letter}:. Scan the right code."
        )
    if head.upper() == head.lower().upper() != head or body != body.upper():
        raise TextFormError("The scanner sends lower-case letters: switch off its caps lock or case conversion.")
    if len(head) != len(_PREFIX) + 2 or head[-2] != _VERSION:
        raise TextFormError(
            f"This code was made by another version of the app ({head}); this till reads version {_VERSION}."
        )
    if head[-1] != letter:
        found = KINDS.get(head[-1], "something else")
        raise TextFormError(f"This is {found}, and {wanted} is needed.")
    document = _decoded(body)
    if document[-_CHECKSUM_BYTES:] != _checksum(head, document[:-_CHECKSUM_BYTES]):
        raise TextFormError("The text is damaged: its checksum is wrong. Scan it again, the whole of it.")
    return document[:-_CHECKSUM_BYTES]


def _decoded(body: str) -> bytes:
    strange = sorted(set(body) - _ALPHABET)
    if strange:
        raise TextFormError(f"The text has a character that does not belong there ({strange[0]!r}). Scan it again.")
    if len(body) > _LENGTH_MAX:
        raise TextFormError("The text is too long to be one code. Scan one code at a time.")
    try:
        document = base64.b32decode(body + "=" * (-len(body) % 8))
    except binascii.Error:
        document = b""
    # Base32 has spare bits at the end; only one spelling of a document is taken.
    canonical = base64.b32encode(document).decode().rstrip("=") == body
    if not canonical or len(document) <= _CHECKSUM_BYTES:
        raise TextFormError("The text is cut off or damaged. Scan it again, the whole of it.")
    return document


def _checksum(head: str, document: bytes) -> bytes:
    return hashlib.sha256(head.encode() + document).digest()[:_CHECKSUM_BYTES]
