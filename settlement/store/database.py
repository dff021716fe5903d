"""Connecting to the database: SQLite in one file, durable at every commit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL

#: How long a writer waits for another one before it gives up.
_BUSY_TIMEOUT_S: Final = 30
_CONNECTIONS_MAX: Final = 16
_BEGIN: Final = "settlement_begin"
#: An error's text ends up in the log, where figures of parties have no place.
_ERRORS_HIDE_VALUES: Final = True


class Database:
    """One database, shared by threads. Use `read` and `write`; nothing is ever committed implicitly."""

    def __init__(self, url: URL) -> None:
        """Connections are made when they are needed; so a wrong address shows at the first use."""
        self.engine: Final[Engine] = _engine(url)

    @classmethod
    def in_file(cls, path: Path) -> Database:
        """The embedded default: SQLite in `path`."""
        return cls(URL.create("sqlite", database=str(path)))

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent view of what was committed."""
        with self.engine.connect() as connection:
            yield connection
            connection.rollback()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction: all of it is committed, or, when the block raises, none. One writer at a time."""
        with self.engine.connect() as connection:
            connection = connection.execution_options(**{_BEGIN: "BEGIN IMMEDIATE"})
            with connection.begin():
                yield connection

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        return create_engine(
            url, pool_size=_CONNECTIONS_MAX, isolation_level="SERIALIZABLE", hide_parameters=_ERRORS_HIDE_VALUES
        )
    engine = create_engine(
        url,
        pool_size=_CONNECTIONS_MAX,
        connect_args={"timeout": _BUSY_TIMEOUT_S},
        hide_parameters=_ERRORS_HIDE_VALUES,
    )

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        # The driver would begin transactions by itself, and later than wanted; `begin` below does it.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get(_BEGIN, "BEGIN"))

    return engine
