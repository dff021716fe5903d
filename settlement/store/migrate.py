"""Bringing a database up to date."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from settlement.store.database import Database

_MIGRATIONS: Final = Path(__file__).with_name("migrations")


def migrate(database: Database) -> None:
    """Apply every step that the database has not seen, in one transaction; a new file becomes a database."""
    with database.write() as connection:
        command.upgrade(configuration(connection), "head")


def configuration(connection: Connection) -> Config:
    """Alembic's configuration for this connection; `alembic` itself is not needed on the command line."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
