"""What may be said, how often, and how it is made up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from tests.properties.story import about_holders, about_network, about_points

if TYPE_CHECKING:
    from tests.properties.story.teller import Teller

Make = Callable[["Teller", str, bytes], Any]

#: By kind: how often, compared with the others that its author may say; and its maker.
MENU: Mapping[str, tuple[float, Make]] = {
    "issue": (30, about_points.issue),
    "redeem": (24, about_points.redeem),
    "donate": (9, about_points.donate),
    "transfer": (10, about_points.transfer),
    "hold": (12, about_points.hold),
    "capture": (24, about_points.capture),
    "release": (6, about_points.release),
    "reverse": (18, about_points.reverse),
    "expire": (10, about_points.expire),
    "enrol": (3, about_holders.enrol),
    "add_key": (2, about_holders.add_key),
    "remove_key": (2, about_holders.remove_key),
    "set_alias": (3, about_holders.set_alias),
    "close": (1.5, about_holders.close),
    "pledge": (6, about_holders.pledge),
    "revoke_pledge": (1.5, about_holders.revoke_pledge),
    "genesis": (0.3, about_network.genesis),
    "register_party": (1.5, about_network.register_party),
    "set_party_keys": (4, about_network.set_party_keys),
    "set_party_status": (3, about_network.set_party_status),
    "publish_terms": (5, about_network.publish_terms),
    "set_policy": (2.5, about_network.set_policy),
    "open_campaign": (3, about_network.open_campaign),
    "close_window": (4, about_network.close_window),
    "adjust": (7, about_points.adjust),
    "order_pack": (3, about_network.order_pack),
}
