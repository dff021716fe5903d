"""Takes a database through its versions, and tells which one it is of."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from network.store.errors import StoreError

_FOLDER: Final = Path(__file__).parent / "migrations"


def upgrade(connection: Connection) -> None:
    """Bring the database to this program's version, from empty or from any version before.

    Raises StoreError when a later version of the program has used it.
    """
    if not is_current(connection):
        command.upgrade(_config(connection), "head")


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
