"""Everything a client needs to know before its first call, checked when it is given and not when it is used."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from coalition.clock import Clock, system_clock
from coalition.ids import is_party_id
from coalition.keys import PUBLIC_KEY_BYTES, SigningKey
from partner_sdk._errors import ConfigurationError

DEFAULT_TIMEOUT_S: Final = 10.0
#: A write that was given up on cannot take effect later than this after it was made.
DEFAULT_LIFETIME_S: Final = 3_600
_PORT_MAX: Final = 65_535


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """Who calls which hub, and how. `Profile.connection` makes one from a file; raises ConfigurationError."""

    network_id: str
    party_id: str
    #: `host:port` of the hub.
    address: str
    #: Raw Ed25519 public keys of the hub; receipts signed by any other are not believed.
    hub_keys: tuple[bytes, ...]
    #: The party's keys. The first signs; what needs two signatures is signed by the first two.
    keys: tuple[SigningKey, ...]
    #: PEM certificates of the authority that signed the hub's; None: those that the system trusts.
    tls_ca: bytes | None = field(default=None, repr=False)
    #: The name in the hub's certificate, where it differs from the host in `address`.
    server_name: str | None = None
    #: `host:port` of the settlement service.
    settlement_address: str | None = None
    #: PEM certificates of the authority that signed the settlement service's; None: as for the hub.
    settlement_tls_ca: bytes | None = field(default=None, repr=False)
    clock: Clock = system_clock
    #: Seconds that a call may take, retries included.
    timeout_s: float = DEFAULT_TIMEOUT_S
    #: Seconds after which an envelope that was not committed no longer can be. At most what the policy allows.
    lifetime_s: int = DEFAULT_LIFETIME_S
    #: Whether single transactions that are written at the same time may travel in one envelope.
    gather: bool = True

    def __post_init__(self) -> None:
        if not self.network_id:
            raise ConfigurationError("The network id is missing; the operator tells it with the hub's keys.")
        if not is_party_id(self.party_id):
            raise ConfigurationError(
                f"{self.party_id!r} is not a party id: 2 to 32 lower-case letters, digits or hyphens, a letter first."
            )
        check_address(self.address, "The hub's address")
        if self.settlement_address is not None:
            check_address(self.settlement_address, "The settlement service's address")
        if not self.hub_keys:
            raise ConfigurationError("No key of the hub is pinned; without one no receipt can be believed.")
        if any(len(key) != PUBLIC_KEY_BYTES for key in self.hub_keys):
            raise ConfigurationError(f"A key of the hub is not a raw Ed25519 public key of {PUBLIC_KEY_BYTES} bytes.")
        if not self.keys:
            raise ConfigurationError("The party has no key to sign with.")
        if len({key.public for key in self.keys}) != len(self.keys):
            raise ConfigurationError("The party's keys must be different ones.")
        if self.timeout_s <= 0 or self.lifetime_s <= 0:
            raise ConfigurationError("timeout_s and lifetime_s are positive numbers of seconds.")
        for certificates in (self.tls_ca, self.settlement_tls_ca):
            if certificates is not None:
                _check_certificates(certificates)

    def with_timeout(self, timeout_s: float) -> Connection:
        """The same, with another time that a call may take."""
        return replace(self, timeout_s=timeout_s)


def check_address(address: str, what: str) -> tuple[str, int]:
    """Host and port of `host:port` or `[v6]:port`. Raises ConfigurationError."""
    host, separator, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    well_formed = separator and host and port.isascii() and port.isdecimal() and "//" not in host
    if not well_formed or not 0 < int(port) <= _PORT_MAX:
        raise ConfigurationError(f"{what} {address!r} is not of the form host:port, such as hub.example:7700.")
    return host, int(port)


def _check_certificates(pem: bytes) -> None:
    # Takes long to import, and only who connects needs it.
    from cryptography.x509 import load_pem_x509_certificates

    try:
        load_pem_x509_certificates(pem)
    except ValueError as error:
        raise ConfigurationError("The authority's certificate (tls_ca) is not a PEM certificate.") from error
