"""`verify` passes what the hub wrote, and holds it against what is known from elsewhere."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from coalition.note import Checkpoint, checkpoint_origin
from network.store.engine import sqlite_url
from network.store.errors import StoreError
from network.store.store import Store
from network.verify import verify_database
from tests.network.town import NETWORK_ID, key_of
from tests.network.verify.books import append_entry, checkpoint, leaves, places, verified

ORIGIN = checkpoint_origin(NETWORK_ID)


def test_books_are_in_order(books: Path) -> None:
    """A journal of all kinds of transactions verifies to its last entry, and so do all tables."""
    seen: list[tuple[int, int]] = []
    report = verified(books, progress=lambda done, total: seen.append((done, total)))
    assert report.failures == ()
    assert report.ok
    assert report.network_id == NETWORK_ID
    assert report.entries == len(leaves(books))
    assert report.root == checkpoint(books, report.entries).root
    assert seen[-1] == (report.entries, report.entries)
    assert seen == sorted(seen)


def test_hub_may_go_on_writing(copy: Path) -> None:
    """What is committed while a database is checked neither disturbs the check nor is part of it."""
    size = len(leaves(copy))

    def write_meanwhile(done: int, _total: int) -> None:
        if done == 1:
            append_entry(sqlite_url(copy))

    assert (verified(copy, progress=write_meanwhile).failures, len(leaves(copy))) == ((), size + 1)
    report = verified(copy)
    assert (report.ok, report.entries) == (True, size + 1)


def test_books_are_complete(books: Path) -> None:
    """The tests below mean something: every table but the codes has rows to tamper with."""
    with closing(sqlite3.connect(books)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        empty = [name for name in tables if connection.execute(f"SELECT count(*) FROM {name}").fetchone() == (0,)]
        assert empty == ["codes"]
        assert connection.execute("SELECT count(*) FROM envelopes WHERE replayed != x''").fetchone() > (0,)


def test_new_database_is_in_order(tmp_path: Path) -> None:
    """A journal without entries has nothing wrong in it."""
    store = Store(sqlite_url(tmp_path / "hub.db"))
    store.upgrade()
    store.close()
    report = verified(tmp_path / "hub.db")
    assert (report.ok, report.entries, report.root) == (True, 0, hashlib.sha256(b"").digest())


def test_missing_database_is_an_error(tmp_path: Path) -> None:
    """A wrong path is not a database in order, and no file is made there."""
    with pytest.raises(StoreError, match="There is no database"):
        verify_database(sqlite_url(tmp_path / "hub.db"))
    assert list(tmp_path.iterdir()) == []


def test_what_is_known_from_elsewhere_is_checked(books: Path) -> None:
    """The network, the hub's keys and any earlier checkpoint can be held against the database."""
    hub = key_of("hub").public
    size = len(leaves(books))
    for known in (1, size // 2, size):
        report = verified(books, network_id=NETWORK_ID, hub_keys=[hub], checkpoint=checkpoint(books, known))
        assert report.failures == ()


@pytest.mark.parametrize(
    ("known", "where"),
    [
        ({"network_id": "village"}, "the network's id"),
        ({"hub_keys": [key_of("stranger").public]}, "the hub's keys"),
        ({"checkpoint": Checkpoint(ORIGIN, 10_000, bytes(32))}, "the journal"),
        ({"checkpoint": Checkpoint(ORIGIN, 20, bytes(32))}, "entry 20, root of the log up to it"),
        ({"checkpoint": Checkpoint("coalition/village", 0, bytes(32))}, "the log's origin"),
    ],
)
def test_other_network_is_told(books: Path, known: dict[str, object], where: str) -> None:
    """A database that is in order but not the expected one fails."""
    assert where in places(verified(books, **known))


def test_restored_backup_is_told_by_a_checkpoint(books: Path, copy: Path) -> None:
    """A backup is in order by itself; who remembers a later checkpoint sees that entries are missing."""
    append_entry(sqlite_url(copy))
    later = checkpoint(copy, len(leaves(copy)))
    assert verified(copy, checkpoint=later).ok
    assert verified(books).ok
    assert places(verified(books, checkpoint=later)) == ["the journal"]
