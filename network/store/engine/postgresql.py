"""PostgreSQL: the head row's lock is the writer's lock, and nothing waits for ever, neither here nor in the server.

A hub that freezes while it holds the lock is cut off by the server, so that the others go on. When it wakes, its
batch fails, its connection is thrown away, and it goes on as well. A server that restarts or hands over to its standby
looks the same from here: the next transaction connects anew, to whichever of the named hosts takes writes.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psycopg
import structlog
from psycopg.conninfo import make_conninfo
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

from network.store.engine import address, dialect
from network.store.sql import arrays

logger = structlog.get_logger(__name__)

SCHEMES: Final = ("postgresql:", "postgres:", "postgresql+psycopg:")

_READERS_MAX: Final = 16
_READER_WAIT_S: Final = 10
#: Statements that a connection keeps ready: more than there are different ones.
_PREPARED_MAX: Final = 256
_USED: Final = "used"

#: How the way to the server is watched; what the URL says goes before. A server that does not answer is given up within
#: seconds, and a host that takes no writes is passed over.
_CONNECTING: Final[Mapping[str, str]] = {
    "connect_timeout": "5",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
}

#: The longest that the server waits for the next statement of a transaction that is open: how long a hub that is
#: frozen keeps the lock.
CUT_OFF_MS: Final = 4_000
#: The longest that a statement waits for a lock: longer than whoever holds it can keep it without working.
LOCK_MS: Final = 10_000
_STATEMENT_MS: Final = 60_000

# Settings of a session. An engine that does not know one of them does without.
_COMMON: Final[Mapping[str, str]] = {
    "statement_timeout": str(_STATEMENT_MS),
    "lock_timeout": str(LOCK_MS),
    # The server notices a client that is gone while a statement runs, and one that has stopped taking answers.
    "client_connection_check_interval": "2000",
    "tcp_user_timeout": str(CUT_OFF_MS),
    # Compiling a statement takes longer than running it.
    "jit": "off",
}
_WRITING: Final = {
    **_COMMON,
    "idle_in_transaction_session_timeout": str(CUT_OFF_MS),
    # For a hub that freezes in the middle of a statement. Long enough for every batch, waiting for the lock included.
    "transaction_timeout": str(_STATEMENT_MS),
    # From keys to rows by an index, planned once. Statistics of a table that was empty a minute ago say otherwise.
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}
_READING: Final = {
    **_COMMON,
    "idle_in_transaction_session_timeout": str(_STATEMENT_MS),
    # Who reads the journal piece by piece wants the first rows soon, and seldom the last.
    "cursor_tuple_fraction": "0.001",
}
#: One look at a whole table takes as long as the table is large, and replaying what was read holds nobody up.
_CHECKING: Final = {**_COMMON, "statement_timeout": "0", "idle_in_transaction_session_timeout": "0"}
_ESSENTIAL: Final = frozenset({"idle_in_transaction_session_timeout", "lock_timeout"})
#: What would acknowledge a commit that a crash of the server can undo.
_CARELESS: Final = frozenset({"off", "local", "remote_write"})

#: Why a transaction may fail that works when it is tried again.
_PASSING: Final = frozenset(
    {
        "25006",  # read_only_sql_transaction: a standby, or a primary that becomes one
        "25P03",  # idle_in_transaction_session_timeout
        "25P04",  # transaction_timeout
        "40001",  # serialization_failure
        "40P01",  # deadlock_detected
        "53300",  # too_many_connections
        "55P03",  # lock_not_available
        "57014",  # query_canceled
        "57P01",  # admin_shutdown
        "57P02",  # crash_shutdown
        "57P03",  # cannot_connect_now
        "57P05",  # idle_session_timeout
    }
)
#: Those of them that can end a connection before the server has read a COMMIT, and never after.
_NOT_COMMITTED: Final = frozenset({"25P03"})


@dataclass(frozen=True, slots=True)
class PostgresqlDatabase:
    """A database on a server, or on several that take over from each other."""

    #: As libpq reads them; may hold a password.
    _parameters: Mapping[str, str] = field(repr=False)

    file: Path | None = field(default=None, init=False)

    @classmethod
    def parse(cls, url: str) -> PostgresqlDatabase:
        """Everything that libpq takes in a URL may stand in it. Raises StoreError, which never quotes it."""
        return cls(address.parameters_of(url))

    @property
    def name(self) -> str:
        return address.shown(self._parameters)

    def writing(self) -> Engine:
        """Transactions read what is committed, so that what they read after they have the lock is newer than the lock
        (see `network.store.head`)."""
        # Its statements are few and always the same: ready from the first time on.
        return self._engine(_WRITING, psycopg.IsolationLevel.READ_COMMITTED, prepared_after=0, pool_size=1)

    def reading(self) -> Engine:
        return self._engine(
            _READING,
            psycopg.IsolationLevel.REPEATABLE_READ,
            read_only=True,
            pool_size=_READERS_MAX,
            pool_timeout=_READER_WAIT_S,
        )

    def checking(self) -> Engine:
        """A standby will do, and saves the primary the work."""
        return self._engine(
            _CHECKING,
            psycopg.IsolationLevel.REPEATABLE_READ,
            read_only=True,
            hosts="any",
            pool_size=1,
        )

    def _engine(
        self,
        settings: Mapping[str, str],
        isolation: psycopg.IsolationLevel,
        *,
        read_only: bool = False,
        prepared_after: int = 5,
        hosts: str = "read-write",
        **options: Any,
    ) -> Engine:
        way = {
            **_CONNECTING,
            "target_session_attrs": hosts,
            # By which those who look at the server find the process.
            "fallback_application_name": f"coalition {socket.gethostname()} {os.getpid()}",
            **self._parameters,
            "client_encoding": "UTF8",
        }
        target = make_conninfo("", **way)

        def connect() -> psycopg.Connection[Any]:
            connection = psycopg.connect(target, autocommit=True, prepare_threshold=prepared_after)
            try:
                prepare(connection, settings)
                connection.isolation_level = isolation
                connection.read_only = read_only
                connection.prepared_max = _PREPARED_MAX
                connection.autocommit = False
            except BaseException:
                connection.close()
                raise
            return connection

        engine = create_engine(
            dialect.URL, creator=connect, max_overflow=0, hide_parameters=True, use_native_hstore=False, **options
        )
        event.listen(engine, "checkout", _pass_over_the_dead)
        return engine


def prepare(connection: psycopg.Connection[Any], settings: Mapping[str, str]) -> None:
    """Set what the server knows. `connection` commits each statement by itself."""
    arrays.register(connection)
    for name, value in settings.items():
        try:
            connection.execute("SELECT set_config(%s, %s, false)", (name, value))
        except psycopg.DatabaseError as error:
            if connection.closed:
                raise
            if name in _ESSENTIAL:
                logger.warning("the database does not take a setting", setting=name, reason=str(error))
    known = connection.execute("SELECT setting FROM pg_settings WHERE name = 'synchronous_commit'").fetchone()
    if known is not None and known[0] in _CARELESS:
        connection.execute("SELECT set_config('synchronous_commit', 'on', false)")


def _pass_over_the_dead(connection: psycopg.Connection[Any], record: ConnectionPoolEntry, _proxy: object) -> None:
    """Have the pool replace a connection that the server has ended since it was used. What breaks later fails its
    transaction, and the next one connects anew."""
    if not record.info.setdefault(_USED, False):
        # What the server still says to a newcomer is no farewell.
        record.info[_USED] = True
        return
    if dialect.has_ended(connection):
        raise DisconnectionError("the server has ended the connection")


def is_busy(error: DBAPIError, cause: psycopg.Error, *, reading: bool) -> bool:
    """Whether the transaction was certainly not committed, for a reason that passes by itself."""
    if reading and isinstance(cause, psycopg.errors.ReadOnlySqlTransaction):
        # Who only reads meets no standby; this is somebody who was not to write.
        return False
    if error.statement is None and error.connection_invalidated:
        # The connection broke over the COMMIT itself: unless the server said otherwise, it may have committed.
        return isinstance(cause, dialect.NotCommitted) or cause.sqlstate in _NOT_COMMITTED
    # Without a state it is the driver's own word: no connection, or one that broke.
    return cause.sqlstate in _PASSING or (cause.sqlstate is None and isinstance(cause, psycopg.OperationalError))
