"""The fixture `coalition_network`. In a conftest.py: `pytest_plugins = ["partner_sdk.testing.plugin"]`.

One network serves all tests of a run, because members are cheap and networks take seconds: give each test members of
its own (`coalition_network.member()`), and let the clock only run forward. `coalition_network_scope = module` in
pytest's settings gives each module a network of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from partner_sdk.testing import LocalNetwork

_SETTING = "coalition_network_scope"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declares the setting."""
    parser.addini(
        _SETTING, "How long a coalition_network lives: session, package, module, class or function.", default="session"
    )


def _scope(fixture_name: str, config: pytest.Config) -> Any:
    return config.getini(_SETTING)


@pytest.fixture(scope=_scope)
def coalition_network() -> Iterator[LocalNetwork]:
    """A real network: a hub on a free port, three partners, two charities, an operator, and a clock."""
    with LocalNetwork() as network:
        yield network
