"""The hub's database: which one a URL means, and what its errors mean. SQLite in a file, or PostgreSQL.

What an engine must be told so that a transaction begins, sees and locks as the writer and its readers need it stands in
a module for each engine.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final, Protocol

import psycopg
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from network.store.engine import postgresql, sqlite
from network.store.engine.address import without_secrets
from network.store.engine.sqlite import sqlite_url
from network.store.errors import StoreError

__all__ = ["UNREADABLE", "Database", "database_url", "is_busy", "kept", "parse_url", "reason_of", "sqlite_url"]


class Database(Protocol):
    """A database that may or may not be there. Nothing is opened before an engine's first connection."""

    @property
    def name(self) -> str:
        """What people call it: never with a password."""

    @property
    def file(self) -> Path | None:
        """Where it lies, if it is a file."""

    def writing(self) -> Engine:
        """For transactions that write: one connection, as there is one writer."""

    def reading(self) -> Engine:
        """For transactions that only read. Each sees one snapshot."""

    def checking(self) -> Engine:
        """For `verify`: a reader that takes its time, and takes what is wrong as it finds it."""


def parse_url(url: str) -> Database:
    """The database that a URL means. Raises StoreError for what is none that this version can use."""
    if url.startswith("sqlite:"):
        return sqlite.SqliteFile.parse(url)
    if url.startswith(postgresql.SCHEMES):
        return postgresql.PostgresqlDatabase.parse(url)
    # Not quoted: what is no URL at all may still have a password in it.
    raise StoreError(
        "The database is given by a URL that this version cannot use. It takes a file, such as "
        "sqlite:////var/lib/coalition/hub.db, or PostgreSQL, such as postgresql://hub@db.example/coalition"
    )


def database_url(text: str, folder: Path) -> str:
    """The URL that people mean: a URL of PostgreSQL, or the path of a file, which may begin at `folder`.

    Raises StoreError.
    """
    url = text if "://" in text else sqlite_url(folder / text)
    parse_url(url)
    return url


def kept(url: str) -> str:
    """What of a URL may be written into a file: all but the passwords."""
    return without_secrets(url) if url.startswith(postgresql.SCHEMES) else url


#: What the drivers raise over a database that they cannot read. The second is for an error whose own text SQLite cannot
#: read, because it quotes a schema that is not text any more.
UNREADABLE: Final = (DBAPIError, UnicodeDecodeError)


def reason_of(error: BaseException) -> str:
    """What the database says, without the statement that met it."""
    return str(error.orig).strip() if isinstance(error, DBAPIError) else "a schema that is not text"


def is_busy(error: BaseException, *, reading: bool = False) -> bool:
    """Whether a transaction was certainly not committed, for a reason that passes by itself: somebody else's lock, a
    database that restarts, fails over, or cannot be reached. `reading`: whether it was for reading only."""
    if not isinstance(error, DBAPIError):
        return False
    if isinstance(error.orig, sqlite3.Error):
        return sqlite.is_busy(error.orig)
    return isinstance(error.orig, psycopg.Error) and postgresql.is_busy(error, error.orig, reading=reading)
