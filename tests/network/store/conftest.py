"""A new database for every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from network.store.engine import sqlite_url
from network.store.store import Store


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Of a file that does not exist yet."""
    return sqlite_url(tmp_path / "hub.db")


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """Of this version, and empty."""
    store = Store(url)
    store.upgrade()
    yield store
    store.close()
