"""The database's tables come about by migrations alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from coalition.v1 import transaction_pb2
from settlement.clearing.books import recompute
from settlement.intake import Intake
from settlement.store.database import Database
from settlement.store.migrate import configuration, migrate
from settlement.store.schema import metadata
from tests.settlement.books import new_database, stored_books, take_in
from tests.settlement.journals import NETWORK, coalition_of_three


def definitions(connection: Connection) -> dict[str, str]:
    """The statements that made what is in the database, without white space, by name."""
    rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
    return {name: "".join(sql.split()) for name, sql in rows if not name.startswith("alembic")}


def test_upgrade_from_empty_shows_no_drift(tmp_path: Path) -> None:
    """A migrated database has exactly the tables of the code, down to every constraint and its name."""
    migrated, declared = Database.in_file(tmp_path / "migrated.db"), Database.in_file(tmp_path / "declared.db")
    migrate(migrated)
    with declared.write() as connection:
        metadata.create_all(connection)
        expected = definitions(connection)
    with migrated.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert definitions(connection) == expected
    migrated.close()
    declared.close()


def test_migrating_again_changes_nothing(tmp_path: Path) -> None:
    """A start finds the database up to date."""
    database = Database.in_file(tmp_path / "settlement.db")
    migrate(database)
    with database.read() as connection:
        before = definitions(connection)
    migrate(database)
    with database.read() as connection:
        assert definitions(connection) == before
    database.close()


def test_downgrade_leaves_nothing(tmp_path: Path) -> None:
    """Every step can be undone."""
    database = Database.in_file(tmp_path / "settlement.db")
    migrate(database)
    with database.write() as connection:
        command.downgrade(configuration(connection), "base")
    with database.read() as connection:
        assert inspect(connection).get_table_names() == ["alembic_version"]
    database.close()


def test_commits_are_durable(tmp_path: Path) -> None:
    """The embedded database writes ahead and waits for the disk at every commit."""
    database = Database.in_file(tmp_path / "settlement.db")
    with database.read() as connection:
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
        assert connection.scalar(text("PRAGMA synchronous")) == 2
        assert connection.scalar(text("PRAGMA foreign_keys")) == 1
    database.close()


def test_a_database_of_the_first_version_follows_the_journal_anew(tmp_path: Path) -> None:
    """What it had derived is gone, windows too, and it takes the journal in from the first entry, with restarts."""
    database = Database.in_file(tmp_path / "settlement.db")
    with database.write() as connection:
        command.upgrade(configuration(connection), "0001")
        connection.execute(text("INSERT INTO windows VALUES (1, 1, 1, 9, 9), (2, 10, 9, 0, 0)"))
        connection.execute(text("INSERT INTO progress VALUES (1, 'test-network', 9, 9, x'00', x'00')"))
    migrate(database)
    entries = coalition_of_three().entries
    for batch in (entries[:2], entries[2:]):
        take_in(Intake(database, NETWORK), batch)
    assert stored_books(database).windows == recompute(entries).windows
    database.close()


def test_a_database_with_runs_of_the_first_version_is_refused(tmp_path: Path) -> None:
    """Its decisions are about figures of another kind; nothing is changed."""
    database = Database.in_file(tmp_path / "settlement.db")
    with database.write() as connection:
        command.upgrade(configuration(connection), "0001")
        connection.execute(text("INSERT INTO runs VALUES (x'00', 1, x'00')"))
    with pytest.raises(RuntimeError, match="has runs of another version"):
        migrate(database)
    with database.read() as connection:
        assert "obligations" in inspect(connection).get_table_names()
    database.close()


def test_points_of_sales_are_read_from_the_entries_of_a_database_that_did_not_tell_them(tmp_path: Path) -> None:
    """What was taken in before is told apart as if it were taken in now, and nothing else changes."""
    journal = coalition_of_three()
    sale = transaction_pb2.Issue(holder_id="anna", points=10, purchase_amount_minor=1_000)
    journal.append("grocer", allocations={"grocer": 10}, issue=sale)
    journal.issue("grocer", 500)
    journal.append("grocer", rejected=True, issue=sale)
    database = new_database(tmp_path)
    take_in(Intake(database, NETWORK), journal.entries)
    expected = stored_books(database)
    assert [flow.sold_points for flow in expected.totals[1].flows.values()] == [10]
    with database.write() as connection:
        command.downgrade(configuration(connection), "0008")
    migrate(database)
    assert stored_books(database) == expected
    database.close()
