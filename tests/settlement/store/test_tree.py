"""The service's own Merkle tree proves every entry that it took in."""

from __future__ import annotations

from itertools import accumulate
from pathlib import Path

from coalition.merkle import leaf_hash, root_from_inclusion, root_of
from settlement.store.tree import audit_path, grow, node_reader
from tests.settlement.books import new_database


def test_every_leaf_is_proved_however_the_tree_grew(tmp_path: Path) -> None:
    """Batches of all sizes, across the borders of tiles on two levels, lead to the tree of RFC 6962."""
    sizes = [1, 254, 1, 1, 255, 3, 700, 64_000, 1, 600]
    leaves = [leaf_hash(str(number).encode()) for number in range(sum(sizes))]
    database = new_database(tmp_path)
    with database.write() as connection:
        for end, size in zip(accumulate(sizes), sizes, strict=True):
            grow(connection, end - size, leaves[end - size : end])
    with database.read() as connection:
        read = node_reader(connection)
        for size in (1, 255, 256, 257, 1_215, 65_216, len(leaves)):
            root = root_of(leaves[:size])
            for sequence in {1, size // 2 + 1, size}:
                path = audit_path(read, sequence, size)
                assert root_from_inclusion(leaves[sequence - 1], sequence - 1, size, path) == root
    database.close()
