"""Writing rows that may exist already."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import create_mock_engine, select

from settlement.store import schema, tables
from settlement.store.database import Database
from settlement.store.migrate import migrate
from settlement.store.upsert import add_to, replace_in


def window(number: int, **changes: int) -> dict[str, int]:
    """A window's row."""
    return {"number": number, "first_sequence": 1, "opened_us": 1, "last_sequence": 0, "closed_us": 0, **changes}


def flow(window_number: int, points: int, purchase_minor: int) -> dict[str, int | str]:
    """What the grocer issued in a window."""
    key = {"month": "2017-01", "kind": 1, "issuer": "grocer", "expires_on": "2018-01-31"}
    return {
        "window_number": window_number,
        **key,
        "points": points,
        "purchase_minor": purchase_minor,
        "sold_points": points,
    }


def test_rows_are_replaced_or_added_to(tmp_path: Path) -> None:
    """A row with a new key is inserted; with a known key it takes the new values, or is added to."""
    database = Database.in_file(tmp_path / "settlement.db")
    migrate(database)
    with database.write() as connection:
        replace_in(connection, tables.windows, [window(1), window(2)])
        replace_in(connection, tables.windows, [window(2, last_sequence=9), window(3)])
        add_to(connection, tables.flows, [flow(1, 5, 50), flow(2, 1, 2)])
        add_to(connection, tables.flows, [flow(1, 2, 20)])
        add_to(connection, tables.flows, [])
    with database.read() as connection:
        closed = connection.execute(select(tables.windows.c.number, tables.windows.c.last_sequence)).all()
        amounts = connection.execute(select(tables.flows.c.points, tables.flows.c.purchase_minor)).all()
    assert closed == [(1, 0), (2, 9), (3, 0)]
    assert amounts == [(7, 70), (1, 2)]
    database.close()


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_schema_is_that_of_both_engines(dialect: str) -> None:
    """The same tables can be made in the embedded engine and in PostgreSQL."""
    written: list[str] = []
    engine = create_mock_engine(
        f"{dialect}://", lambda statement, *_: written.append(str(statement.compile(dialect=engine.dialect)))
    )
    schema.metadata.create_all(engine, checkfirst=False)
    assert len([text for text in written if "CREATE TABLE" in text]) == len(schema.metadata.tables)
