"""What a person saw of a run's payments before saying that they were made."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from coalition.v1.settlement_service_pb2 import InstructionState


def standings_digest(standings: Iterable[tuple[int, InstructionState.ValueType, int]]) -> bytes:
    """SHA-256 over the instructions' numbers, states, and minor units paid, each in 8 bytes, big-endian, by number."""
    digest = hashlib.sha256()
    for standing in sorted(standings):
        digest.update(b"".join(value.to_bytes(8) for value in standing))
    return digest.digest()
