"""A real network with a real settlement service, shared by the tests of this folder that need one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from partner_sdk.testing import LocalNetwork
from tests.settlement.business import POLICY


@pytest.fixture(scope="module")
def network() -> Iterator[LocalNetwork]:
    """Three partners, two charities, an operator with two people, a hub and a settlement service."""
    with LocalNetwork(settlement=True, policy=POLICY) as network:
        yield network
