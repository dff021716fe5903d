"""How the payments of a run come about where nobody says it: as the schedule has it."""

from __future__ import annotations

from partner_sdk.errors import NotFound
from partner_sdk.settlement import SettlementClient, SettlementMethod


def agreed_method(client: SettlementClient) -> SettlementMethod:
    """The schedule's method; multilateral where the service has no schedule."""
    try:
        return SettlementMethod(client.schedule(closings=0).method)
    except NotFound:
        return SettlementMethod.MULTILATERAL
