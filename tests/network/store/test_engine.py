"""Transactions begin, see and lock as the writer and its readers need it."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import DBAPIError, OperationalError

from network.store import tables
from network.store.engine import is_busy, parse_url, sqlite_url
from network.store.errors import StoreError
from network.store.head import lock_head, write_head
from network.store.sql import insert_rows
from network.store.store import Store
from tests.databases import BOTH

ADD = "INSERT INTO nonces VALUES (?, x'01', 1)"


def add(connection: Connection) -> None:
    insert_rows(connection, tables.nonces, [("a", b"1", 1)])


def count(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(tables.nonces)).scalar_one()


def test_commits_are_on_disk_before_they_are_acknowledged(store: Store) -> None:
    """The writer's connection has a write-ahead log that is flushed with every commit."""
    with store.write() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


@pytest.mark.engines(*BOTH)
def test_read_sees_one_snapshot(store: Store) -> None:
    """What is committed during a read does not show in it, and shows in the next."""
    with store.read() as reader:
        assert count(reader) == 0
        with store.write() as writer:
            add(writer)
        assert count(reader) == 0
    with store.read() as reader:
        assert count(reader) == 1


@pytest.mark.engines(*BOTH)
def test_read_changes_nothing(store: Store) -> None:
    """A connection for reading refuses to write."""
    with pytest.raises(DBAPIError, match=r"read-?only"), store.read() as reader:
        add(reader)


@pytest.mark.engines(*BOTH)
def test_exception_rolls_a_write_back(store: Store) -> None:
    """All of a transaction is written or nothing."""

    def write_and_fail() -> None:
        with store.write() as writer:
            add(writer)
            raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        write_and_fail()
    with store.read() as reader:
        assert count(reader) == 0


@pytest.mark.engines("postgresql")
def test_whoever_has_the_lock_sees_what_was_committed_before(url: str, store: Store) -> None:
    """The head comes back as the commit that was waited for left it, and so does everything that is read after it."""
    other = Store(url)
    began, seen = threading.Event(), []

    def wait_and_look() -> None:
        began.set()
        with other.write() as connection:
            seen.append((lock_head(connection).committed_us, count(connection)))

    waiting = threading.Thread(target=wait_and_look)
    with store.write() as connection:
        head = lock_head(connection)
        waiting.start()
        began.wait(10)
        time.sleep(0.2)
        add(connection)
        head.committed_us = 7
        write_head(connection, head)
    waiting.join(10)
    assert seen == [(7, 1)]
    other.close()


def test_write_takes_the_lock_when_it_begins(tmp_path: Path, store: Store) -> None:
    """While one process writes, no other can begin to, and it is told that somebody else is at it."""
    other = sqlite3.connect(tmp_path / "hub.db", timeout=0, isolation_level=None)
    with store.write(), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")
    other.execute("BEGIN IMMEDIATE")
    with store.read() as reader:
        assert count(reader) == 0
    other.execute("ROLLBACK")
    other.close()


def test_single_write_gets_its_turn(url: str, store: Store) -> None:
    """Among those who write one transaction after the other and hardly let go of the lock, a single one waits for a few
    of them, not for seconds."""
    other, began, ended = Store(url), threading.Event(), threading.Event()

    def write_all_the_time() -> None:
        while not ended.is_set():
            with other.write():
                began.set()
                time.sleep(0.03)
            time.sleep(0.0005)

    busy = threading.Thread(target=write_all_the_time)
    busy.start()
    began.wait(10)
    waited_s = 0.0
    try:
        for _ in range(5):
            time.sleep(0.05)
            began_s = time.monotonic()
            with store.write():
                waited_s += time.monotonic() - began_s
    finally:
        ended.set()
        busy.join(10)
        other.close()
    assert waited_s < 2.5


def test_busy_database_is_told_from_a_broken_one(tmp_path: Path, store: Store) -> None:
    """Only another process's lock is a reason to try the same again."""
    other = sqlite3.connect(tmp_path / "hub.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with store.read() as reader:
        reader.exec_driver_sql("PRAGMA busy_timeout = 0")
        reader.exec_driver_sql("PRAGMA query_only = OFF")
        with pytest.raises(OperationalError) as busy:
            reader.exec_driver_sql(ADD, ("a",))
        with pytest.raises(OperationalError) as wrong:
            reader.exec_driver_sql("SELECT nothing FROM nowhere")
    assert is_busy(busy.value)
    assert not is_busy(wrong.value)
    other.close()


def test_url_of_a_file_leads_to_that_file(tmp_path: Path) -> None:
    """Paths with spaces and signs that URLs use for themselves come through."""
    path = tmp_path / "a folder" / "50% of #1?.db"
    assert parse_url(sqlite_url(path)).file == path


@pytest.mark.parametrize("url", ["nonsense", "mysql://host/hub", "sqlite://", "sqlite:///:memory:"])
def test_other_databases_are_refused(url: str) -> None:
    """What this version cannot use is refused before anything is opened, with an example of what it can."""
    with pytest.raises(StoreError, match=r"such as\s+sqlite:////"):
        Store(url)


def test_password_in_a_url_is_not_shown() -> None:
    """An error never carries a secret."""
    with pytest.raises(StoreError) as refused:
        Store("mysql://hub:secret@host/hub")
    assert "secret" not in str(refused.value)


def test_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """The error names the file."""
    path = tmp_path / "hub.db"
    path.write_bytes(os.urandom(8192))
    store = Store(sqlite_url(path))
    with pytest.raises(StoreError, match=r"hub\.db cannot be opened: file is not a database"):
        store.upgrade()
    store.close()
