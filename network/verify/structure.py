"""Whether the database is sound by the rules of its engine, and its tables, indexes and guards are of this version."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from sqlalchemy import Connection, create_engine

from network.store import migrate
from network.store.errors import StoreError
from network.verify import catalogue
from network.verify.report import Failures

_SCHEMA = "SELECT type, name, sql FROM sqlite_schema ORDER BY type, name"


def check_structure(connection: Connection, failures: Failures) -> None:
    """The engine's own checks, as far as it lets a reader make them, then the schema against that of a new database."""
    on_sqlite = connection.dialect.name == "sqlite"
    if on_sqlite:
        _check_file(connection, failures)
    failures.place = "the schema"
    try:
        if not migrate.is_current(connection):
            failures.add("the schema's version", "this program's", "an earlier one; `coalition hub serve` upgrades it")
            return
    except StoreError as error:
        failures.add("the schema's version", "one that this program knows", str(error))
        return
    if on_sqlite:
        _compare(_expected_schema(), _schema(connection), failures)
    else:
        _compare(catalogue.expected(connection), catalogue.found(connection), failures)


def _check_file(connection: Connection, failures: Failures) -> None:
    failures.place = "SQLite's own check"
    for (message,) in connection.exec_driver_sql("PRAGMA integrity_check"):
        if message != "ok":
            failures.add("the database file", "a sound structure", str(message))
    for row in connection.exec_driver_sql("PRAGMA foreign_key_check"):
        failures.add(f"table {row[0]}, row {row[1]}", f"a row of {row[2]} that it refers to", "none")


def _compare(
    expected: Mapping[tuple[str, str], str | None], found: Mapping[tuple[str, str], str | None], failures: Failures
) -> None:
    for kind, name in sorted(expected.keys() | found.keys()):
        failures.compare(f"{kind} {name}", expected.get((kind, name), "none"), found.get((kind, name), "none"))


def _schema(connection: Connection) -> dict[tuple[str, str], str | None]:
    """The statement behind every table, index and trigger; None for indexes that come with a table."""
    return {(kind, name): sql for kind, name, sql in connection.exec_driver_sql(_SCHEMA)}


@cache
def _expected_schema() -> dict[tuple[str, str], str | None]:
    """The schema of a new database."""
    engine = create_engine("sqlite://")
    try:
        with engine.begin() as connection:
            migrate.upgrade(connection)
            return _schema(connection)
    finally:
        engine.dispose()
