"""A whole network in a folder, made without a server: the same parties, keys and holders for the same parameters.

Everything goes through the hub's own founding, ledger and store, so a hub takes the folder as its own and
`coalition hub verify` finds nothing to say. Keys follow from names: for measurements only.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Final

from coalition.keys import SigningKey
from partner_sdk._connection import Connection
from partner_sdk.wallet import Wallet

NETWORK_ID: Final = "bench.test"
TIME_ZONE: Final = "Europe/Berlin"
PASSPHRASE: Final = "bench"  # noqa: S105 - protects keys that anybody can compute
OPERATOR: Final = "operator"
#: Each of a holder's lots has at least so many points at the start.
OPENING_POINTS: Final = 150
#: Where people buy.
PARTNERS: Final = (
    "supermarket",
    "greengrocer",
    "bakery",
    "butcher",
    "pharmacy",
    "drugstore",
    "bookshop",
    "florist",
    "filling-station",
    "outfitter",
)
CHARITIES: Final = ("school", "shelter", "library", "sports-club", "choir")


@dataclass(frozen=True, slots=True)
class Size:
    """How large a town is. Two towns of the same size are alike."""

    holders: int
    #: Lots of each holder, each from another issuer.
    lots: int = 3
    #: Entries of the journal, at least; what is missing is filled up with purchases.
    entries: int = 0

    def __str__(self) -> str:
        return f"{self.holders}-holders-{self.lots}-lots-{self.entries}-entries"


@lru_cache(maxsize=20_000)
def key_of(name: str) -> SigningKey:
    """The key of a party or holder."""
    return SigningKey.from_seed(hashlib.sha256(f"coalition-bench/{name}".encode()).digest())


def holder_id(number: int) -> str:
    """A member's account, as wallets make them up: nothing can be told from it, and neighbours lie far apart."""
    return hashlib.blake2b(b"member %d" % number, digest_size=10).hexdigest()


def fund_of(charity: str) -> str:
    """The fund of a charity's campaign."""
    return f"{charity}-fund"


def wallet_of(member: str) -> Wallet:
    """A member's wallet."""
    return Wallet(NETWORK_ID, member, key_of(member))


@dataclass(frozen=True)
class Town:
    """A network's folder, and how its parties reach the hub that serves it."""

    folder: Path
    size: Size

    @property
    def tls(self) -> Path:
        """The folder of the certificate that the hub shows."""
        return self.folder / "tls"

    @cached_property
    def authority(self) -> bytes:
        """What clients check that certificate with."""
        return (self.tls / "ca.pem").read_bytes()

    def connection(self, party_id: str, address: str) -> Connection:
        """Everything that a client of a party needs."""
        names = (party_id, f"{party_id}-2") if party_id == OPERATOR else (party_id,)
        return Connection(
            network_id=NETWORK_ID,
            party_id=party_id,
            address=address,
            hub_keys=(key_of("hub").public,),
            keys=tuple(map(key_of, names)),
            tls_ca=self.authority,
            lifetime_s=7 * 86_400,
        )
