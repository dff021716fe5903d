"""The head row: where the journal ends. Whoever writes holds its lock."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, bindparam, select, update

from coalition.merkle import HASH_BYTES, Frontier
from network.ledger.state import Head
from network.store import tables
from network.store.sql import driver_text

_MOVING: Final = ("sequence", "committed_us", "window", "reference_sequence", "frontier", "root")
_READ: Final = select(*(tables.head.c[name] for name in _MOVING[:-1]))
_READ_TEXT: Final = driver_text(_READ)
_LOCK_TEXT: Final = driver_text(_READ.with_for_update())
_WRITE_TEXT: Final = driver_text(update(tables.head).values({name: bindparam(name) for name in _MOVING}), _MOVING)


def read_head(connection: Connection) -> Head:
    """The head as this connection's transaction sees it."""
    return _head_of(*connection.exec_driver_sql(_READ_TEXT).one())


def lock_head(connection: Connection) -> Head:
    """The head, which nobody else can move before this transaction ends.

    On SQLite the transaction took the lock when it began; elsewhere this statement takes it.
    """
    return _head_of(*connection.exec_driver_sql(_LOCK_TEXT).one())


def _head_of(sequence: int, committed_us: int, window: int, reference_sequence: int, frontier: bytes) -> Head:
    hashes = [frontier[start : start + HASH_BYTES] for start in range(0, len(frontier), HASH_BYTES)]
    return Head(sequence, committed_us, window, reference_sequence, Frontier(sequence, hashes))


def write_head(connection: Connection, head: Head) -> None:
    """Move the head to where the journal ends now."""
    frontier = b"".join(head.frontier.hashes)
    row = (head.sequence, head.committed_us, head.window, head.reference_sequence, frontier, head.frontier.root())
    written = connection.exec_driver_sql(_WRITE_TEXT, row)
    assert written.rowcount == 1, "there is one head"
