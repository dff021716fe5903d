"""A new database for every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from network.store.store import Store
from tests.databases import Databases


@pytest.fixture
def empty_url(databases: Databases) -> str:
    """Of a database without anything in it, or of a file that does not exist yet."""
    return databases.empty()


@pytest.fixture
def url(databases: Databases) -> str:
    """Of a database of this version, without entries."""
    return databases.current()


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """Over the database of `url`."""
    store = Store(url)
    store.upgrade()
    yield store
    store.close()
