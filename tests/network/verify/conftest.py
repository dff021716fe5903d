"""A database in which everything is right, and copies of it to tamper with."""

from __future__ import annotations

from pathlib import Path

import pytest

from network.store.engine import sqlite_url
from tests.network.verify.books import copied, write_books


@pytest.fixture(scope="session")
def books(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """In one file: nothing is left in the write-ahead log."""
    path = tmp_path_factory.mktemp("books") / "hub.db"
    write_books(sqlite_url(path))
    assert [file.name for file in path.parent.iterdir()] == ["hub.db"]
    return path


@pytest.fixture
def copy(books: Path, tmp_path: Path) -> Path:
    """Its copy."""
    return copied(books, tmp_path / "copy.db")
