"""Keys and bare signatures."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coalition import dsse
from coalition.keys import SigningKey, fingerprint, is_public_key, verify, verify_raw
from coalition.v1.envelope_pb2 import Signature
from vectors.cast import KEYS

KEY = KEYS["member"]
PRIME = 2**255 - 19
SIGN = 1 << 255


def test_seed_gives_the_key_back() -> None:
    """A stored seed is the whole key."""
    again = SigningKey.from_seed(KEY.seed())
    assert (again.public, again.sign_raw(b"x")) == (KEY.public, KEY.sign_raw(b"x"))


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_seed_of_another_length(length: int) -> None:
    """A seed has 32 bytes."""
    with pytest.raises(ValueError, match="32"):
        SigningKey.from_seed(bytes(length))


def test_generated_keys_differ() -> None:
    """No two new keys are the same."""
    assert SigningKey.generate().public != SigningKey.generate().public


def test_secret_is_not_shown() -> None:
    """Neither text form of a key has anything of its seed."""
    for text in (repr(KEY), str(KEY), f"{KEY}"):
        assert text == f"SigningKey({fingerprint(KEY.public)})"


@given(st.binary(max_size=80), st.binary(max_size=80))
def test_any_bytes_are_no_signature(public_key: bytes, signature: bytes) -> None:
    """Keys and signatures of a wrong form are wrong, not errors."""
    assert not verify_raw(public_key, signature, b"data")
    assert not verify_raw(KEY.public, signature, b"data")
    assert not verify_raw(public_key, KEY.sign_raw(b"data"), b"data")


def test_every_bit_of_a_signature_counts() -> None:
    """A signature with any bit changed is wrong."""
    signature = KEY.sign_raw(b"data")
    for bit in range(512):
        altered = (int.from_bytes(signature, "little") ^ 1 << bit).to_bytes(64, "little")
        assert not verify_raw(KEY.public, altered, b"data")


def test_signature_is_over_its_type() -> None:
    """The same bytes as another type are not signed, nor as no type at all."""
    signature = KEY.sign(dsse.CONSENT, b"data")
    assert verify(signature, dsse.CONSENT, b"data")
    assert not verify(signature, dsse.PLEDGE, b"data")
    assert not verify(signature, dsse.CONSENT, b"date")
    assert not verify_raw(KEY.public, signature.signature, b"data")
    assert not verify(Signature(), dsse.CONSENT, b"data")


def doubled(point: tuple[int, int]) -> tuple[int, int]:
    """A point of edwards25519 added to itself (RFC 8032 §5.1.4, in affine coordinates)."""
    d = -121665 * pow(121666, -1, PRIME) % PRIME
    x, y = point
    product = d * x * x * y * y % PRIME
    return (
        2 * x * y * pow(1 + product, -1, PRIME) % PRIME,
        (y * y + x * x) * pow(1 - product, -1, PRIME) % PRIME,
    )


def square_root(value: int) -> int:
    """One of the roots modulo the prime (RFC 8032 §5.1.3)."""
    root = pow(value, (PRIME + 3) // 8, PRIME)
    if (root * root - value) % PRIME:
        root = root * pow(2, (PRIME - 1) // 4, PRIME) % PRIME
    assert (root * root - value) % PRIME == 0
    return root


def point_at(y: int) -> tuple[int, int]:
    """A point of the curve with this y-coordinate."""
    d = -121665 * pow(121666, -1, PRIME) % PRIME
    return square_root((y * y - 1) * pow(d * y * y + 1, -1, PRIME) % PRIME), y


def order_8_y() -> int:
    """The y-coordinate of a point of order 8: doubling it gives one with y = 0, so x² = -y² and d·y⁴ + 2·y² = 1."""
    d = -121665 * pow(121666, -1, PRIME) % PRIME
    root = square_root(1 + d)
    for square in ((-1 + root) * pow(d, -1, PRIME) % PRIME, (-1 - root) * pow(d, -1, PRIME) % PRIME):
        if pow(square, (PRIME - 1) // 2, PRIME) == 1:
            return square_root(square)
    raise AssertionError("one of the two is a square")


def test_weak_keys_are_no_keys() -> None:
    """A key of small order, for which everybody can sign, verifies nothing, in whatever way it is written."""
    eighth = order_8_y()
    small = [0, 1, PRIME - 1, eighth, PRIME - eighth]
    for y in small:
        point = point_at(y)
        for _ in range(3):
            point = doubled(point)
        assert point == (0, 1)
    for y in (*small, *(y + PRIME for y in small if y + PRIME < SIGN)):
        for number in (y, y | SIGN):
            weak = number.to_bytes(32, "little")
            assert not is_public_key(weak)
            assert not verify_raw(weak, b"\x01" + bytes(63), b"anything")


def test_key_has_one_encoding() -> None:
    """A y-coordinate that is not reduced is no key."""
    assert not any(is_public_key(number.to_bytes(32, "little")) for number in range(PRIME, SIGN))
    assert is_public_key((2).to_bytes(32, "little"))
    assert all(is_public_key(key.public) for key in KEYS.values())
    assert not is_public_key(KEY.public[:-1])
    assert not is_public_key(KEY.public + b"\x00")
