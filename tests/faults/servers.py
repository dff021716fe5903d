"""PostgreSQL servers that take over from each other, and what an administrator sees and does on them."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from typing import Any, Final

import psycopg

from partner_sdk.testing._postgresql import LocalPostgres

_REPLICATION: Final = {"wal_level": "replica", "max_wal_senders": "5"}
_WAIT_S: Final = 30.0


class Primary(LocalPostgres):
    """A server that others can follow."""

    def __init__(self) -> None:
        super().__init__(settings=_REPLICATION)

    def wait_for_standby(self) -> None:
        """From now on acknowledge nothing that the standby does not have, as soon as there is one that follows."""
        self.order("ALTER SYSTEM SET synchronous_standby_names = '*'")
        self.order("SELECT pg_reload_conf()")
        wait_until(lambda: self.look("SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'"))

    def order(self, statement: str) -> None:
        """Run a statement as the administrator."""
        with closing(self._connect()) as connection:
            connection.execute(statement)

    def look(self, query: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """What the administrator sees."""
        with closing(self._connect(database)) as connection:
            return connection.execute(query).fetchall()

    def _connect(self, database: str = "postgres") -> psycopg.Connection[Any]:
        return psycopg.connect(self.url(database), autocommit=True)


class Standby(Primary):
    """A server that follows another one until it is promoted."""

    def __init__(self, primary: Primary) -> None:
        super().__init__()
        self._primary = primary

    def make_data(self) -> None:
        source = self._primary.url()
        self.run("pg_basebackup", "--pgdata", str(self.data), "--dbname", source, "-R", "-c", "fast", "--no-sync")

    def promote(self) -> None:
        """Let it take the place of the one that it followed."""
        # What it copied of the other's settings is not its own.
        self.order("ALTER SYSTEM RESET synchronous_standby_names")
        self.order("SELECT pg_reload_conf()")
        self.order("SELECT pg_promote()")


def wait_until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + _WAIT_S
    while not true():
        assert time.monotonic() < deadline, "it came true"
        time.sleep(0.01)
