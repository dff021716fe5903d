"""SQLite: one file, write-ahead log, every commit on disk before it is acknowledged.

A write takes the database's lock when it begins, so that it never fails half-way for want of it; a read sees one
snapshot from its first statement on.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from operator import methodcaller
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from network.store.errors import StoreError

#: How long a statement waits for another process that holds the database's lock.
BUSY_TIMEOUT_MS: Final = 5_000
#: Pages of 4 KiB in the write-ahead log before they are moved into the database file.
CHECKPOINT_PAGES: Final = 4_000
_LOOK_AGAIN_S: Final = 0.000_3
_READERS_MAX: Final = 16
_READER_WAIT_S: Final = 10

_COMMON: Final = (
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}",
    "PRAGMA foreign_keys = ON",
    # Without it, INSERT OR REPLACE would delete rows behind the back of the triggers that guard the journal.
    "PRAGMA recursive_triggers = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
)
_WRITING: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}",
    f"PRAGMA journal_size_limit = {64 << 20}",
    # Whoever writes looks for the lock again by itself.
    "PRAGMA busy_timeout = 0",
    # In KiB: the one writer keeps much at hand, each of the readers little.
    "PRAGMA cache_size = -65536",
)
_READING: Final = ("PRAGMA query_only = ON", "PRAGMA cache_size = -8192")


def sqlite_url(path: Path) -> str:
    """The URL of a database file."""
    return URL.create("sqlite", database=str(path.resolve())).render_as_string()


@dataclass(frozen=True, slots=True)
class SqliteFile:
    """A database file."""

    file: Path

    @classmethod
    def parse(cls, url: str) -> SqliteFile:
        """Raises StoreError."""
        try:
            parsed = make_url(url)
        except ArgumentError:
            parsed = None
        if parsed is None or not parsed.database or parsed.database == ":memory:":
            raise StoreError(f"{url!r} names no database file, such as sqlite:////var/lib/coalition/hub.db")
        return cls(Path(parsed.database))

    @property
    def name(self) -> str:
        return str(self.file)

    def writing(self) -> Engine:
        """Transactions hold the database's lock from their beginning."""
        engine = create_engine(sqlite_url(self.file), pool_size=1, max_overflow=0, hide_parameters=True)
        _prepare(engine, _COMMON + _WRITING, _begin_with_lock)
        return engine

    def reading(self) -> Engine:
        engine = create_engine(
            sqlite_url(self.file),
            pool_size=_READERS_MAX,
            max_overflow=0,
            pool_timeout=_READER_WAIT_S,
            hide_parameters=True,
        )
        _prepare(engine, _COMMON + _READING, _begin)
        return engine

    def checking(self) -> Engine:
        """Text that is not UTF-8 any more shall be shown as wrong, not end the check."""
        engine = self.reading()
        event.listen(engine, "connect", _take_any_text)
        return engine


def _prepare(engine: Engine, pragmas: tuple[str, ...], begin: Callable[[Connection], None]) -> None:
    def set_up(connection: Any, _record: Any) -> None:
        # The driver would begin transactions by itself, late and without the lock.
        connection.isolation_level = None
        for pragma in pragmas:
            # Where two make a new file's log at once, SQLite has neither wait for the other.
            _when_free(connection, pragma)

    event.listen(engine, "connect", set_up)
    event.listen(engine, "begin", begin)


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _begin_with_lock(connection: Connection) -> None:
    """Take the lock as soon as it is free. SQLite itself would look for it again after a tenth of a second, and under
    load a writer gives it up for less than a thousandth."""
    try:
        _when_free(connection.connection.driver_connection, "BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        # In vain, or for a reason that this says as every other statement does.
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _when_free(driver: Any, statement: str) -> None:
    """Run a statement as soon as nobody else holds the lock that it takes. Raises what the driver does."""
    end_s = time.monotonic() + BUSY_TIMEOUT_MS / 1_000
    while True:
        try:
            driver.execute(statement)
        except sqlite3.OperationalError as error:
            if not is_busy(error) or time.monotonic() >= end_s:
                raise
        else:
            return
        time.sleep(_LOOK_AGAIN_S)


def _take_any_text(connection: Any, _record: Any) -> None:
    connection.text_factory = methodcaller("decode", "utf-8", "surrogateescape")


def is_busy(error: sqlite3.Error) -> bool:
    """Whether another process held the database's lock for too long."""
    # The low byte is the error, the others say more about it. What the driver itself raises has no number.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
