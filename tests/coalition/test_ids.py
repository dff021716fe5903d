"""Ids. Which texts are ids, and what is derived, is in the vectors (ids.json)."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coalition.ids import (
    NONCE_BYTES,
    derived_id,
    id_from_text,
    id_text,
    is_transaction_id,
    new_nonce,
    new_transaction_id,
    transaction_id,
)

PARTS = st.lists(st.text() | st.binary(), max_size=4)


@given(st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10))
def test_transaction_id_is_a_uuid_version_7(unix_ms: int, random: bytes) -> None:
    """The time is in front, version and variant are where RFC 9562 wants them, the rest is random."""
    identifier = transaction_id(unix_ms, random)
    read = uuid.UUID(bytes=identifier)
    assert (read.version, read.variant) == (7, uuid.RFC_4122)
    assert int.from_bytes(identifier[:6], "big") == unix_ms
    kept = int("0fff3fffffffffffffff", 16)
    assert int.from_bytes(identifier[6:], "big") & kept == int.from_bytes(random, "big") & kept
    assert is_transaction_id(identifier)


@given(st.integers(0, 2**48 - 2), st.binary(min_size=10, max_size=10), st.binary(min_size=10, max_size=10))
def test_later_ids_sort_later(unix_ms: int, one: bytes, two: bytes) -> None:
    """Ids of different milliseconds sort as time does."""
    assert transaction_id(unix_ms, one) < transaction_id(unix_ms + 1, two)


def test_new_ids_differ() -> None:
    """Ids of the same millisecond differ, and so do nonces."""
    assert len({new_transaction_id(1) for _ in range(1_000)}) == 1_000
    assert len({new_nonce() for _ in range(1_000)}) == 1_000
    assert len(new_nonce()) == NONCE_BYTES == 16


@given(PARTS, PARTS)
def test_derived_id_follows_from_its_parts(one: list[str | bytes], two: list[str | bytes]) -> None:
    """The same parts give the same UUIDv8, others another; a text and its UTF-8 are the same part."""
    plain = [[part.encode() if isinstance(part, str) else part for part in parts] for parts in (one, two)]
    read = uuid.UUID(bytes=derived_id(*one))
    assert (read.version, read.variant) == (8, uuid.RFC_4122)
    assert derived_id(*one) == derived_id(*plain[0])
    assert (derived_id(*one) == derived_id(*two)) is (plain[0] == plain[1])
    assert is_transaction_id(derived_id(*one))


@pytest.mark.parametrize("version", range(16))
def test_versions(version: int) -> None:
    """Only versions 7 and 8 are transaction ids."""
    identifier = bytes(6) + bytes([version << 4]) + b"\x00\x80" + bytes(7)
    assert is_transaction_id(identifier) is (version in (7, 8))


@pytest.mark.parametrize("variant", range(4))
def test_variants(variant: int) -> None:
    """Only the variant of RFC 9562 is one, binary 10."""
    identifier = transaction_id(1, bytes(10))[:8] + bytes([variant << 6]) + bytes(7)
    assert is_transaction_id(identifier) is (variant == 2)


@pytest.mark.parametrize("identifier", [b"", bytes(16), b"\xff" * 16, transaction_id(1, bytes(10)) + b"\x00"])
def test_bytes_that_are_no_id(identifier: bytes) -> None:
    """Other lengths, versions and variants are not."""
    assert not is_transaction_id(identifier)


@given(st.binary(min_size=16, max_size=16))
def test_text_of_an_id_comes_back(identifier: bytes) -> None:
    """The text is the canonical one, and gives the bytes again."""
    assert id_text(identifier) == str(uuid.UUID(bytes=identifier))
    assert id_from_text(id_text(identifier)) == identifier


@pytest.mark.parametrize("text", ["", "x", "0189", "g" * 32])
def test_text_that_is_no_id(text: str) -> None:
    """Other texts are refused."""
    with pytest.raises(ValueError, match=r"."):
        id_from_text(text)
