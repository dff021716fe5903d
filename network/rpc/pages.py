"""Page tokens: where a list goes on, bound to the list that they are of."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Final

from coalition.errors import Refused
from network.rpc.asking import invalid

_SEQUENCE_BYTES: Final = 8
_DIGEST_BYTES: Final = 8


def page_token(after: int, *listing: object) -> str:
    """The token by which the list described by `listing` goes on after a sequence; empty where it does not."""
    if after == 0:
        return ""
    return base64.urlsafe_b64encode(after.to_bytes(_SEQUENCE_BYTES, "big") + _digest(listing)).decode()


def page_start(token: str, *listing: object) -> int:
    """The sequence after which a page begins; 0 for the first. Raises Refused with FIELD_INVALID."""
    if not token:
        return 0
    try:
        data = base64.b64decode(token, b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise _wrong() from None
    if len(data) != _SEQUENCE_BYTES + _DIGEST_BYTES or data[_SEQUENCE_BYTES:] != _digest(listing):
        raise _wrong()
    after = int.from_bytes(data[:_SEQUENCE_BYTES], "big")
    # The digest is no secret, so the number may be anybody's; no sequence is larger.
    if not 0 < after < 1 << 63:
        raise _wrong()
    return after


def _digest(listing: tuple[object, ...]) -> bytes:
    """Not a secret: it tells a token of another list from one of this."""
    return hashlib.sha256(repr(listing).encode()).digest()[:_DIGEST_BYTES]


def _wrong() -> Refused:
    return invalid("page_token", "must be the next_page_token of the same list, with the same filters")
