"""A hub as a whole: it serves, and what it was told is there after it was stopped and started again."""

from __future__ import annotations

from coalition.v1.ledger_service_pb2 import GetBalanceRequest
from tests.network.conftest import RunningHub, serving


def test_points_are_there_after_a_restart(hub: RunningHub) -> None:
    """What a hub has acknowledged is there when it is stopped and started again."""
    hub.commit("grocer", hub.town.enrol("anna"), hub.town.issue("anna", 100))
    hub.close()
    with serving(hub.config, hub.clock) as again:
        answer = again.ask("grocer", again.ledger.GetBalance, GetBalanceRequest(holder_id="anna"))
    assert answer.balance.available_points == 100
    assert answer.sequence == 13
