"""The head row: where the journal ends. Whoever writes holds its lock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, bindparam, select, update

from coalition.merkle import HASH_BYTES, Frontier
from network.ledger.state import Head
from network.store import tables
from network.store.sql import change, find

_MOVING: Final = ("sequence", "committed_us", "window", "reference_sequence", "frontier", "root")
_READ: Final = select(*(tables.head.c[name] for name in _MOVING[:-1]))
_LOCK: Final = _READ.with_for_update()
_WRITE: Final = update(tables.head).values({name: bindparam(name) for name in _MOVING})


def read_head(connection: Connection) -> Head:
    """The head as this connection's transaction sees it."""
    return _head_of(find(connection, _READ))


def lock_head(connection: Connection) -> Head:
    """The head, which nobody else can move before this transaction ends.

    On SQLite the transaction took the lock when it began. On PostgreSQL this statement takes it, and must be the
    transaction's first. The transaction reads what is committed (READ COMMITTED): the row comes back as the commit that
    was waited for left it, and every statement after this one takes a snapshot of its own, later than the lock. A
    commit shows in snapshots before it gives up its locks, so whoever holds this one sees all of the journal.
    """
    return _head_of(find(connection, _LOCK))


def _head_of(rows: Sequence[Any]) -> Head:
    ((sequence, committed_us, window, reference_sequence, frontier),) = rows
    hashes = [frontier[start : start + HASH_BYTES] for start in range(0, len(frontier), HASH_BYTES)]
    return Head(sequence, committed_us, window, reference_sequence, Frontier(sequence, hashes))


def write_head(connection: Connection, head: Head) -> None:
    """Move the head to where the journal ends now."""
    frontier = b"".join(head.frontier.hashes)
    row = (head.sequence, head.committed_us, head.window, head.reference_sequence, frontier, head.frontier.root())
    written = change(connection, _WRITE, _MOVING, row)
    assert written == 1, "there is one head"
