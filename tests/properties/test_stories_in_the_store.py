"""The ledger over a real database does what it does in memory, though it is shown only what each batch touches."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.databases import Server
from tests.properties.hunt import hunt
from tests.properties.settings import FIRST, stories
from tests.properties.storing import databases_on, files_in, stored


@pytest.mark.timeout(0)
def test_the_store_keeps_what_the_ledger_does(tmp_path: Path) -> None:
    """Outcomes, entries, root and every row are the same, batch after batch and over restarts, and verify agrees."""
    tell = stored(files_in(tmp_path))

    found = hunt(FIRST + 10_000, stories(12), tell=tell)

    assert not found.wrong, found.report(tell)


@pytest.mark.timeout(0)
def test_postgresql_keeps_it_too(postgres: Server) -> None:
    """So it is on PostgreSQL, with other stories."""
    tell = stored(databases_on(postgres))

    found = hunt(FIRST + 20_000, stories(6), tell=tell)

    assert not found.wrong, found.report(tell)
