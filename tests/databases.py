"""New databases for tests, on either engine.

`pytest.mark.engines("sqlite", "postgresql")` on a module or a test has its tests run once with each, as far as they use
the fixture `engine` or one that is built on it; without it they run on SQLite. PostgreSQL is one server for all tests
of a process, started when the first one asks: a new database is a copy of one that was made once. DATABASE_URL names a
server that runs already.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from network.store.engine import sqlite_url
from network.store.store import Store
from partner_sdk.testing._postgresql import SERVER_VARIABLE, LocalPostgres, in_database

BOTH = ("sqlite", "postgresql")


class Server:
    """A PostgreSQL server."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._connection = psycopg.connect(url, autocommit=True)
        self._current: str | None = None

    def close(self) -> None:
        if self._current is not None:
            self.drop(self._current)
        self._connection.close()

    def empty(self) -> str:
        """The URL of a database without anything in it."""
        return self.copy("template0")

    def current(self) -> str:
        """The URL of a database that this version of the program has just made."""
        if self._current is None:
            self._current = self.empty()
            with closing(Store(self._current)) as store:
                store.upgrade()
        return self.copy(name_of(self._current))

    def copy(self, template: str) -> str:
        """The URL of a copy of a database that nobody uses."""
        name = f"test_{secrets.token_hex(6)}"
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
        self._connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
        return in_database(self.url, name)

    def drop(self, url: str) -> None:
        """Remove a database, whoever uses it."""
        self._connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name_of(url))))


@contextmanager
def server() -> Iterator[Server]:
    """That of DATABASE_URL, or a new one."""
    with ExitStack() as stack:
        url = os.environ.get(SERVER_VARIABLE) or stack.enter_context(LocalPostgres()).url()
        yield stack.enter_context(closing(Server(url)))


class Databases:
    """Makes databases of one engine, and forgets them at the end."""

    def __init__(self, engine: str, folder: Path, postgres: Server | None) -> None:
        self.engine = engine
        self._folder = folder
        self._postgres = postgres
        self._made: list[str] = []

    def empty(self) -> str:
        """The URL of a database without anything in it; of a file, that is not there."""
        if self._postgres is None:
            return sqlite_url(self._folder / f"{self._name()}.db")
        return self._keep(self._postgres.empty())

    def current(self) -> str:
        """The URL of a database that this version of the program has just made."""
        if self._postgres is not None:
            return self._keep(self._postgres.current())
        path = self._folder / f"{self._name()}.db"
        path.write_bytes(_current_file())
        return sqlite_url(path)

    def close(self) -> None:
        if self._postgres is not None:
            for url in self._made:
                self._postgres.drop(url)

    def _keep(self, url: str) -> str:
        self._made.append(url)
        return url

    def _name(self) -> str:
        self._made.append("")
        return "hub" if len(self._made) == 1 else f"hub-{len(self._made)}"


@cache
def _current_file() -> bytes:
    """A file as this version of the program makes it: once for all tests of a process."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hub.db"
        with closing(Store(sqlite_url(path))) as store:
            store.upgrade()
        return path.read_bytes()


def name_of(url: str) -> str:
    """The name of a database."""
    return urlsplit(url).path.removeprefix("/")
