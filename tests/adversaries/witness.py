"""Sees every row of a hub's database, from outside."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from network.verify import verify_database
from tests.network.conftest import RunningHub

#: What a rejection may add to: the journal, its tree, and where it ends.
JOURNAL = {"head", "envelopes", "entries", "tiles"}

Rows = dict[str, list[tuple[object, ...]]]


def rows_of(hub: RunningHub) -> Rows:
    """All rows of all tables."""
    with closing(sqlite3.connect(f"file:{hub.config.database_file}?mode=ro", uri=True)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: sorted(connection.execute(f'SELECT * FROM "{name}"'), key=repr) for name in names}


def but_the_journal(rows: Rows) -> Rows:
    return {name: found for name, found in rows.items() if name not in JOURNAL}


def verify(hub: RunningHub) -> list[str]:
    """What is wrong with the database."""
    report = verify_database(hub.config.database, hub_keys=[hub.hub_key])
    return [str(failure) for failure in report.failures]
