"""Short-lived tokens by which a party shows who it is when it reads (JWT with EdDSA, RFC 7519 and RFC 8037)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from coalition.errors import Refused
from coalition.keys import SigningKey, fingerprint
from coalition.v1 import error_pb2

LIFETIME_S: Final = 300
LEEWAY_S: Final = 30
METADATA_KEY: Final = "authorization"
_SCHEME: Final = "Bearer "

#: Which service a token is for; a token for one is worthless at the other.
HUB: Final = "hub"
SETTLEMENT: Final = "settlement"


def audience(network_id: str, service: str) -> str:
    """The `aud` of a token: `NETWORK_ID/hub` or `NETWORK_ID/settlement`."""
    return f"{network_id}/{service}"


def make_token(party_id: str, key: SigningKey, *, network_id: str, service: str, now_s: int) -> str:
    """A token of `party_id`, valid for LIFETIME_S seconds from `now_s`."""
    claims = {"iss": party_id, "aud": audience(network_id, service), "iat": now_s, "exp": now_s + LIFETIME_S}
    return jwt.encode(claims, key.private, algorithm="EdDSA", headers={"kid": fingerprint(key.public)})


def authorization(token: str) -> str:
    """The value of the `authorization` metadata."""
    return _SCHEME + token


def check_token(
    value: str,
    keys_of: Callable[[str], Collection[bytes]],
    *,
    network_id: str,
    service: str,
    now_s: int,
) -> str:
    """The party id that an `authorization` value proves. `keys_of` gives a party's active keys, none for a stranger.

    Raises Refused with UNAUTHENTICATED.
    """
    if not value.startswith(_SCHEME):
        raise _unauthenticated("Send `authorization: Bearer TOKEN` metadata; the SDK does so by itself.")
    token = value.removeprefix(_SCHEME)
    try:
        header = jwt.get_unverified_header(token)
        claimed = jwt.decode(token, options={"verify_signature": False}).get("iss")
    except jwt.InvalidTokenError:
        raise _unauthenticated("The token is not a JWT.") from None
    if not isinstance(claimed, str):
        raise _unauthenticated("The token does not say whose it is (iss).")
    key = next((key for key in keys_of(claimed) if fingerprint(key) == header.get("kid")), None)
    if key is None:
        raise _unauthenticated(f"The token is not signed by an active key of {claimed!r}.")
    try:
        claims = jwt.decode(
            token,
            Ed25519PublicKey.from_public_bytes(key),
            algorithms=["EdDSA"],
            audience=audience(network_id, service),
            options={
                "require": ["exp", "iat", "aud", "iss"],
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
    except jwt.InvalidAudienceError:
        raise _unauthenticated(f"The token is not for {audience(network_id, service)}.") from None
    except jwt.InvalidTokenError:
        raise _unauthenticated("The token's signature or claims are wrong.") from None
    _check_times(claims["iat"], claims["exp"], claims.get("nbf", claims["iat"]), now_s)
    return claimed


def _check_times(issued_s: object, expires_s: object, begins_s: object, now_s: int) -> None:
    """Against the service's own clock, which tests and simulations may set."""
    if not isinstance(issued_s, int) or not isinstance(expires_s, int) or not isinstance(begins_s, int):
        raise _unauthenticated("The token's times are not whole seconds.")
    if expires_s - issued_s > LIFETIME_S:
        raise _unauthenticated(f"The token lives longer than {LIFETIME_S} seconds.")
    if expires_s <= now_s - LEEWAY_S:
        raise _unauthenticated("The token has expired. Make a new one; check this machine's clock.")
    if max(issued_s, begins_s) > now_s + LEEWAY_S:
        raise _unauthenticated("The token was made in the future. Check this machine's clock.")


def _unauthenticated(message: str) -> Refused:
    return Refused(error_pb2.REASON_UNAUTHENTICATED, message)
