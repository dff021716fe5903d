"""Takes a database through its versions, and tells which one it is of."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from network.store.errors import StoreError

_FOLDER: Final = Path(__file__).parent / "migrations"


# The longest that a step may take, or the wait for another hub that is at it.
_STEPS_MS: Final = 3_600_000
# What a hub meets when another one makes the same tables at the same time: duplicate_table, unique_violation (of a name
# in the catalogue), duplicate_object, duplicate_function, serialization_failure, deadlock_detected.
_MET_ANOTHER: Final = frozenset({"42P07", "23505", "42710", "42723", "40001", "40P01"})


def upgrade(connection: Connection) -> None:
    """Bring the database to this program's version, from empty or from any version before, in one transaction.

    Several hubs may start at once: one takes the steps, the others wait for it. Raises StoreError when a later version
    of the program has used the database; on PostgreSQL also an error of which `met_another` is true.
    """
    if is_current(connection):
        return
    if connection.dialect.name == "postgresql":
        connection.execution_options(catalogue=True)
        _wait_for_others(connection)
        if is_current(connection):
            return
    command.upgrade(_config(connection), "head")


def met_another(error: DBAPIError) -> bool:
    """Whether an upgrade failed only because another one made the same tables: trying again finds them."""
    return isinstance(error.orig, psycopg.Error) and error.orig.sqlstate in _MET_ANOTHER


def _wait_for_others(connection: Connection) -> None:
    """Take the row of the version, or, where there is none yet, its table: a name can be made once only."""
    # Of those that the server knows.
    known = connection.exec_driver_sql(
        "SELECT name FROM pg_settings WHERE name IN "
        "('lock_timeout', 'statement_timeout', 'transaction_timeout', 'idle_in_transaction_session_timeout')"
    )
    for setting in known.scalars():
        connection.exec_driver_sql(f"SET LOCAL {setting} = {_STEPS_MS}")
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
    if encoding != "UTF8":
        raise StoreError(f"The database keeps text as {encoding}. Make one with ENCODING 'UTF8'.")
    # As Alembic makes it.
    connection.exec_driver_sql(
        "CREATE TABLE IF NOT EXISTS alembic_version "
        "(version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
    )
    connection.exec_driver_sql("SELECT version_num FROM alembic_version FOR UPDATE")


def is_current(connection: Connection) -> bool:
    """Whether the database is of this program's version. Raises StoreError when it is of one that is not known here."""
    found = MigrationContext.configure(connection).get_current_revision()
    known = _versions()
    if found is not None and found not in known:
        raise StoreError(
            f"The database is of version {found}; this program knows {known[0]} to {known[-1]}. "
            "Run it with the program that wrote it, or a newer one."
        )
    return found == known[-1]


@cache
def _versions() -> tuple[str, ...]:
    """All that this program knows, the oldest first."""
    scripts = ScriptDirectory.from_config(_config(None))
    return tuple(script.revision for script in scripts.walk_revisions())[::-1]


def _config(connection: Connection | None) -> Config:
    config = Config()
    # The percent sign is special to Alembic.
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
