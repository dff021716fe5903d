"""The desk of a small town."""

from __future__ import annotations

import pytest

from tests.network.ledger.desk import Desk


@pytest.fixture
def desk() -> Desk:
    """A founded town with two members, anna and bert."""
    return Desk()
