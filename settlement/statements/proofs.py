"""Audit paths of many entries of one log: what they have in common is read and hashed once."""

from __future__ import annotations

from coalition.merkle import NodeReader, inclusion_path, node_hash

_HEIGHT = 8
_WIDTH = 1 << _HEIGHT


class Proofs:
    """Proves entries of the log's first `size` entries."""

    def __init__(self, read: NodeReader, size: int) -> None:
        self._read = read
        self._size = size
        self._nodes: dict[tuple[int, int], bytes] = {}
        #: Of complete subtrees of _WIDTH entries: what all of their entries' paths end in.
        self._ends: dict[int, tuple[bytes, ...]] = {}

    def leaf(self, sequence: int) -> bytes:
        """The leaf hash of an entry."""
        return self._node(0, sequence - 1)

    def path(self, sequence: int) -> tuple[bytes, ...]:
        """The RFC 6962 audit path of an entry, from the leaf upwards. Raises ValueError for one beyond the size."""
        index = sequence - 1
        subtree = index // _WIDTH
        if (subtree + 1) * _WIDTH > self._size:
            return tuple(inclusion_path(self._node, index, self._size))
        end = self._ends.get(subtree)
        if end is None:
            end = self._ends[subtree] = tuple(inclusion_path(self._node, index, self._size)[_HEIGHT:])
        return (*(self._node(level, (index >> level) ^ 1) for level in range(_HEIGHT)), *end)

    def _node(self, level: int, index: int) -> bytes:
        found = self._nodes.get((level, index))
        if found is None:
            if level % _HEIGHT:
                found = node_hash(self._node(level - 1, 2 * index), self._node(level - 1, 2 * index + 1))
            else:
                found = self._read(level, index)
            self._nodes[level, index] = found
        return found
