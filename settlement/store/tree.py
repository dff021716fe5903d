"""The log's Merkle tree over the entries that were taken in, so that each can be proved without asking the hub.

Tiles are those of C2SP tlog-tiles: 256 hashes, of which number n on level l is the root of the complete subtree of
256**l leaves that starts at leaf n * 256**l. The last tile of a level is rewritten as it grows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, select

from coalition.merkle import HASH_BYTES, NodeReader, inclusion_path, root_of
from settlement.store import tables
from settlement.store.upsert import replace_in

_HEIGHT: Final = 8
_WIDTH: Final = 1 << _HEIGHT


def grow(connection: Connection, size: int, leaves: Sequence[bytes]) -> None:
    """Append `leaves` (leaf hashes) to a tree of `size` leaves."""
    level, hashes = 0, list(leaves)
    while hashes:
        first, known = divmod(size, _WIDTH)
        edge = _tile(connection, level, first) if known else []
        assert len(edge) == known, f"the database holds the {size} hashes of level {level}"
        together = [*edge, *hashes]
        tiles = [together[start : start + _WIDTH] for start in range(0, len(together), _WIDTH)]
        replace_in(
            connection,
            tables.tiles,
            [
                {"level": level, "number": number, "hashes": b"".join(tile)}
                for number, tile in enumerate(tiles, start=first)
            ],
        )
        level, size, hashes = level + 1, first, [root_of(tile) for tile in tiles if len(tile) == _WIDTH]


def node_reader(connection: Connection) -> NodeReader:
    """Reads complete subtrees, each tile once."""
    known: dict[tuple[int, int], list[bytes]] = {}

    def read(level: int, index: int) -> bytes:
        tile_level, above = divmod(level, _HEIGHT)
        number, offset = divmod(index << above, _WIDTH)
        if (tile_level, number) not in known:
            known[tile_level, number] = _tile(connection, tile_level, number)
        return root_of(known[tile_level, number][offset : offset + (1 << above)])

    return read


def audit_path(read: NodeReader, sequence: int, size: int) -> list[bytes]:
    """The RFC 6962 audit path of the entry at `sequence` in the log's first `size` entries, from the leaf upwards.

    Raises ValueError when the entry is not among them.
    """
    return inclusion_path(read, sequence - 1, size)


def _tile(connection: Connection, level: int, number: int) -> list[bytes]:
    data = connection.scalar(
        select(tables.tiles.c.hashes).where(tables.tiles.c.level == level, tables.tiles.c.number == number)
    )
    return [] if data is None else [data[start : start + HASH_BYTES] for start in range(0, len(data), HASH_BYTES)]
