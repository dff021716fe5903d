"""An inclusion proof one step at a time, as somebody would check it by hand (RFC 9162 §2.1.3.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from coalition.merkle import node_hash


@dataclass(frozen=True, slots=True)
class Step:
    """Two neighbours make the node above them."""

    #: The hash from the proof.
    sibling: bytes
    #: Whether the sibling is the left one of the two.
    sibling_is_left: bool
    #: SHA-256(0x01 || left || right).
    result: bytes


def proof_steps(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> tuple[Step, ...]:
    """From the leaf at `index`, counted from 0, to the root of a log of `size` entries: the last step's result.

    Raises ValueError for a path that is too long or too short.
    """
    if not 0 <= index < size:
        raise ValueError("there is no such leaf")
    place, last, node = index, size - 1, leaf
    steps: list[Step] = []
    for sibling in path:
        if last == 0:
            raise ValueError("the path is too long")
        is_left = place % 2 == 1 or place == last
        node = node_hash(sibling, node) if is_left else node_hash(node, sibling)
        steps.append(Step(sibling, is_left, node))
        if is_left:
            # The right edge of a log that is no power of two skips the levels at which it has no neighbour.
            while place % 2 == 0 and place != 0:
                place, last = place >> 1, last >> 1
        place, last = place >> 1, last >> 1
    if last != 0:
        raise ValueError("the path is too short")
    return tuple(steps)
