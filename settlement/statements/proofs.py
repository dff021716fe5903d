"""Audit paths of many entries of one log: what they have in common is read and hashed once."""

from __future__ import annotations

from coalition.merkle import NodeReader, inclusion_path


class Proofs:
    """Proves entries of the log's first `size` entries."""

    def __init__(self, read: NodeReader, size: int) -> None:
        self._read = read
        self._size = size
        self._known: dict[tuple[int, int], bytes] = {}

    def leaf(self, sequence: int) -> bytes:
        """The leaf hash of an entry."""
        return self._node(0, sequence - 1)

    def path(self, sequence: int) -> tuple[bytes, ...]:
        """The RFC 6962 audit path of an entry, from the leaf upwards. Raises ValueError for one beyond the size."""
        return tuple(inclusion_path(self._node, sequence - 1, self._size))

    def _node(self, level: int, index: int) -> bytes:
        found = self._known.get((level, index))
        if found is None:
            found = self._known[level, index] = self._read(level, index)
        return found
