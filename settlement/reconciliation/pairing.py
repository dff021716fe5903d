"""What every way of matching has in common: what is paired is taken out of what is left."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import duckdb

_SETTLE: Final = """
DELETE FROM loose_rows WHERE row IN (SELECT row FROM pairs UNION ALL SELECT row FROM spare_rows);
DELETE FROM loose_entries WHERE sequence IN (SELECT sequence FROM pairs)
"""


def settle(connection: duckdb.DuckDBPyConnection) -> None:
    """Take what is paired or spare out of `loose_rows` and `loose_entries`."""
    connection.execute(_SETTLE)


def pair(connection: duckdb.DuckDBPyConnection, statement: str) -> None:
    """Do a statement that puts pairs in, and settle them."""
    if counted(connection, statement):
        settle(connection)


def counted(connection: duckdb.DuckDBPyConnection, statement: str, values: Mapping[str, object] | None = None) -> int:
    """How many rows a statement put in, or the number that it gives."""
    (count,) = connection.execute(statement, values or {}).fetchall()[0]
    return int(count)
