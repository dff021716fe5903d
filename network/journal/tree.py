"""The log's Merkle tree as the database keeps it: full tiles, and entries for the edge that is not full yet.

Tiles are those of C2SP tlog-tiles: height 8, so that a tile has 256 hashes. Hash number n of level l is the root of the
complete subtree of 256**l leaves that starts at leaf n * 256**l. A full tile never changes. Where a tile is not full
yet, its hashes are those of entries on level 0, and on the levels above the roots of the full tiles below.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Column, Connection, select

from coalition.merkle import HASH_BYTES, Frontier, NodeReader, root_of
from network.store import tables
from network.store.sql import Row, insert_rows

HEIGHT: Final = 8
WIDTH: Final = 1 << HEIGHT


def grow(connection: Connection, size: int, leaves: Sequence[bytes], before: Sequence[bytes] = ()) -> None:
    """Write the tiles that become full when `leaves` (leaf hashes) follow the first `size` leaves.

    The entries of those first leaves must be in the database. Those `before` are the last of them, as many as the
    caller knows; what is missing of the tile that is not full yet is read.
    """
    level = 0
    while (size + len(leaves)) // WIDTH > size // WIDTH:
        tile, known = size // WIDTH, size % WIDTH
        edge = before[-known:] if 0 < known <= len(before) else _edge(connection, level, tile * WIDTH, size)
        hashes = [*edge, *leaves]
        rows: list[Row] = []
        for first in range(0, len(hashes) - WIDTH + 1, WIDTH):
            full = hashes[first : first + WIDTH]
            rows.append((level, tile + first // WIDTH, b"".join(full), root_of(full)))
        insert_rows(connection, tables.tiles, rows)
        level, size, leaves, before = level + 1, tile, [root for _, _, _, root in rows], ()


def node_reader(connection: Connection, size: int) -> NodeReader:
    """Reads the complete subtrees of the log's first `size` leaves, each tile once."""
    known: dict[tuple[int, int], list[bytes]] = {}

    def read(level: int, index: int) -> bytes:
        tile_level, above = divmod(level, HEIGHT)
        first = index << above
        tile, offset = divmod(first, WIDTH)
        if (tile_level, tile) not in known:
            known[tile_level, tile] = _tile(connection, tile_level, tile, size >> (HEIGHT * tile_level))
        return root_of(known[tile_level, tile][offset : offset + (1 << above)])

    return read


def root_at(read: NodeReader, size: int) -> bytes:
    """The root of the log's first `size` leaves."""
    hashes = []
    first = 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            hashes.append(read(level, first >> level))
            first += 1 << level
    return Frontier(size, hashes).root()


def _tile(connection: Connection, level: int, tile: int, end: int) -> list[bytes]:
    """The hashes of a tile, up to hash number `end` of its level."""
    row = connection.execute(
        select(tables.tiles.c.hashes).where(tables.tiles.c.level == level, tables.tiles.c.position == tile)
    ).one_or_none()
    if row is None:
        return _edge(connection, level, tile * WIDTH, end)
    return [row.hashes[start : start + HASH_BYTES] for start in range(0, len(row.hashes), HASH_BYTES)]


def _edge(connection: Connection, level: int, first: int, end: int) -> list[bytes]:
    """Hashes `first` to before `end` of a level, of which no full tile is written."""
    if first == end:
        return []
    if level == 0:
        place: Column[int] = tables.entries.c.sequence
        wanted = select(tables.entries.c.leaf_hash).where(place > first, place <= end)
    else:
        place = tables.tiles.c.position
        wanted = select(tables.tiles.c.root).where(tables.tiles.c.level == level - 1, place >= first, place < end)
    hashes = list(connection.execute(wanted.order_by(place)).scalars())
    assert len(hashes) == end - first, f"hashes {first} to {end} of level {level} are in the journal"
    return hashes
