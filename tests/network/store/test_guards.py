"""The database itself refuses to change the journal, whoever asks."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from network.journal.batch import BatchCommitter
from network.store.store import Store
from tests.databases import Databases
from tests.network.town import Town


def write(store: Store) -> None:
    """A journal with a full tile."""
    town = Town()
    committer = BatchCommitter(store)
    for envelope in town.founding():
        committer.commit([envelope], town.now_us)
    committer.commit([town.envelope("grocer", *(town.enrol(f"m-{number}") for number in range(300)))], town.now_us)


@pytest.fixture
def outsider(tmp_path: Path, store: Store) -> sqlite3.Connection:
    """A connection that knows nothing of this program, to a database with a journal and a full tile."""
    write(store)
    connection = sqlite3.connect(tmp_path / "hub.db")
    # The guards against deletion hold for INSERT OR REPLACE only where triggers may set off triggers; others must too.
    connection.execute("PRAGMA recursive_triggers = OFF")
    return connection


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET body = x'00' WHERE sequence = 3",
        "UPDATE entries SET sequence = 10000 WHERE sequence = 3",
        "DELETE FROM entries WHERE sequence = 3",
        "DELETE FROM entries",
        "INSERT OR REPLACE INTO entries SELECT 3, 2, 'a', x'01', 1, '', '', x'00', x'00'",
        "INSERT INTO entries SELECT 10000, 2, 'a', x'01', 1, '', '', x'00', x'00'",
        "UPDATE envelopes SET header = x'00' WHERE first_sequence = 2",
        "DELETE FROM envelopes WHERE first_sequence = 2",
        "INSERT OR REPLACE INTO envelopes SELECT 2, 'a', x'00', x'00', x'00'",
        "UPDATE tiles SET hashes = x'00'",
        "DELETE FROM tiles",
        "INSERT OR REPLACE INTO tiles SELECT 0, 0, x'00', x'00'",
        "UPDATE head SET sequence = sequence - 1",
        "UPDATE head SET committed_us = committed_us - 1",
        "DELETE FROM head",
    ],
)
def test_journal_cannot_be_changed(outsider: sqlite3.Connection, statement: str) -> None:
    """Neither update, delete nor replacement of a row of the journal gets through."""
    before = list(outsider.iterdump())
    with pytest.raises(sqlite3.IntegrityError, match="the journal is append-only"):
        outsider.execute(statement)
    outsider.rollback()
    assert list(outsider.iterdump()) == before
    outsider.close()


def test_head_has_one_row(outsider: sqlite3.Connection) -> None:
    """There is no second head that somebody could lock instead."""
    with pytest.raises(sqlite3.IntegrityError, match="ck_head_one_row"):
        outsider.execute("INSERT INTO head SELECT 2, sequence, 0, 1, 0, frontier, root FROM head")
    outsider.close()


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        ("UPDATE holders SET points = -1", "ck_holders_points"),
        ("INSERT INTO lots VALUES ('m-1', 'grocer', '2024-03-31', '', 1, 0)", "ck_lots_points"),
        ("INSERT INTO arrears VALUES ('m-1', 'grocer', -5)", "ck_arrears_points"),
        ("INSERT INTO totals VALUES ('grocer', 0, 0, 0, 0, 0, 0, -1, 0, 0)", "ck_totals_in_lots"),
    ],
)
def test_points_are_never_negative(outsider: sqlite3.Connection, statement: str, constraint: str) -> None:
    """Rule 2 of the ledger holds in the database too."""
    with pytest.raises(sqlite3.IntegrityError, match=constraint):
        outsider.execute(statement)
    outsider.close()


@pytest.fixture(scope="module")
def stranger(shared_databases: Databases) -> Iterator[psycopg.Connection[Any]]:
    """The same on PostgreSQL, as the owner of the tables; what it does is undone."""
    url = shared_databases.current()
    with closing(Store(url)) as store:
        store.upgrade()
        write(store)
    with closing(psycopg.connect(url)) as connection:
        yield connection


@pytest.mark.engines("postgresql")
@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("UPDATE entries SET body = '' WHERE sequence = 3", "append-only, entries: UPDATE"),
        ("DELETE FROM entries WHERE sequence = 3", "append-only, entries: DELETE"),
        ("TRUNCATE entries", "append-only, entries: TRUNCATE"),
        ("TRUNCATE envelopes CASCADE", "append-only, envelopes: TRUNCATE"),
        ("UPDATE envelopes SET header = '' WHERE first_sequence = 2", "append-only, envelopes: UPDATE"),
        ("DELETE FROM envelopes WHERE first_sequence = 2", "append-only, envelopes: DELETE"),
        ("UPDATE tiles SET hashes = ''", "append-only, tiles: UPDATE"),
        ("DELETE FROM tiles", "append-only, tiles: DELETE"),
        ("TRUNCATE tiles", "append-only, tiles: TRUNCATE"),
        ("UPDATE head SET sequence = sequence - 1", "append-only, head: UPDATE"),
        ("UPDATE head SET committed_us = committed_us - 1", "append-only, head: UPDATE"),
        ("DELETE FROM head", "append-only, head: DELETE"),
        ("TRUNCATE head", "append-only, head: TRUNCATE"),
        ("INSERT INTO entries SELECT * FROM entries WHERE sequence = 3", "pk_entries"),
        ("INSERT INTO tiles SELECT * FROM tiles", "pk_tiles"),
        ("INSERT INTO entries VALUES (10000, 9999, 'a', '', 1, '', '', '', '')", "fk_entries_first_sequence_envelopes"),
        ("INSERT INTO head SELECT 2, sequence, 0, 1, 0, frontier, root FROM head", "ck_head_one_row"),
        ("UPDATE holders SET points = -1", "ck_holders_points"),
        ("INSERT INTO lots VALUES ('m-1', 'grocer', '2024-03-31', '', 1, 0)", "ck_lots_points"),
    ],
)
def test_postgresql_guards_the_journal_too(stranger: psycopg.Connection[Any], statement: str, rule: str) -> None:
    """Neither update, delete, truncation nor a second row under the same key gets through, and no points below zero."""
    with pytest.raises(psycopg.Error, match=rule):
        stranger.execute(statement)
    stranger.rollback()
