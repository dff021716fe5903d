"""Two real networks for all tests of the SDK: one that stays up, and one whose hub is killed and started again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from partner_sdk import Client
from partner_sdk.operator import Operator
from partner_sdk.testing import LocalNetwork

POLICY = {"unconsented_points_max": 20, "unconsented_points_per_day_max": 1_000_000}


@pytest.fixture(scope="session")
def network() -> Iterator[LocalNetwork]:
    with LocalNetwork(policy=POLICY) as network:
        yield network


@pytest.fixture(scope="session")
def shaky() -> Iterator[LocalNetwork]:
    """A network whose hub tests may kill, if they start it again."""
    with LocalNetwork(partners={"grocer": "Grocer"}, charities={}) as network:
        yield network


@pytest.fixture(scope="session")
def grocer(network: LocalNetwork) -> Client:
    return network.client("grocer")


@pytest.fixture(scope="session")
def pharmacy(network: LocalNetwork) -> Client:
    return network.client("pharmacy")


@pytest.fixture(scope="session")
def school(network: LocalNetwork) -> Client:
    return network.client("school")


@pytest.fixture(scope="session")
def operator(network: LocalNetwork) -> Operator:
    return network.operator
