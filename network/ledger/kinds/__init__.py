"""The registry of transaction kinds: the one place that lists them all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from network.ledger.kinds import (
    adjust,
    capture,
    close,
    close_window,
    donate,
    enrol,
    expire,
    genesis,
    hold,
    holder_keys,
    issue,
    open_campaign,
    order_pack,
    pledge,
    publish_terms,
    redeem,
    register_party,
    release,
    reverse,
    revoke_pledge,
    set_alias,
    set_party_keys,
    set_party_status,
    set_policy,
    transfer,
)
from network.ledger.kinds.kind import Kind

#: By the name of the field in Transaction.
KINDS: Final[Mapping[str, Kind]] = {
    "issue": issue.KIND,
    "redeem": redeem.KIND,
    "donate": donate.KIND,
    "transfer": transfer.KIND,
    "hold": hold.KIND,
    "capture": capture.KIND,
    "release": release.KIND,
    "reverse": reverse.KIND,
    "expire": expire.KIND,
    "enrol": enrol.KIND,
    "add_key": holder_keys.ADD_KEY,
    "remove_key": holder_keys.REMOVE_KEY,
    "set_alias": set_alias.KIND,
    "close": close.KIND,
    "pledge": pledge.KIND,
    "revoke_pledge": revoke_pledge.KIND,
    "genesis": genesis.KIND,
    "register_party": register_party.KIND,
    "set_party_keys": set_party_keys.KIND,
    "set_party_status": set_party_status.KIND,
    "publish_terms": publish_terms.KIND,
    "set_policy": set_policy.KIND,
    "open_campaign": open_campaign.KIND,
    "close_window": close_window.KIND,
    "adjust": adjust.KIND,
    "order_pack": order_pack.KIND,
}
