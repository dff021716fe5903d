"""Chance that repeats: every throw follows from the seed and from what it is about, never from the order of throws."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final, TypeVar

from coalition.ids import NONCE_BYTES, id_text, transaction_id
from coalition.keys import SigningKey

T = TypeVar("T")

_RANDOM_BYTES: Final = 10


class Dice:
    """All chance, all keys and all ids of a run. A real party draws its keys and nonces from its machine instead."""

    def __init__(self, seed: int) -> None:
        self._seed: Final = hashlib.sha256(f"coalition demo {seed}".encode())

    def below(self, bound: int, *about: object) -> int:
        """A number from 0 to `bound` - 1."""
        return int.from_bytes(self._digest(about)[:8], "big") % bound

    def chance(self, percent: int, *about: object) -> bool:
        """True `percent` times in a hundred."""
        return self.below(100, *about) < percent

    def choose(self, options: Sequence[T], *about: object) -> T:
        """One of `options`, which must not be empty and must come in an order that repeats."""
        return options[self.below(len(options), *about)]

    def key(self, *about: object) -> SigningKey:
        """A signing key that anybody who knows the seed can make: fit for a demo and for nothing else."""
        return SigningKey.from_seed(self._digest(("key", *about)))

    def nonce(self, *about: object) -> bytes:
        """16 bytes for a consent or an order."""
        return self._digest(("nonce", *about))[:NONCE_BYTES]

    def id(self, at_us: int, *about: object) -> str:
        """The text of a UUIDv7 of a moment in microseconds."""
        return id_text(transaction_id(at_us // 1_000, self._digest(("id", *about))[:_RANDOM_BYTES]))

    def _digest(self, about: Sequence[object]) -> bytes:
        digest = self._seed.copy()
        digest.update("\x1f".join(map(str, about)).encode())
        return digest.digest()
