"""Tokens: who reads. What is refused of a token's contents is in the vectors (tokens.json)."""

from __future__ import annotations

import base64
import json
from collections.abc import Collection

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from coalition.errors import Refused, reason_name
from coalition.keys import fingerprint
from coalition.tokens import HUB, LEEWAY_S, LIFETIME_S, SETTLEMENT, authorization, check_token, make_token
from vectors.cast import KEYS

NOW = 1_700_000_000
PARTIES: dict[str, Collection[bytes]] = {
    "grocer": [KEYS["grocer"].public, KEYS["grocer-new"].public],
    "pharmacy": [KEYS["pharmacy"].public],
}


def check(value: str, *, network_id: str = "n", service: str = HUB, now_s: int = NOW) -> str:
    """What a service makes of the metadata's value."""
    return check_token(
        value, lambda party_id: PARTIES.get(party_id, ()), network_id=network_id, service=service, now_s=now_s
    )


def refusal(value: str, now_s: int = NOW) -> str:
    """Why a value proves nothing."""
    with pytest.raises(Refused) as caught:
        check(value, now_s=now_s)
    assert reason_name(caught.value.reason) == "UNAUTHENTICATED"
    return caught.value.message


def bearer(key: str = "grocer", party_id: str = "grocer") -> str:
    """A value as the SDK sends it."""
    return authorization(make_token(party_id, KEYS[key], network_id="n", service=HUB, now_s=NOW))


def part(content: object) -> str:
    """A part of a JWT."""
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def test_each_key_of_a_party_proves_it() -> None:
    """While keys rotate, the old and the new one are good."""
    assert [check(bearer(key)) for key in ("grocer", "grocer-new")] == ["grocer", "grocer"]


def test_token_is_for_one_service_of_one_network() -> None:
    """The settlement service cannot use a partner's token at the hub, nor another network's hub here."""
    token = make_token("grocer", KEYS["grocer"], network_id="n", service=SETTLEMENT, now_s=NOW)
    assert check(authorization(token), service=SETTLEMENT) == "grocer"
    for told in ({"service": HUB}, {"network_id": "m", "service": SETTLEMENT}):
        with pytest.raises(Refused, match="is not for"):
            check(authorization(token), **told)


def test_token_lives_for_its_lifetime() -> None:
    """A token is good from a little before it was made until a little after it expires."""
    assert check(bearer(), now_s=NOW - LEEWAY_S) == "grocer"
    assert check(bearer(), now_s=NOW + LIFETIME_S + LEEWAY_S - 1) == "grocer"
    assert "made in the future" in refusal(bearer(), NOW - LEEWAY_S - 1)
    assert "has expired" in refusal(bearer(), NOW + LIFETIME_S + LEEWAY_S)


def test_party_cannot_be_another() -> None:
    """A party's key proves that party alone."""
    assert "not signed by an active key of 'grocer'" in refusal(bearer("pharmacy", "grocer"))
    assert "not signed by an active key of 'stranger'" in refusal(bearer("stranger", "stranger"))


@pytest.mark.parametrize(
    "value", ["", "Bearer", "bearer " + bearer()[7:], "Basic Z3JvY2VyOg==", bearer()[7:], "Bearer  " + bearer()[7:]]
)
def test_value_that_is_no_bearer_token(value: str) -> None:
    """Other schemes are refused, and it says what to send."""
    assert "Bearer TOKEN" in refusal(value) or "not a JWT" in refusal(value)


@pytest.mark.parametrize("issuer", [7, None, ["grocer"], {"grocer": 1}])
def test_issuer_is_a_text(issuer: object) -> None:
    """Nobody is looked up under anything but a text."""
    token = f"{part({'alg': 'EdDSA', 'kid': fingerprint(KEYS['grocer'].public)})}.{part({'iss': issuer})}.AA"
    assert "does not say whose it is" in refusal(authorization(token))


def test_public_key_is_no_shared_secret() -> None:
    """Who knows the public key, in whatever form, cannot make a token from it."""
    claims = {"iss": "grocer", "aud": "n/hub", "iat": NOW, "exp": NOW + 60}
    key = KEYS["grocer"]
    public = key.private.public_key()
    for secret in (
        key.public,
        key.public.hex().encode(),
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    ):
        for algorithm in ("HS256", "EdDSA"):
            data = f"{part({'alg': algorithm, 'kid': fingerprint(key.public)})}.{part(claims)}"
            signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(data.encode(), secret)
            encoded = base64.urlsafe_b64encode(signature).rstrip(b"=").decode()
            assert "signature or claims are wrong" in refusal(f"Bearer {data}.{encoded}")


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", "HS256", "ES256", None, 7])
def test_other_algorithms(algorithm: object) -> None:
    """Nothing but EdDSA counts, whatever the header says."""
    header = part({"alg": algorithm, "kid": fingerprint(KEYS["grocer"].public)})
    _, claims, signature = bearer().removeprefix("Bearer ").split(".")
    refusal(f"Bearer {header}.{claims}.{signature}")
    refusal(f"Bearer {header}.{claims}.")


@pytest.mark.parametrize("nested", ["[" * 3_000, '{"iss":' * 3_000, "[" * 3_000 + "]" * 3_000, "9" * 5_000])
def test_contents_that_are_hard_to_read(nested: str) -> None:
    """Deeply nested or endless contents are refused like any other."""
    encoded = base64.urlsafe_b64encode(nested.encode()).rstrip(b"=").decode()
    assert "not a JWT" in refusal(f"Bearer {encoded}.{part({})}.AA")
    assert "not a JWT" in refusal(f"Bearer {part({'alg': 'EdDSA'})}.{encoded}.AA")


@given(st.data())
def test_altered_token_is_refused(draw: st.DataObject) -> None:
    """No token with another character in it is good, and nothing worse happens."""
    value = list(bearer())
    place = draw.draw(st.integers(0, len(value) - 2))
    value[place] = draw.draw(st.characters(max_codepoint=0x7F, exclude_characters=value[place]))
    refusal("".join(value))
