"""Connections to the database."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from settlement.store.database import Database


def test_errors_show_no_figures(tmp_path: Path) -> None:
    """The text of a database's error, which is logged, names the statement but not the values that went with it."""
    database = Database.in_file(tmp_path / "settlement.db")
    with pytest.raises(OperationalError, match="nowhere") as error, database.write() as connection:
        connection.execute(text("INSERT INTO nowhere VALUES (:amount)"), {"amount": 987_654_321})
    database.close()
    assert "987654321" not in str(error.value)
