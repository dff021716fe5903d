"""Checks a hub's database against its journal, trusting neither the program that wrote it nor the tables it wrote.

The journal is replayed from its first entry into an empty state by the ledger itself. Every signature is checked, every
outcome and every hash is made again, and every table is compared, row by row and column by column, with what comes out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Final

from sqlalchemy import Connection, Engine

from coalition.note import Checkpoint
from network.ledger.invariants import violations
from network.reopening.openers import OPENERS_MAX, Openers, spare_cores
from network.store.engine import UNREADABLE, Database, is_busy, parse_url, reason_of
from network.store.errors import StoreError
from network.verify.projections import check_projections
from network.verify.replay import Pinned, Replay
from network.verify.report import Failure, Failures, Report
from network.verify.structure import check_structure

__all__ = ["Failure", "Report", "verify_database"]

#: Some ten thousand entries.
_SMALL_BYTES: Final = 8 << 20

#: Called with the number of entries checked and of all.
Progress = Callable[[int, int], object]


def verify_database(
    url: str,
    *,
    network_id: str | None = None,
    hub_keys: Sequence[bytes] = (),
    checkpoint: Checkpoint | None = None,
    progress: Progress | None = None,
    openers: int | None = None,
) -> Report:
    """Check all of a database, in one snapshot; a hub may go on writing meanwhile.

    A database alone cannot tell that its newest entries were cut off or that all of it was made up. What is known from
    elsewhere can be given: `network_id`, `hub_keys` (raw keys that are or were the hub's), and as `checkpoint` a log
    that this one must begin with.

    `openers` says how many processes check signatures beside this one; by default as many as there are cores to spare.

    Raises StoreError when there is no database, or it cannot be reached, and OpenerLostError when one of those
    processes ended before its time. Whatever is wrong inside the database is reported.
    """
    database = parse_url(url)
    if database.file is not None and not database.file.is_file():
        raise StoreError(f"There is no database at {database.name}.")
    failures = Failures()
    engine = database.checking()
    try:
        with (
            # Before anything else: they start while the structure is checked.
            Openers(_worth_starting(database) if openers is None else openers) as started,
            closing(_Guarded(engine, database.name, failures)) as guarded,
        ):
            replay = Replay(Pinned(network_id, tuple(hub_keys), checkpoint), progress or _no_progress, started)
            guarded.run("the structure", check_structure)
            guarded.run("the journal", replay.run)
            if replay.complete:
                guarded.run("the tables", lambda connection, found: check_projections(connection, replay.state, found))
                for violation in violations(replay.state):
                    failures.add("the ledger's rules", "every rule to hold", violation)
    finally:
        engine.dispose()
    head = replay.state.head
    return Report(replay.network_id, head.sequence, head.frontier.root(), replay.complete, *failures.listed())


def _worth_starting(database: Database) -> int:
    """How many openers; none for a file that is checked before one is at work."""
    small = database.file is not None and database.file.stat().st_size < _SMALL_BYTES
    return 0 if small else min(spare_cores(), OPENERS_MAX)


def _no_progress(_done: int, _all: int) -> None:
    """For those who do not look."""


class _Guarded:
    """Runs checks over one snapshot. What the database itself cannot read is a failure like any other."""

    def __init__(self, engine: Engine, name: str, failures: Failures) -> None:
        self._name = name
        self._failures = failures
        self._connection: Connection | None = None
        try:
            self._connection = engine.connect()
            self._connection.begin()
        except UNREADABLE as error:
            self._fail("the database", "a readable one", error)

    def run(self, what: str, check: Callable[[Connection, Failures], None]) -> None:
        if self._connection is None:
            return
        try:
            check(self._connection, self._failures)
        except UNREADABLE as error:
            self._fail(f"{what}: {self._failures.place}", "readable rows", error)

    def _fail(self, where: str, expected: str, error: Exception) -> None:
        """What could not be reached is no fault of what is there."""
        if is_busy(error):
            raise StoreError(f"{self._name} cannot be read: {reason_of(error)}") from error
        self._failures.add(where, expected, reason_of(error))

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
