"""Builds the log's tiles anew and compares them with those in the database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, bindparam, func, select

from coalition.merkle import Frontier, root_of
from network.journal.tree import WIDTH
from network.store import tables
from network.verify.report import Failures
from network.verify.rows import compare_rows

_columns = tables.tiles.c
_TILE: Final = select(tables.tiles).where(
    _columns.level == bindparam("at_level"), _columns.position == bindparam("at_position")
)


class Tiles:
    """The tiles of a log that is being replayed."""

    def __init__(self) -> None:
        #: Hashes that do not fill a tile yet, by level.
        self._pending: Final[defaultdict[int, list[bytes]]] = defaultdict(list)
        self._full: Final[defaultdict[int, int]] = defaultdict(int)
        self.size = 0

    def extend(self, connection: Connection, leaves: Sequence[bytes], failures: Failures) -> None:
        """Add leaves; compare every tile that is full with them."""
        self.size += len(leaves)
        level, hashes = 0, [*self._pending[0], *leaves]
        while len(hashes) >= WIDTH:
            roots = []
            for first in range(0, len(hashes) - WIDTH + 1, WIDTH):
                tile = hashes[first : first + WIDTH]
                roots.append(root_of(tile))
                self._compare(connection, (level, self._full[level], b"".join(tile), roots[-1]), failures)
                self._full[level] += 1
            self._pending[level] = hashes[len(roots) * WIDTH :]
            level += 1
            hashes = [*self._pending[level], *roots]
        self._pending[level] = hashes

    def root(self) -> bytes:
        """Of the whole log, from what fills no tile yet: the roots of its largest complete subtrees come first."""
        subtrees: list[bytes] = []
        for level in sorted(self._pending, reverse=True):
            edge = Frontier()
            edge.extend(self._pending[level])
            subtrees += edge.hashes
        return Frontier(self.size, subtrees).root()

    def _compare(self, connection: Connection, expected: tuple[int, int, bytes, bytes], failures: Failures) -> None:
        level, position = expected[:2]
        found = connection.execute(_TILE, {"at_level": level, "at_position": position}).one_or_none()
        if found is None:
            failures.add(f"table tiles, level {level}, position {position}", "a full tile", "none")
        else:
            compare_rows(tables.tiles, expected, found, failures)

    def finish(self, connection: Connection, failures: Failures) -> None:
        """There must be no tile that was not compared."""
        count = connection.execute(select(func.count()).select_from(tables.tiles)).scalar_one()
        failures.compare("table tiles, number of rows", sum(self._full.values()), count)
