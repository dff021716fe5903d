"""A small town, built once."""

from __future__ import annotations

import pytest

from benchmarks.building import build
from benchmarks.town import Size, Town

SIZE = Size(holders=60, lots=10, entries=900)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Town:
    """Not to be changed."""
    return build(tmp_path_factory.mktemp("towns") / "town", SIZE)
