"""`verify` on PostgreSQL: it passes what the hub wrote, and says where it was changed."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from coalition.v1.journal_pb2 import JournalEntry
from coalition.v1.outcome_pb2 import Outcome
from coalition.wire import encode
from network.store.errors import StoreError
from network.verify import Report, verify_database
from partner_sdk.testing._postgresql import installed
from tests.databases import Server, name_of
from tests.network.verify.books import append_entry, places, write_books

Connection = psycopg.Connection[Any]


@pytest.fixture(scope="module")
def books(postgres: Server) -> Iterator[str]:
    """A database in which everything is right, with rows in every table."""
    url = postgres.current()
    write_books(url)
    yield url
    postgres.drop(url)


@pytest.fixture
def copy(books: str, postgres: Server) -> Iterator[str]:
    """Its copy, to tamper with."""
    url = postgres.copy(name_of(books))
    yield url
    postgres.drop(url)


@pytest.fixture
def tamperer(copy: str) -> Iterator[Connection]:
    """A connection of somebody who may do everything, and has put the guards to sleep for it."""
    with closing(psycopg.connect(copy, autocommit=True)) as connection:
        connection.execute("SET session_replication_role = replica")
        yield connection


def verified(url: str, openers: int = 0, **known: Any) -> Report:
    return verify_database(url, openers=openers, **known)


def test_books_are_in_order(books: str) -> None:
    """A journal of all kinds of transactions verifies to its last entry, and so do all tables and what guards them."""
    report = verified(books)
    assert report.failures == ()
    assert report.ok
    assert report.entries > 256


def test_openers_find_the_same(books: str) -> None:
    """Processes that check signatures are given what this one has read."""
    assert verified(books, openers=1) == verified(books, openers=0)


def test_hub_may_go_on_writing(copy: str) -> None:
    """What is committed while a database is checked neither disturbs the check nor is part of it."""
    entries = verified(copy).entries
    waiting = [append_entry]

    def write_meanwhile(done: int, _total: int) -> None:
        if done >= entries // 2 and waiting:
            waiting.pop()(copy)

    report = verified(copy, progress=write_meanwhile)
    assert (report.ok, report.entries) == (True, entries)
    assert verified(copy).entries == entries + 1


@pytest.mark.parametrize(
    ("statement", "where"),
    [
        (
            "UPDATE holders SET points = points + 1 WHERE holder_id = (SELECT min(holder_id) FROM holders)",
            "table holders, holder_id ",
        ),
        ("DELETE FROM nonces WHERE ctid = (SELECT min(ctid) FROM nonces)", "table nonces, who "),
        ("INSERT INTO aliases VALUES ('card-of-a-thief', 'anna')", "table aliases, alias 'card-of-a-thief'"),
        ("DELETE FROM tiles", "table tiles, level 0, position 0"),
        ("UPDATE entries SET leaf_hash = body WHERE sequence = 7", "entry 7, the leaf hash of its body"),
        ("DELETE FROM entries WHERE sequence = 9", "entry 9"),
        ("UPDATE head SET committed_us = committed_us + 1", "table head, id 1, column committed_us"),
    ],
)
def test_changed_row_is_told(copy: str, tamperer: Connection, statement: str, where: str) -> None:
    """Whatever is changed behind the guards' backs, the first thing that is told is where."""
    tamperer.execute(statement)
    report = verified(copy)
    assert not report.ok
    assert places(report)[0].startswith(where)


def test_changed_outcome_is_told_by_the_ledger(copy: str, tamperer: Connection) -> None:
    """An outcome whose hash was made to fit meets the ledger, which decides as it did before."""
    row = tamperer.execute("SELECT body FROM entries WHERE sequence = 20").fetchone()
    assert row is not None
    entry = JournalEntry.FromString(row[0])
    outcome = Outcome.FromString(entry.outcome)
    outcome.balance.available_points += 1
    entry.outcome = encode(outcome)
    tamperer.execute("UPDATE entries SET body = %s WHERE sequence = 20", (encode(entry),))
    report = verified(copy)
    assert report.first_wrong_sequence is not None
    assert report.first_wrong_sequence <= 20


@pytest.mark.parametrize(
    ("statement", "where"),
    [
        ("DROP TRIGGER guard_entries ON entries", "trigger guard_entries"),
        ("ALTER TABLE tiles DISABLE TRIGGER guard_tiles", "trigger guard_tiles"),
        ("ALTER TABLE head ENABLE REPLICA TRIGGER guard_head_update", "trigger guard_head_update"),
        (
            "CREATE OR REPLACE FUNCTION guard_journal() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
            "function guard_journal",
        ),
        ("ALTER TABLE holders DROP CONSTRAINT ck_holders_points", "constraint ck_holders_points"),
        (
            "ALTER TABLE entries DROP CONSTRAINT uq_entries_author_transaction_id",
            "constraint uq_entries_author_transaction_id",
        ),
        ("DROP INDEX ix_lots_expires_on", "index ix_lots_expires_on"),
        (
            "DROP INDEX ix_holds_expires_us; CREATE INDEX ix_holds_expires_us ON holds (expires_us)",
            "index ix_holds_expires_us",
        ),
        ("ALTER TABLE aliases ALTER holder_id DROP NOT NULL", "column aliases.holder_id"),
        ("ALTER TABLE lots ALTER opened TYPE integer", "column lots.opened"),
        ("CREATE TABLE notes (id int)", "column notes.id"),
    ],
)
def test_changed_schema_is_told(copy: str, tamperer: Connection, statement: str, where: str) -> None:
    """A guard that was taken away or put to sleep, and whatever else a new database would not have, or would."""
    tamperer.execute(statement)
    assert places(verified(copy)) == [where]


def test_earlier_and_later_versions_are_told(copy: str, tamperer: Connection) -> None:
    """Their tables are not compared with this version's."""
    for version, failure in (("0001", "`coalition hub serve` upgrades it"), ("9999", "this program knows")):
        tamperer.execute("UPDATE alembic_version SET version_num = %s", (version,))
        report = verified(copy)
        assert places(report) == ["the schema's version"]
        assert failure in report.failures[0].found


def test_database_without_tables_is_told(postgres: Server) -> None:
    """An empty database is not one in order."""
    url = postgres.empty()
    report = verified(url)
    assert not report.ok
    assert places(report)[0] == "the schema's version"
    postgres.drop(url)


def test_database_that_cannot_be_reached_is_an_error(tmp_path: Path) -> None:
    """What could not be read is no finding about it."""
    with pytest.raises(StoreError, match=r"postgresql:///books.* cannot be read"):
        verified(f"postgresql:///books?host={tmp_path}")


def test_auditor_needs_to_read_only(copy: str, tamperer: Connection) -> None:
    """Whoever may only read can check everything."""
    tamperer.execute("DROP ROLE IF EXISTS auditor")
    tamperer.execute("CREATE ROLE auditor LOGIN")
    tamperer.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO auditor")
    report = verified(copy.replace("user=postgres", "user=auditor"))
    assert report.failures == ()
    assert report.ok
    tamperer.execute("DROP OWNED BY auditor")
    tamperer.execute("DROP ROLE auditor")


def test_dump_can_be_restored(books: str, postgres: Server, tmp_path: Path) -> None:
    """What PostgreSQL's own programs put back verifies, its guards among it."""
    programs, dump, restored = installed() / "bin", tmp_path / "books.dump", postgres.empty()
    subprocess.run([programs / "pg_dump", "--format=custom", f"--file={dump}", books], check=True)
    restore = [programs / "pg_restore", "--exit-on-error", "--no-owner", f"--dbname={restored}", dump]
    subprocess.run(restore, check=True)
    assert verified(restored) == verified(books)
    assert verified(restored).ok
    postgres.drop(restored)
