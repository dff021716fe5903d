"""PostgreSQL as SQLAlchemy is to speak it here: results in binary form, and no commit believed that may be none."""

from __future__ import annotations

import re
import select
from typing import Any, Final

import psycopg
from psycopg.errors import Diagnostic
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg, PGExecutionContext_psycopg

#: The URL of an engine of this dialect. Where the database is, its creator knows.
URL: Final = "postgresql+coalition://"

#: After these the connection is no use any more: what it led to has ended, or has become a standby.
_GONE: Final = frozenset(
    {
        "25006",  # read_only_sql_transaction
        "25P03",  # idle_in_transaction_session_timeout
        "25P04",  # transaction_timeout
        "57P01",  # admin_shutdown
        "57P02",  # crash_shutdown
        "57P03",  # cannot_connect_now
        "57P05",  # idle_session_timeout
    }
)


class CommitInDoubt(psycopg.OperationalError):
    """The server took the commit, and said with it that something may be missing."""


class NotCommitted(psycopg.OperationalError):
    """The server had ended the connection before it was told to commit."""


def has_ended(connection: psycopg.Connection[Any]) -> bool:
    """Whether the server has ended a connection that waits for nothing from it. A look at the socket, no round trip:
    the server hardly says anything unasked but that."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


class Context(PGExecutionContext_psycopg):
    """A statement. Its results come in binary form, which is half the bytes and half the work, unless the option
    `catalogue` is set: some types of the catalogue are known to the driver as text only."""

    def create_default_cursor(self) -> Any:
        return self._dbapi_connection.cursor(binary=not self.execution_options.get("catalogue"))

    def create_server_side_cursor(self) -> Any:
        return self._dbapi_connection.cursor(name=f"c_{id(self):x}", binary=True)


class Dialect(PGDialect_psycopg):
    """Named like its parent, so that whoever asks for the engine's name hears `postgresql`."""

    supports_statement_cache = True
    execution_ctx_cls = Context

    def _get_server_version_info(self, connection: Connection) -> tuple[int, ...]:
        """What the server says that it is like. Its full name may be that of another engine with the same protocol."""
        said = str(connection.exec_driver_sql("SHOW server_version").scalar_one())
        return tuple(int(number) for number in re.findall(r"\d+", said)[:2])

    def do_execute(self, cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        """Errors go to the log, and their details quote rows; their first sentence does not."""
        try:
            cursor.execute(statement, parameters)
        except psycopg.Error as error:
            if error.diag.message_primary:
                error.args = (error.diag.message_primary,)
            raise

    def do_commit(self, dbapi_connection: Any) -> None:
        """Commit, or raise.

        A server answers COMMIT with success although it rolled back, if a statement had failed before; and with a
        warning, if somebody made it stop waiting for its standby: then it holds the transaction, but the standby, which
        may soon take its place, may not.
        """
        # What the pool lends has the driver's connection inside.
        connection: psycopg.Connection[Any] = dbapi_connection.driver_connection
        if connection.info.transaction_status == TransactionStatus.INERROR:
            raise psycopg.InternalError("a statement of the transaction has failed; there is nothing to commit")
        if has_ended(connection):
            raise NotCommitted("the server has ended the connection; nothing was committed")
        warnings: list[str | None] = []

        def listen(notice: Diagnostic) -> None:
            # It can be read here only.
            if notice.severity_nonlocalized == "WARNING":
                warnings.append(notice.message_primary)

        connection.add_notice_handler(listen)
        try:
            connection.commit()
        finally:
            connection.remove_notice_handler(listen)
        if warnings:
            raise CommitInDoubt(f"the commit came with a warning: {warnings[0]}")

    def is_disconnect(self, e: Any, connection: Any, cursor: Any) -> bool:
        if isinstance(e, CommitInDoubt | NotCommitted) or (isinstance(e, psycopg.Error) and e.sqlstate in _GONE):
            return True
        return bool(super().is_disconnect(e, connection, cursor))  # type: ignore[no-untyped-call]


registry.register("postgresql.coalition", __name__, "Dialect")
