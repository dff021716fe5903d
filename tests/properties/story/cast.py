"""Who takes part: names, and keys made from names, so that they are the same in every story."""

from __future__ import annotations

import hashlib
from functools import cache

from coalition.keys import SigningKey
from tests.properties.model.books import AUDITOR, CHARITY, HUB, OPERATOR, PARTNER

NETWORK_ID = "quarter"
OTHER_NETWORK_ID = "harbour"
OPERATOR_ID, HUB_ID = "operator", "hub"

#: Those that take part from the beginning, or ask to.
PARTIES = {
    OPERATOR_ID: OPERATOR,
    HUB_ID: HUB,
    "grocer": PARTNER,
    "butcher": PARTNER,
    "chemist": PARTNER,
    "school": CHARITY,
    "shelter": CHARITY,
    "auditor": AUDITOR,
    "florist": PARTNER,
    "museum": CHARITY,
}
#: Not registered until the operator does so.
APPLICANTS = ("florist", "museum")
STRANGER = "stranger"
MEMBERS = ("anna", "bert", "cleo", "dora", "emil", "finn")
FUNDS = ("books", "meals", "trees", "boats")
CAMPAIGNS = ("spring-fair", "new-roof")
ALIASES = ("card-1", "card-2", "card-3")
ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "America/Santiago",
    "UTC",
)


@cache
def key(name: str) -> SigningKey:
    """The key of a name: `grocer` is a party's or holder's first, `grocer/2` its second."""
    return SigningKey.from_seed(hashlib.sha256(f"story {name}".encode()).digest())


@cache
def keys_of(name: str) -> tuple[SigningKey, ...]:
    """All keys that a party or holder may ever have in a story."""
    return tuple(key(f"{name}/{number}") for number in range(1, 5))


_OWNERS = (*PARTIES, STRANGER, *MEMBERS, "nobody")


@cache
def _by_public() -> dict[bytes, SigningKey]:
    return {found.public: found for name in _OWNERS for found in keys_of(name)}


def secret_of(public: bytes) -> SigningKey:
    """The key that belongs to a public one."""
    return _by_public()[public]
