"""Forms of the kinds that make up a holder's life: each rule is broken once."""

from __future__ import annotations

from typing import Any

import pytest

from coalition.v1 import network_pb2
from tests.coalition.form.alter import Case, case_name, wrong_paths
from vectors.cast import KEYS

KEY = KEYS["stranger"].public
WEAK = b"\x01" + bytes(31)


def holder(name: str, path: str = "holder_id") -> list[Case]:
    """A holder id has its form."""
    return [(name, {path: value}, [path]) for value in ("", "a/b", "x" * 65)]


def order(name: str, field: str) -> list[Case]:
    """An order is about the same holder and the same thing as the transaction, and usable once, for a while."""
    return [
        (name, {"order.nonce": bytes(17)}, ["order.nonce"]),
        (name, {"order.expires_us": 0}, ["order.expires_us"]),
        (name, {"order.holder_id": "another"}, ["order.holder_id"]),
        (name, {"order.holder_id": ""}, ["order.holder_id", "order.holder_id"]),
        (name, {f"order.{field}": None}, ["order.action", "order"]),
    ]


BROKEN: list[Case] = [
    *holder("enrol"),
    ("enrol", {"kind": 0}, ["kind"]),
    ("enrol", {"kind": 3}, ["kind"]),
    ("enrol", {"kind": network_pb2.HOLDER_KIND_FUND}, ["public_keys"]),
    ("enrol", {"public_keys": [key.public for key in KEYS.values()][:9]}, ["public_keys"]),
    ("enrol", {"public_keys": [KEY, KEY]}, ["public_keys"]),
    ("enrol", {"public_keys": [KEY[:-1]]}, ["public_keys"]),
    ("enrol", {"public_keys": [KEY, WEAK]}, ["public_keys"]),
    ("enrol", {"alias": "x" * 65}, ["alias"]),
    ("enrol", {"alias": "a\u200bb"}, ["alias"]),
    ("add_key", {"holder_id": ""}, ["holder_id", "order.holder_id"]),
    ("add_key", {"public_key": b""}, ["public_key", "order"]),
    ("add_key", {"public_key": KEY}, ["order"]),
    *order("add_key", "add_key"),
    ("add_key", {"order.close": True}, ["order.action", "order"]),
    ("add_key", {"order.remove_key": KEYS["member-new"].public}, ["order.action", "order"]),
    ("remove_key", {"holder_id": ""}, ["holder_id", "order.holder_id"]),
    ("remove_key", {"public_key": WEAK}, ["public_key", "order"]),
    ("remove_key", {"public_key": KEY}, ["order"]),
    *order("remove_key", "remove_key"),
    ("remove_key", {"order.add_key": KEYS["member-new"].public}, ["order.action", "order"]),
    *holder("set_alias"),
    ("set_alias", {"alias": ""}, ["alias"]),
    ("set_alias", {"alias": "x" * 65}, ["alias"]),
    ("close", {"holder_id": ""}, ["holder_id", "order.holder_id"]),
    *order("close", "close"),
    ("close", {"order.close": False}, ["order"]),
    *holder("pledge", "offer.holder_id"),
    *holder("pledge", "offer.fund_id"),
    ("pledge", {"offer.share_bps": 0}, ["offer.share_bps"]),
    ("pledge", {"offer.share_bps": 10_001}, ["offer.share_bps"]),
    ("pledge", {"offer.points_max": 0}, ["offer.points_max"]),
    ("pledge", {"offer.ends_on": ""}, ["offer.ends_on"]),
    ("pledge", {"offer.nonce": b""}, ["offer.nonce"]),
    ("revoke_pledge", {"pledge_id": b""}, ["pledge_id", "order"]),
    ("revoke_pledge", {"pledge_id": bytes(16)}, ["order"]),
    ("revoke_pledge", {"order": None}, ["order"]),
    ("revoke_pledge", {"order.holder_id": ""}, ["order.holder_id"]),
    ("revoke_pledge", {"order.nonce": b""}, ["order.nonce"]),
    ("revoke_pledge", {"order.expires_us": -1}, ["order.expires_us"]),
    ("revoke_pledge", {"order.revoke_pledge": None}, ["order.action", "order"]),
    ("revoke_pledge", {"order.close": True}, ["order.action", "order"]),
]

ALLOWED: list[tuple[str, dict[str, Any]]] = [
    ("enrol", {"public_keys": [], "alias": ""}),
    ("enrol", {"public_keys": [key.public for key in KEYS.values()][:8]}),
    ("enrol", {"kind": network_pb2.HOLDER_KIND_FUND, "public_keys": []}),
    ("add_key", {"order": None}),
    ("remove_key", {"order": None}),
    ("set_alias", {"alias": "x" * 64, "remove": False}),
    ("set_alias", {"alias": "7"}),
    ("close", {"order": None}),
    ("pledge", {"offer.share_bps": 10_000, "offer.ends_on": "9999-12-31"}),
    ("pledge", {"offer.share_bps": 1, "offer.points_max": 1}),
    ("revoke_pledge", {"order.holder_id": "somebody"}),
]


@pytest.mark.parametrize("case", BROKEN, ids=case_name)
def test_broken_rule_is_found(case: Case) -> None:
    """Each rule that is broken is reported where it is broken, and nothing else is."""
    name, changes, paths = case
    assert wrong_paths(name, changes) == paths


@pytest.mark.parametrize(("name", "changes"), ALLOWED)
def test_limits_themselves_are_allowed(name: str, changes: dict[str, Any]) -> None:
    """The smallest, the largest, and what may be left out."""
    assert wrong_paths(name, changes) == []
