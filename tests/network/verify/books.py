"""A database with a busy journal, and the means to tamper with copies of it."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from coalition.merkle import Frontier, leaf_hash, root_of
from coalition.note import Checkpoint, checkpoint_origin
from coalition.v1.journal_pb2 import JournalEntry
from coalition.wire import encode
from network.journal.batch import BatchCommitter
from network.journal.tree import WIDTH
from network.store.engine import sqlite_url
from network.store.head import read_head
from network.store.store import Store
from network.verify import Report, verify_database
from tests.network.bustle import Bustle
from tests.network.town import DAY_US, NETWORK_ID, Town

#: Leads to rows in every table; a fixture checks that it still does.
SEED = 29


def write_books(url: str) -> None:
    """Some three hundred entries of all kinds, with a full tile and rows in every table."""
    store = Store(url)
    store.upgrade()
    town = Town()
    committer = BatchCommitter(store)
    bustle = Bustle(town, SEED)
    for envelope in bustle.opening():
        committer.commit([envelope], town.now_us)
    while size_of(store) < 110:
        committer.commit([bustle.envelope() for _ in range(4)], town.now_us)
    committer.commit([town.envelope("grocer", *(town.enrol(f"guest-{number}") for number in range(160)))], town.now_us)
    store.close()


def size_of(store: Store) -> int:
    """Entries in the journal."""
    with store.read() as connection:
        return read_head(connection).sequence


def verified(path: Path, **known: Any) -> Report:
    """What `verify` says about a file."""
    return verify_database(sqlite_url(path), **known)


def copied(books: Path, to: Path) -> Path:
    """A copy to tamper with."""
    shutil.copyfile(books, to)
    return to


@contextmanager
def tampering(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection on which nothing is guarded; afterwards the guards stand as they did."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute("PRAGMA synchronous = OFF")
        guards = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for name, _ in guards:
            connection.execute(f"DROP TRIGGER {name}")
        yield connection
        for _, sql in guards:
            connection.execute(sql)
        connection.commit()


def leaves(path: Path) -> list[bytes]:
    """The leaf hashes of all entries."""
    with closing(sqlite3.connect(path)) as connection:
        return [leaf for (leaf,) in connection.execute("SELECT leaf_hash FROM entries ORDER BY sequence")]


def checkpoint(path: Path, size: int) -> Checkpoint:
    """Of the log's first entries."""
    frontier = Frontier()
    for leaf in leaves(path)[:size]:
        frontier.append(leaf)
    return Checkpoint(checkpoint_origin(NETWORK_ID), size, frontier.root())


def append_entry(url: str) -> None:
    """One more, by the program itself."""
    town = Town()
    town.now_us += 300 * DAY_US
    store = Store(url)
    store.upgrade()
    BatchCommitter(store).commit([town.envelope("grocer", town.enrol("latecomer"))], town.now_us)
    store.close()


def change_body(connection: sqlite3.Connection, sequence: int, change: Callable[[JournalEntry], None]) -> None:
    """Change an entry's body and nothing else."""
    [body] = connection.execute("SELECT body FROM entries WHERE sequence = ?", (sequence,)).fetchone()
    entry = JournalEntry.FromString(body)
    change(entry)
    connection.execute("UPDATE entries SET body = ? WHERE sequence = ?", (encode(entry), sequence))


def places(report: Report) -> list[str]:
    """Where something is wrong."""
    return [failure.where for failure in report.failures]


def rebuild_tree(connection: sqlite3.Connection) -> None:
    """Make leaf hashes, tiles and head fit the entries, as somebody would who wants to hide a change."""
    frontier = Frontier()
    leaves: list[bytes] = []
    for sequence, body in connection.execute("SELECT sequence, body FROM entries ORDER BY sequence").fetchall():
        leaves.append(leaf_hash(body))
        frontier.append(leaves[-1])
        connection.execute("UPDATE entries SET leaf_hash = ? WHERE sequence = ?", (leaves[-1], sequence))
    assert len(leaves) < 2 * WIDTH
    tile = leaves[:WIDTH]
    connection.execute("UPDATE tiles SET hashes = ?, root = ?", (b"".join(tile), root_of(tile)))
    connection.execute("UPDATE head SET frontier = ?, root = ?", (b"".join(frontier.hashes), frontier.root()))
