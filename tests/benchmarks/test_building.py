"""Towns are networks like any other."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from benchmarks import building
from benchmarks.town import NETWORK_ID, Size, Town, key_of
from network.config import load_config
from network.verify import verify_database
from tests.benchmarks.conftest import SIZE


def test_a_built_town_is_what_its_journal_says(built: Town) -> None:
    """Verifying a town that was written without the ledger finds nothing wrong."""
    report = verify_database(
        load_config(built.folder).database, network_id=NETWORK_ID, hub_keys=(key_of("hub").public,)
    )
    assert list(report.failures) == []
    assert SIZE.entries == report.entries


def test_every_holder_has_its_lots(built: Town) -> None:
    """Each holder has as many lots as the size says, each of another issuer."""
    with closing(sqlite3.connect(load_config(built.folder).database_file)) as connection:
        lots = connection.execute("SELECT count(*), count(DISTINCT issuer) FROM lots GROUP BY holder_id").fetchall()
    assert [(SIZE.lots, SIZE.lots)] * SIZE.holders == lots


def test_a_town_is_built_once(tmp_path: Path) -> None:
    """The second time the town is there already, and copies do not touch it."""
    first = building.copy_town(tmp_path, Size(5), tmp_path / "first")
    kept = building.town(tmp_path, Size(5))
    second = building.copy_town(tmp_path, Size(5), tmp_path / "second")
    assert kept.stat().st_mtime_ns == building.town(tmp_path, Size(5)).stat().st_mtime_ns
    assert (first.folder / "hub.sqlite").read_bytes() == (second.folder / "hub.sqlite").read_bytes()
