"""Connections to the hub's database: how they are opened, and how a transaction begins.

SQLite: one file, write-ahead log, every commit on disk before it is acknowledged. A write takes the database's lock
when it begins, so that it never fails half-way for want of it; a read sees one snapshot from its first statement on.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

from network.store.errors import StoreError

#: How long a statement waits for another process that holds the database's lock.
BUSY_TIMEOUT_MS: Final = 5_000
#: Pages of 4 KiB in the write-ahead log before they are moved into the database file.
CHECKPOINT_PAGES: Final = 4_000
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
    # In KiB: the one writer keeps much at hand, each of the readers little.
    "PRAGMA cache_size = -65536",
)
_READING: Final = ("PRAGMA query_only = ON", "PRAGMA cache_size = -8192")


def sqlite_url(path: Path) -> str:
    """The URL of a database file."""
    return URL.create("sqlite", database=str(path.resolve())).render_as_string()


def parse_url(url: str) -> URL:
    """Raises StoreError for what is no database that this version can use."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise StoreError(f"{url!r} is not a database URL, such as sqlite:////var/lib/coalition/hub.db") from None
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
        raise StoreError(
            f"{parsed.render_as_string()} is not a SQLite file; this version keeps the journal in one, such as "
            "sqlite:////var/lib/coalition/hub.db"
        )
    return parsed


def writing_engine(url: URL) -> Engine:
    """For transactions that write. They hold the database's lock from their beginning."""
    engine = create_engine(url, pool_size=1, max_overflow=0, hide_parameters=True)
    _prepare(engine, _COMMON + _WRITING, "BEGIN IMMEDIATE")
    return engine


def reading_engine(url: URL) -> Engine:
    """For transactions that only read. Each sees one snapshot."""
    engine = create_engine(
        url, pool_size=_READERS_MAX, max_overflow=0, pool_timeout=_READER_WAIT_S, hide_parameters=True
    )
    _prepare(engine, _COMMON + _READING, "BEGIN")
    return engine


def _prepare(engine: Engine, pragmas: tuple[str, ...], begin: str) -> None:
    def set_up(connection: Any, _record: Any) -> None:
        # The driver would begin transactions by itself, late and without the lock.
        connection.isolation_level = None
        cursor = connection.cursor()
        try:
            for pragma in pragmas:
                cursor.execute(pragma)
        finally:
            cursor.close()

    def begin_transaction(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", set_up)
    event.listen(engine, "begin", begin_transaction)


#: What the driver raises over a database that it cannot read. The second is for an error whose own text it cannot read,
#: because it quotes a schema that is not text any more.
UNREADABLE: Final = (DBAPIError, UnicodeDecodeError)


def reason_of(error: BaseException) -> str:
    """What the database says, without the statement that met it."""
    return str(error.orig) if isinstance(error, DBAPIError) else "a schema that is not text"


def is_busy(error: BaseException) -> bool:
    """Whether a statement failed only because another process held the database's lock for too long."""
    return (
        isinstance(error, OperationalError)
        and isinstance(error.orig, sqlite3.OperationalError)
        and error.orig.sqlite_errorcode == sqlite3.SQLITE_BUSY
    )
