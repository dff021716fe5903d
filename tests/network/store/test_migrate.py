"""A database comes to this program's version from any that this program knows."""

from __future__ import annotations

import io
from argparse import Namespace
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, inspect, text

from network.store import migrate
from network.store.errors import StoreError
from network.store.store import Store
from network.store.tables import metadata

INI = Path(migrate.__file__).parent / "migrations" / "alembic.ini"


def schema(connection: Connection) -> dict[str, list[str]]:
    """The lines of the statements behind tables and indexes, in whatever order columns and constraints stand."""
    rows = connection.execute(text("SELECT name, sql FROM sqlite_schema WHERE type IN ('table', 'index')"))
    return {
        name: sorted(line.strip(" ,\t") for line in sql.splitlines())
        for name, sql in rows
        if sql is not None and name != "alembic_version"
    }


def test_upgrade_from_empty_shows_no_drift(store: Store) -> None:
    """The migrations make exactly the tables that the program uses, by Alembic's comparison and by the statements."""
    plain = create_engine("sqlite://")
    with plain.begin() as connection:
        metadata.create_all(connection)
        expected = schema(connection)
    plain.dispose()
    with store.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        assert schema(connection) == expected


def test_every_constraint_has_the_name_that_the_convention_gives(store: Store) -> None:
    """Later migrations can drop any constraint by name, on every engine."""
    with store.read() as connection:
        inspector = inspect(connection)
        for table in metadata.tables.values():
            assert inspector.get_pk_constraint(table.name)["name"] == f"pk_{table.name}"
            others = [
                *inspector.get_unique_constraints(table.name),
                *inspector.get_check_constraints(table.name),
                *inspector.get_foreign_keys(table.name),
            ]
            for constraint in others:
                assert (constraint["name"] or "").split("_")[0] in ("uq", "ck", "fk")
                assert f"_{table.name}_" in (constraint["name"] or "")
            for index in inspector.get_indexes(table.name):
                assert (index["name"] or "").startswith(f"ix_{table.name}_")


def test_upgrade_of_a_current_database_changes_nothing(store: Store) -> None:
    """Every start of the hub may ask for it."""
    with store.read() as connection:
        before = schema(connection)
    store.upgrade()
    with store.read() as connection:
        assert schema(connection) == before
        assert migrate.is_current(connection)


def test_upgrade_goes_on_from_an_earlier_version(url: str) -> None:
    """A database that stopped half-way is taken to the end."""
    store = Store(url)
    with store.write() as connection:
        config = Config(INI)
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        assert not migrate.is_current(connection)
    store.upgrade()
    with store.read() as connection:
        assert migrate.is_current(connection)
    store.close()


def test_database_of_a_later_version_is_refused(store: Store) -> None:
    """A program does not touch what a later one has written, and says so."""
    with store.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match=r"version 9999; this program knows 0001 to"):
        store.upgrade()


@pytest.mark.usefixtures("store")
def test_alembic_reaches_a_database_by_its_url(url: str) -> None:
    """The tool's own command line works with the configuration beside the migrations."""
    output = io.StringIO()
    config = Config(INI, stdout=output, cmd_opts=Namespace(x=[f"url={url}"]))
    command.current(config)
    assert "(head)" in output.getvalue()


def test_statements_for_postgresql_guard_the_journal() -> None:
    """What the migrations say to PostgreSQL can be printed without a server, and guards the same tables."""
    output = io.StringIO()
    config = Config(INI, output_buffer=output, cmd_opts=Namespace(x=["dialect=postgresql"]))
    command.upgrade(config, "head", sql=True)
    statements = output.getvalue()
    for table in ("envelopes", "entries", "tiles"):
        assert f"BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}" in statements
    assert "sequence BIGINT NOT NULL" in statements
    assert "body BYTEA NOT NULL" in statements
    assert "WITHOUT ROWID" not in statements
