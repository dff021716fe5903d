"""The first quarter of the data, read once."""

from __future__ import annotations

import pytest

from coalition_demo.data import Journey, load
from coalition_demo.scenario import Plan, plan


@pytest.fixture(scope="session")
def quarter() -> Journey:
    """What `coalition demo run` replays unless told otherwise."""
    return load(13)


@pytest.fixture(scope="session")
def quarter_plan(quarter: Journey) -> Plan:
    """Its plan with the default seed."""
    return plan(quarter, seed=1)
