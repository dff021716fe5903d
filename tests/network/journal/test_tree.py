"""Tiles and edge together are the RFC 6962 tree over the journal's entries, at every size."""

from __future__ import annotations

import hashlib

import pytest
from sqlalchemy import Connection

from coalition.merkle import (
    Frontier,
    consistency_path,
    inclusion_path,
    node_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from network.journal.tree import WIDTH, grow, node_reader, root_at
from network.store import tables
from network.store.sql import insert_rows
from network.store.store import Store
from tests.databases import BOTH

pytestmark = pytest.mark.engines(*BOTH)

#: Beyond a full tile of level 1.
SIZE = WIDTH * WIDTH + 3 * WIDTH + 77


@pytest.fixture(scope="module")
def leaves() -> list[bytes]:
    return [hashlib.sha256(number.to_bytes(4, "big")).digest() for number in range(SIZE)]


def append(connection: Connection, size: int, leaves: list[bytes]) -> None:
    """Entries with these leaf hashes after the first `size`; of all columns only those matter here."""
    insert_rows(connection, tables.envelopes, [(size + 1, "a", b"", b"", b"")])
    rows = [
        (size + 1 + number, size + 1, "a", (size + number).to_bytes(16, "big"), 2, "", "", leaf, b"")
        for number, leaf in enumerate(leaves)
    ]
    insert_rows(connection, tables.entries, rows)
    grow(connection, size, leaves)


@pytest.mark.parametrize("batches", [[1] * 600, [255, 1, 1, 255, 256, 257], [1_000, 3, 700], [2 * WIDTH], [513, 511]])
def test_tiles_do_not_depend_on_batches(store: Store, leaves: list[bytes], batches: list[int]) -> None:
    """However the entries arrive, each full tile is written once, with its hashes and its root."""
    size = 0
    with store.write() as connection:
        for batch in batches:
            append(connection, size, leaves[size : size + batch])
            size += batch
        found = connection.execute(tables.tiles.select().order_by(tables.tiles.c.position)).all()
    expected = [leaves[first : first + WIDTH] for first in range(0, size - WIDTH + 1, WIDTH)]
    assert [(row.level, row.position) for row in found] == [(0, number) for number in range(len(expected))]
    assert [row.hashes for row in found] == [b"".join(tile) for tile in expected]
    assert [row.root for row in found] == [root_of(tile) for tile in expected]


def test_large_log(store: Store, leaves: list[bytes]) -> None:
    """Over several levels of tiles, roots and proofs of all kinds of sizes are those of the tree in memory."""
    with store.write() as connection:
        for size in range(0, SIZE, 20_000):
            append(connection, size, leaves[size : size + 20_000])
        levels = connection.exec_driver_sql("SELECT level, count(*) FROM tiles GROUP BY level ORDER BY level").all()
    assert [tuple(row) for row in levels] == [(0, WIDTH + 3), (1, 1)]
    roots = roots_of(leaves)
    with store.read() as connection:
        for size in (1, 2, 255, 256, 257, 300, 65_535, 65_536, 65_537, SIZE - 1, SIZE):
            read = node_reader(connection, size)
            assert root_at(read, size) == roots[size]
            for index in {0, size // 3, size // 2, size - 1}:
                path = inclusion_path(read, index, size)
                assert verify_inclusion(leaves[index], index, size, path, roots[size])
            for old in {0, 1, size // 3, size // 2, max(0, size - 1), size}:
                path = consistency_path(read, old, size)
                assert verify_consistency(old, size, path, roots[old], roots[size])


def roots_of(leaves: list[bytes]) -> list[bytes]:
    """The root at every size."""
    frontier = Frontier()
    roots = [frontier.root()]
    for leaf in leaves:
        frontier.append(leaf)
        roots.append(frontier.root())
    return roots


def test_root_of_a_tile_is_a_hash_of_the_tile_above(store: Store, leaves: list[bytes]) -> None:
    """Tiles nest as tlog-tiles says, so tools that know that layout can be given these."""
    with store.write() as connection:
        append(connection, 0, leaves[: 2 * WIDTH])
        read = node_reader(connection, 2 * WIDTH)
        assert [read(8, 0), read(8, 1)] == [root_of(leaves[:WIDTH]), root_of(leaves[WIDTH : 2 * WIDTH])]
        assert read(9, 0) == node_hash(read(8, 0), read(8, 1))


def test_empty_log(store: Store) -> None:
    """The root of nothing is the hash of nothing."""
    with store.read() as connection:
        assert root_at(node_reader(connection, 0), 0) == hashlib.sha256(b"").digest()
