"""A hub with some business done, for all attacks of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from coalition.v1 import network_pb2
from tests.adversaries.witness import verify
from tests.network.conftest import RunningHub, _logs, running_hub
from tests.network.town import key_of

__all__ = ["_logs", "town_hub"]


@pytest.fixture(scope="module")
def town_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    """Anna and bert have points; a florist was suspended; the butcher's first key was removed. Verified at the end."""
    with running_hub(tmp_path_factory.mktemp("adversaries") / "hub") as hub:
        town = hub.town
        hub.commit("grocer", town.enrol("anna"), town.enrol("bert"), town.issue("anna", 500), town.issue("bert", 500))
        hub.commit("operator", town.register("florist", network_pb2.PARTY_KIND_PARTNER), town.terms("florist"))
        hub.commit("operator", town.suspend("florist"), town.replace_key("butcher", key_of("butcher"), key_of("new")))
        yield hub
        assert verify(hub) == []
