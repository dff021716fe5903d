"""Ids: UUIDv7 (RFC 9562 §5.7) for transactions, UUIDv8 (§5.8) where the id follows from what it names."""

from __future__ import annotations

import hashlib
import os
import re
import uuid
from typing import Final

TRANSACTION_ID_BYTES: Final = 16
NONCE_BYTES: Final = 16

_NETWORK_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_PARTY_ID: Final = re.compile(r"[a-z][a-z0-9-]{1,31}")
_HOLDER_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


def transaction_id(unix_ms: int, random: bytes) -> bytes:
    """A UUIDv7 from a time in milliseconds and 10 random bytes."""
    assert len(random) == 10
    tail = bytearray(random)
    tail[0] = 0x70 | tail[0] & 0x0F
    tail[2] = 0x80 | tail[2] & 0x3F
    return (unix_ms & 0xFFFFFFFFFFFF).to_bytes(6, "big") + bytes(tail)


def new_transaction_id(unix_ms: int) -> bytes:
    """A fresh UUIDv7."""
    return transaction_id(unix_ms, os.urandom(10))


def derived_id(*parts: str | bytes) -> bytes:
    """A UUIDv8 that follows from `parts`: whoever computes it gets the same, so the same work is done once."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(4, "big") + data)
    tail = bytearray(digest.digest()[:16])
    tail[6] = 0x80 | tail[6] & 0x0F
    tail[8] = 0x80 | tail[8] & 0x3F
    return bytes(tail)


def id_text(identifier: bytes) -> str:
    """The canonical text of a 16-byte id: `01890a5d-ac96-774b-bcce-b302099a8057`."""
    return str(uuid.UUID(bytes=identifier))


def id_from_text(text: str) -> bytes:
    """The 16 bytes of an id's text. Raises ValueError."""
    return uuid.UUID(text).bytes


def is_transaction_id(identifier: bytes) -> bool:
    """Whether these are 16 bytes with the version (7 or 8) and variant bits of RFC 9562."""
    return len(identifier) == TRANSACTION_ID_BYTES and identifier[6] >> 4 in (7, 8) and identifier[8] >> 6 == 2


def is_network_id(text: str) -> bool:
    """Letters, digits, dot, hyphen and underscore, 1 to 64 characters, a letter or digit first.

    A network's id is part of key names in signed notes, which have neither spaces nor plus signs.
    """
    return _NETWORK_ID.fullmatch(text) is not None


def is_party_id(text: str) -> bool:
    """Lower-case letters, digits and hyphens, 2 to 32 characters, a letter first. Campaign ids have the same form."""
    return _PARTY_ID.fullmatch(text) is not None


def is_holder_id(text: str) -> bool:
    """Letters, digits, hyphen and underscore, 1 to 64 characters."""
    return _HOLDER_ID.fullmatch(text) is not None


def new_nonce() -> bytes:
    """16 random bytes for a consent or an order."""
    return os.urandom(NONCE_BYTES)
