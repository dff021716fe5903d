"""Who takes part in our vectors: fixed keys, ids and moments, so that every run gives the same bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

from coalition.ids import transaction_id
from coalition.keys import SigningKey

NETWORK: Final = "vectors"
MEMBER: Final = "member-0001"
OTHER_MEMBER: Final = "member-0002"
FUND: Final = "fund-new-roof"

#: 2023-11-14T22:13:20Z, when everything in the vectors happens, in microseconds since the Unix epoch.
NOW_US: Final = 1_700_000_000_000_000
MINUTE_US: Final = 60 * 1_000_000
DAY_US: Final = 86_400 * 1_000_000

_NAMES: Final = (
    "operator",
    "operator-second",
    "hub",
    "grocer",
    "grocer-new",
    "pharmacy",
    "school",
    "member",
    "member-new",
    "stranger",
)
#: The seed of each key is SHA-256 of "coalition vectors: " and its name.
KEYS: Final[Mapping[str, SigningKey]] = {
    name: SigningKey.from_seed(hashlib.sha256(f"coalition vectors: {name}".encode()).digest()) for name in _NAMES
}


def identifier(number: int) -> bytes:
    """A transaction id: a UUIDv7 of NOW_US whose random bytes all are `number`."""
    return transaction_id(NOW_US // 1_000, bytes([number]) * 10)


def nonce(number: int) -> bytes:
    """16 bytes that stand for random ones."""
    return bytes([number]) * 16
