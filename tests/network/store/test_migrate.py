"""A database comes to this program's version from any that this program knows."""

from __future__ import annotations

import io
import threading
from argparse import Namespace
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, select, text

from network.ledger.records import Terms
from network.store import migrate
from network.store.engine import parse_url
from network.store.errors import StoreError
from network.store.rows import terms_of
from network.store.store import Store
from network.store.tables import metadata, terms
from network.verify import catalogue
from tests.databases import BOTH, Databases

INI = Path(migrate.__file__).parent / "migrations" / "alembic.ini"


def schema(connection: Connection) -> dict[Any, Any]:
    """What tables, indexes and constraints are made of: the lines of the statements behind them, in whatever order
    columns and constraints stand."""
    if connection.dialect.name == "postgresql":
        return {key: text for key, text in catalogue.found(connection).items() if key[0] not in ("function", "trigger")}
    rows = connection.execute(text("SELECT name, sql FROM sqlite_schema WHERE type IN ('table', 'index')"))
    return {
        name: sorted(line.strip(" ,\t") for line in sql.splitlines())
        for name, sql in rows
        if sql is not None and name != "alembic_version"
    }


@pytest.mark.engines(*BOTH)
def test_upgrade_from_empty_shows_no_drift(databases: Databases) -> None:
    """The migrations make exactly the tables that the program uses, by Alembic's comparison and by what is there."""
    plain, migrated = (parse_url(databases.empty()).writing() for _ in range(2))
    with plain.begin() as connection:
        metadata.create_all(connection)
        expected = schema(connection)
    with migrated.begin() as connection:
        migrate.upgrade(connection)
        connection.execution_options(catalogue=True)
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        assert schema(connection) == expected
    plain.dispose()
    migrated.dispose()


@pytest.mark.engines(*BOTH)
def test_every_constraint_has_the_name_that_the_convention_gives(store: Store) -> None:
    """Later migrations can drop any constraint by name, on every engine."""
    with store.read() as connection:
        connection.execution_options(catalogue=True)
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
                if index.get("duplicates_constraint"):
                    continue
                assert (index["name"] or "").startswith(f"ix_{table.name}_")


@pytest.mark.engines(*BOTH)
def test_upgrade_of_a_current_database_changes_nothing(store: Store) -> None:
    """Every start of the hub may ask for it."""
    with store.read() as connection:
        before = schema(connection)
    store.upgrade()
    with store.read() as connection:
        assert schema(connection) == before
        assert migrate.is_current(connection)


@pytest.mark.engines(*BOTH)
def test_upgrade_goes_on_from_an_earlier_version(empty_url: str) -> None:
    """A database that stopped half-way is taken to the end."""
    store = Store(empty_url)
    with store.write() as connection:
        config = Config(INI)
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        assert not migrate.is_current(connection)
    store.upgrade()
    with store.read() as connection:
        assert migrate.is_current(connection)
    store.close()


@pytest.mark.engines(*BOTH)
def test_terms_that_were_published_stay_as_they_were(empty_url: str) -> None:
    """What terms can say by now, they did not say then."""
    with closing(Store(empty_url)) as store:
        with store.write() as connection:
            config = Config(INI)
            config.attributes["connection"] = connection
            command.upgrade(config, "0002")
            connection.execute(text("INSERT INTO terms VALUES ('grocer', 3, '2024-01-10', 10000, 9000, 100, 5000, 70)"))
        store.upgrade()
        with store.read() as connection:
            (row,) = connection.execute(select(terms))
        assert terms_of(row) == Terms("grocer", "2024-01-10", 3, 10_000, 9_000, 100, 5_000, 70, 0, 0, 0, 0)


@pytest.mark.engines(*BOTH)
@pytest.mark.parametrize("begun", [False, True])
def test_hubs_that_start_at_once_upgrade_once(empty_url: str, begun: bool) -> None:
    """Whether a database is empty or of an earlier version: all who come find it of this one, and none fails."""
    if begun:
        with closing(Store(empty_url)) as store, store.write() as connection:
            config = Config(INI)
            config.attributes["connection"] = connection
            command.upgrade(config, "0001")
    together = threading.Barrier(4)

    def start() -> bool:
        with closing(Store(empty_url)) as store:
            together.wait(10)
            store.upgrade()
            with store.read() as connection:
                return migrate.is_current(connection)

    with ThreadPoolExecutor(4) as hubs:
        assert [hub.result(30) for hub in [hubs.submit(start) for _ in range(4)]] == [True] * 4


@pytest.mark.engines(*BOTH)
def test_database_of_a_later_version_is_refused(store: Store) -> None:
    """A program does not touch what a later one has written, and says so."""
    with store.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match=r"version 9999; this program knows 0001 to"):
        store.upgrade()


@pytest.mark.engines(*BOTH)
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
        assert f"BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW" in statements
        assert f"BEFORE TRUNCATE ON {table} FOR EACH STATEMENT" in statements
    assert "sequence BIGINT NOT NULL" in statements
    assert "body BYTEA NOT NULL" in statements
    assert "WITHOUT ROWID" not in statements
