"""How every client comes to its connection, blocking or not."""

from __future__ import annotations

import copy
import os
from dataclasses import dataclass
from typing import Self

from partner_sdk._connection import DEFAULT_LIFETIME_S, DEFAULT_TIMEOUT_S, Connection
from partner_sdk._errors import ConfigurationError
from partner_sdk._profile import Profile
from partner_sdk._session import Session
from partner_sdk._vocabulary import Service


@dataclass(frozen=True, slots=True)
class Target:
    """The service that is called, and the authority that signed its certificate."""

    service: Service
    #: `host:port`.
    address: str
    tls_ca: bytes | None

    @classmethod
    def hub(cls, connection: Connection) -> Target:
        """The hub."""
        return cls(Service.HUB, connection.address, connection.tls_ca)

    @classmethod
    def settlement(cls, connection: Connection) -> Target:
        """The settlement service. Raises ConfigurationError when the profile does not say where it is."""
        if connection.settlement_address is None:
            raise ConfigurationError(
                'The profile does not say where the settlement service is: add settlement_address = "host:port" to it.'
            )
        tls_ca = connection.settlement_tls_ca or connection.tls_ca
        return cls(Service.SETTLEMENT, connection.settlement_address, tls_ca)


class Connected:
    """A client of one party. Nothing is sent before the first call."""

    def __init__(self, connection: Connection) -> None:
        """A client over a connection. Raises ConfigurationError."""
        self._target = self._target_in(connection)
        self._session = Session(connection, service=self._target.service, address=self._target.address)

    @classmethod
    def _target_in(cls, connection: Connection) -> Target:
        """Which service it calls."""
        return Target.hub(connection)

    @classmethod
    def from_profile(
        cls,
        profile: str | os.PathLike[str],
        passphrase: str | None = None,
        *,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        lifetime_s: int = DEFAULT_LIFETIME_S,
        gather: bool = True,
    ) -> Self:
        """A client of the party whose profile this is: a path, its folder, or a name in the profiles' folder.

        `passphrase` unlocks its keys; None: that in COALITION_PASSPHRASE. A call may take `timeout_s` seconds, retries
        included; what was not committed `lifetime_s` seconds after it was made never will be. Single transactions that
        are written at the same time travel in one envelope, each with its own result; `gather=False` sends every one
        by itself. Raises ConfigurationError.
        """
        found = Profile.find(profile)
        return cls(found.connection(passphrase, timeout_s=timeout_s, lifetime_s=lifetime_s, gather=gather))

    @classmethod
    def from_env(
        cls, *, timeout_s: float = DEFAULT_TIMEOUT_S, lifetime_s: int = DEFAULT_LIFETIME_S, gather: bool = True
    ) -> Self:
        """A client as the environment says: COALITION_PROFILE, COALITION_PASSPHRASE, and single settings over the
        profile's, such as COALITION_ADDRESS. Raises ConfigurationError."""
        return cls(Profile.from_env().connection(timeout_s=timeout_s, lifetime_s=lifetime_s, gather=gather))

    @property
    def connection(self) -> Connection:
        """Who calls which hub."""
        return self._session.connection

    def with_timeout(self, timeout_s: float) -> Self:
        """The same client over the same channel, whose calls may take this long, retries included."""
        other = copy.copy(self)
        other._session = self._session.with_timeout(timeout_s)
        return other

    def _stop_gathering(self) -> None:
        """Tell writes that wait that nothing is sent any more."""
        if self._session.gathering is not None:
            self._session.gathering.close()
