"""Builds the log's tiles anew, leaf by leaf, and compares them with those in the database."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import Connection, func, select

from coalition.merkle import root_of
from network.journal.tree import WIDTH
from network.store import tables
from network.verify.report import Failures
from network.verify.rows import compare_rows


class Tiles:
    """The tiles of a log that is being replayed."""

    def __init__(self) -> None:
        self._pending: defaultdict[int, list[bytes]] = defaultdict(list)
        self._full: defaultdict[int, int] = defaultdict(int)

    def append(self, connection: Connection, leaf: bytes, failures: Failures) -> None:
        """Add a leaf; compare every tile that is full with it."""
        level, following = 0, leaf
        while True:
            hashes = self._pending[level]
            hashes.append(following)
            if len(hashes) < WIDTH:
                return
            following = root_of(hashes)
            self._compare(connection, (level, self._full[level], b"".join(hashes), following), failures)
            self._full[level] += 1
            hashes.clear()
            level += 1

    def _compare(self, connection: Connection, expected: tuple[int, int, bytes, bytes], failures: Failures) -> None:
        level, position = expected[:2]
        key = (tables.tiles.c.level == level, tables.tiles.c.position == position)
        found = connection.execute(select(tables.tiles).where(*key)).one_or_none()
        if found is None:
            failures.add(f"table tiles, level {level}, position {position}", "a full tile", "none")
        else:
            compare_rows(tables.tiles, expected, found, failures)

    def finish(self, connection: Connection, failures: Failures) -> None:
        """There must be no tile that was not compared."""
        count = connection.execute(select(func.count()).select_from(tables.tiles)).scalar_one()
        failures.compare("table tiles, number of rows", sum(self._full.values()), count)
