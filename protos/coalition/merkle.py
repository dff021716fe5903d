"""The Merkle tree of RFC 6962 §2.1 over SHA-256: roots, growth, inclusion and consistency proofs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Final

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()

#: Gives the hash of the complete subtree of 2**level leaves that starts at leaf index * 2**level.
NodeReader = Callable[[int, int], bytes]


_sha256: Final = hashlib.sha256


def leaf_hash(data: bytes) -> bytes:
    """MTH({d}) = SHA-256(0x00 || d)."""
    return _sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return _sha256(b"\x01" + left + right).digest()


class Frontier:
    """The right edge of a growing tree: enough to append and to tell the root, in O(log n) space.

    `hashes` are the roots of the complete subtrees, largest first, one for each set bit of `size`.
    """

    __slots__ = ("hashes", "size")

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        self.size = size
        self.hashes = list(hashes)
        if len(self.hashes) != size.bit_count():
            raise ValueError(f"{size} leaves make {size.bit_count()} complete subtrees, not {len(self.hashes)}")

    def append(self, leaf: bytes) -> None:
        """Append a leaf by its leaf hash."""
        node = leaf
        carry = self.size
        while carry & 1:
            node = node_hash(self.hashes.pop(), node)
            carry >>= 1
        self.hashes.append(node)
        self.size += 1

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Append leaves by their leaf hashes, level by level: many at a time cost less than one by one."""
        nodes = list(leaves)
        before = self.size
        self.size += len(nodes)
        smallest_first: list[bytes] = []
        while nodes:
            if before & 1:
                nodes.insert(0, self.hashes.pop())
            if len(nodes) & 1:
                smallest_first.append(nodes.pop())
            pairs = iter(nodes)
            nodes = [_sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=True)]
            before >>= 1
        self.hashes += reversed(smallest_first)

    def root(self) -> bytes:
        """MTH of all leaves."""
        if not self.hashes:
            return EMPTY_ROOT
        node = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            node = node_hash(left, node)
        return node

    def copy(self) -> Frontier:
        """An independent frontier of the same tree."""
        return Frontier(self.size, self.hashes)


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root of a tree given its leaf hashes."""
    frontier = Frontier()
    frontier.extend(leaves)
    return frontier.root()


def root_over(data: Iterable[bytes]) -> bytes:
    """The root of a tree given its leaves' data."""
    leaves = [_sha256(b"\x00" + item).digest() for item in data]
    return leaves[0] if len(leaves) == 1 else root_of(leaves)


def reader_of(leaves: Sequence[bytes]) -> NodeReader:
    """A NodeReader over leaf hashes in memory."""

    def read(level: int, index: int) -> bytes:
        return root_of(leaves[index << level : (index + 1) << level])

    return read


def _subtree(read: NodeReader, first: int, end: int) -> bytes:
    """The hash of leaves [first, end), where `first` is a multiple of the largest power of two below the width."""
    width = end - first
    if width & (width - 1) == 0 and first % width == 0:
        level = width.bit_length() - 1
        return read(level, first >> level)
    split = first + _largest_power_below(width)
    return node_hash(_subtree(read, first, split), _subtree(read, split, end))


def _largest_power_below(width: int) -> int:
    return 1 << (width - 1).bit_length() - 1


def inclusion_path(read: NodeReader, index: int, size: int) -> list[bytes]:
    """PATH(m, D[n]) of RFC 6962 §2.1.1, from the leaf upwards. `index` counts from 0."""
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size} leaves")
    path: list[bytes] = []
    first, end = 0, size
    while end - first > 1:
        split = first + _largest_power_below(end - first)
        if index < split:
            path.append(_subtree(read, split, end))
            end = split
        else:
            path.append(_subtree(read, first, split))
            first = split
    path.reverse()
    return path


def consistency_path(read: NodeReader, old: int, new: int) -> list[bytes]:
    """PROOF(m, D[n]) of RFC 6962 §2.1.2; empty when `old` is 0 or equals `new`."""
    if not 0 <= old <= new:
        raise ValueError(f"a log cannot shrink from {old} to {new} entries")
    if old in (0, new):
        return []
    return _subproof(read, old, 0, new, True)


def _subproof(read: NodeReader, old: int, first: int, end: int, complete: bool) -> list[bytes]:
    """SUBPROOF(m, D[n], b) of RFC 6962 §2.1.2 for the leaves [first, end), `old` counted from `first`."""
    width = end - first
    if old == width:
        return [] if complete else [_subtree(read, first, end)]
    split = _largest_power_below(width)
    if old <= split:
        return [*_subproof(read, old, first, first + split, complete), _subtree(read, first + split, end)]
    return [*_subproof(read, old - split, first + split, end, False), _subtree(read, first, first + split)]


def root_from_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root that an audit path leads to (RFC 9162 §2.1.3.2), or None when the path has a wrong length."""
    if not 0 <= index < size:
        return None
    node, position, last = leaf, index, size - 1
    for sibling in path:
        if last == 0:
            return None
        if position & 1 or position == last:
            node = node_hash(sibling, node)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            node = node_hash(node, sibling)
        position >>= 1
        last >>= 1
    return node if last == 0 else None


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether the leaf hash stands at `index` (from 0) of the tree with this size and root."""
    return root_from_inclusion(leaf, index, size, path) == root


def verify_consistency(old: int, new: int, path: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """Whether the tree of `new` leaves begins with the tree of `old` leaves (RFC 9162 §2.1.4.2)."""
    if old == new:
        return not path and old_root == new_root
    if old == 0:
        return not path and old_root == EMPTY_ROOT
    if not 0 < old < new:
        return False
    nodes = list(path) if old & (old - 1) else [old_root, *path]
    if not nodes:
        return False
    position, last = old - 1, new - 1
    while position & 1:
        position >>= 1
        last >>= 1
    old_node = new_node = nodes[0]
    for sibling in nodes[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            old_node = node_hash(sibling, old_node)
            new_node = node_hash(sibling, new_node)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            new_node = node_hash(new_node, sibling)
        position >>= 1
        last >>= 1
    return last == 0 and old_node == old_root and new_node == new_root
