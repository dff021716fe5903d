"""Forms of the kinds that make up the network's life: each rule is broken once."""

from __future__ import annotations

from typing import Any

import pytest

from coalition.form import POINTS_MAX
from coalition.form.checks import MICROS_MAX, OUTSTANDING_MAX, PACKS_MAX, RATE_MICROS_MAX
from coalition.v1 import network_pb2
from coalition.v1.network_pb2 import Policy
from tests.coalition.form.alter import Case, case_name, wrong_paths
from vectors.cast import KEYS

KEY = KEYS["stranger"].public
PACKS = "publish_terms by packs"
SHARE = network_pb2.FUNDING_PREFUNDED_SHARE


def application(name: str, field: str) -> list[Case]:
    """An application names a party, a name and its keys, with the one that signs."""
    path = f"{field}."
    return [
        (name, {path + "party_id": "A"}, [path + "party_id"]),
        (name, {path + "display_name": ""}, [path + "display_name"]),
        (name, {path + "display_name": "x" * 81}, [path + "display_name"]),
        (name, {path + "public_keys": []}, [path + "public_keys", path + "public_keys"]),
        (name, {path + "public_keys": [KEY]}, [path + "public_keys"]),
        (name, {path + "kind": 0}, [path + "kind"]),
    ]


POLICY_RANGES: dict[str, tuple[int, int]] = {
    "expiry_months": (0, 1_200),
    "reversal_grace_days": (0, 3_660),
    "notice_days": (0, 3_660),
    "transaction_points_max": (1, POINTS_MAX),
    "hold_lifetime_max_s": (1, 366 * 86_400),
    "transfer_points_max": (0, POINTS_MAX),
    "transfer_points_per_day_max": (0, POINTS_MAX),
    "unconsented_points_max": (0, POINTS_MAX),
    "unconsented_points_per_day_max": (0, POINTS_MAX),
    "redeem_points_per_day_max": (0, POINTS_MAX),
    "envelope_lifetime_max_s": (1, 366 * 86_400),
    "cause_reimbursement_micros": (0, RATE_MICROS_MAX),
    "price_floor_micros": (0, RATE_MICROS_MAX),
    "reimbursement_ceiling_micros": (0, RATE_MICROS_MAX),
}
FLOOR, CEILING, CAUSE = (
    f"policy.{field}" for field in ("price_floor_micros", "reimbursement_ceiling_micros", "cause_reimbursement_micros")
)


def policy(name: str) -> list[Case]:
    """Every figure of a policy has a range, and what is paid out never exceeds what is paid in."""
    cases: list[Case] = [
        (name, {CEILING: 9_501}, [CEILING]),
        (name, {CAUSE: 9_501}, [CAUSE]),
        (name, {FLOOR: 9_499}, [CEILING, CAUSE]),
        (name, {FLOOR: -1}, [FLOOR, CEILING, CAUSE]),
        (name, {CEILING: RATE_MICROS_MAX + 1, FLOOR: RATE_MICROS_MAX}, [CEILING, CEILING]),
        (name, {CAUSE: RATE_MICROS_MAX + 1, FLOOR: RATE_MICROS_MAX}, [CAUSE, CAUSE]),
        (name, {CEILING: -1}, [CEILING]),
        (name, {CAUSE: -1}, [CAUSE]),
        (name, {FLOOR: RATE_MICROS_MAX + 1}, [FLOOR]),
        (name, {"policy": None}, [f"policy.{field}" for field, (least, _) in POLICY_RANGES.items() if least]),
    ]
    for field, (least, most) in POLICY_RANGES.items():
        path = f"policy.{field}"
        if path not in (FLOOR, CEILING, CAUSE):
            cases.append((name, {path: most + 1}, [path]))
            if least or field.endswith("max"):
                cases.append((name, {path: least - 1}, [path]))
    return cases


def test_every_figure_of_a_policy_is_tried() -> None:
    """A figure that is added to the policy needs a range here."""
    assert sorted(POLICY_RANGES) == sorted(field.name for field in Policy.DESCRIPTOR.fields)


BROKEN: list[Case] = [
    ("genesis", {"network_id": ""}, ["network_id", "operator.network_id", "hub.network_id"]),
    ("genesis", {"network_id": "my network"}, ["network_id", "operator.network_id", "hub.network_id"]),
    ("genesis", {"network_id": "other"}, ["operator.network_id", "hub.network_id"]),
    ("genesis", {"time_zone": ""}, ["time_zone"]),
    ("genesis", {"time_zone": "Berlin"}, ["time_zone"]),
    ("genesis", {"currency": "eur"}, ["currency"]),
    ("genesis", {"currency": "EURO"}, ["currency"]),
    ("genesis", {"currency_exponent": 5}, ["currency_exponent"]),
    *application("genesis", "operator"),
    *application("genesis", "hub"),
    ("genesis", {"operator.kind": network_pb2.PARTY_KIND_HUB}, ["operator.kind"]),
    ("genesis", {"hub.kind": network_pb2.PARTY_KIND_OPERATOR}, ["hub.kind"]),
    ("genesis", {"operator.network_id": "other"}, ["operator.network_id"]),
    ("genesis", {"hub.network_id": "other"}, ["hub.network_id"]),
    *policy("genesis"),
    *application("register_party", "application"),
    ("register_party", {"application.kind": network_pb2.PARTY_KIND_OPERATOR}, ["application.kind"]),
    ("register_party", {"application.kind": network_pb2.PARTY_KIND_HUB}, ["application.kind"]),
    ("set_party_keys", {"party_id": "G"}, ["party_id", "change.party_id"]),
    ("set_party_keys", {"change.party_id": "grocer-2"}, ["change.party_id"]),
    ("set_party_keys", {"change.add_keys": []}, ["change.add_keys"]),
    ("set_party_keys", {"change.remove_keys": []}, ["change.add_keys"]),
    ("set_party_keys", {"change.nonce": b""}, ["change.nonce"]),
    ("set_party_keys", {"change": None, "add_keys": [], "remove_keys": []}, ["add_keys"]),
    ("set_party_keys", {"change": None, "add_keys": [KEY], "remove_keys": [KEY]}, ["add_keys"]),
    ("set_party_keys", {"change": None, "add_keys": [KEY, KEY]}, ["add_keys"]),
    ("set_party_keys", {"change": None, "remove_keys": [bytes(31)]}, ["remove_keys"]),
    (
        "set_party_keys",
        {"change": None, "add_keys": [key.public for key in KEYS.values()][:9], "remove_keys": []},
        ["add_keys"],
    ),
    (
        "set_party_keys",
        {"change": None, "add_keys": [], "remove_keys": [key.public for key in KEYS.values()][:9]},
        ["remove_keys"],
    ),
    ("set_party_status", {"party_id": ""}, ["party_id"]),
    ("set_party_status", {"status": 0}, ["status"]),
    ("set_party_status", {"status": 3}, ["status"]),
    ("set_party_status", {"reason": ""}, ["reason"]),
    ("set_party_status", {"reason": "x" * 201}, ["reason"]),
    ("publish_terms", {"terms.party_id": ""}, ["terms.party_id"]),
    ("publish_terms", {"terms.effective_on": "soon"}, ["terms.effective_on"]),
    *(
        ("publish_terms", {f"terms.{field}": value}, [f"terms.{field}"])
        for field in ("price_micros", "reimbursement_micros", "issue_fee_micros")
        for value in (-1, RATE_MICROS_MAX + 1)
    ),
    ("publish_terms", {"terms.outstanding_points_max": -1}, ["terms.outstanding_points_max"]),
    ("publish_terms", {"terms.outstanding_points_max": OUTSTANDING_MAX + 1}, ["terms.outstanding_points_max"]),
    ("publish_terms", {"terms.prefunded_bps": 10_001}, ["terms.prefunded_bps"]),
    ("publish_terms", {"terms.alarm_bps": 10_001}, ["terms.alarm_bps"]),
    ("publish_terms", {"terms.alarm_bps": 1, "terms.outstanding_points_max": 0}, ["terms.alarm_bps"]),
    ("publish_terms", {"terms.funding": 4}, ["terms.funding", "terms.prefunded_bps"]),
    ("publish_terms", {"terms.funding": network_pb2.FUNDING_ON_REDEMPTION}, ["terms.prefunded_bps"]),
    ("publish_terms", {"terms.funding": SHARE, "terms.prefunded_bps": 0}, ["terms.prefunded_bps"]),
    *(
        (
            "publish_terms",
            {"terms.funding": funding, "terms.prefunded_bps": share, f"terms.{field}": 1},
            [f"terms.{field}"],
        )
        for funding, share in ((0, 0), (0, 5_000), (network_pb2.FUNDING_ON_REDEMPTION, 0), (SHARE, 5_000))
        for field in ("pack_points", "reorder_points")
    ),
    (PACKS, {"terms.prefunded_bps": 1}, ["terms.prefunded_bps"]),
    (PACKS, {"terms.pack_points": 0}, ["terms.pack_points"]),
    (PACKS, {"terms.pack_points": -1}, ["terms.pack_points"]),
    (PACKS, {"terms.pack_points": POINTS_MAX + 1, "terms.price_micros": 0}, ["terms.pack_points"]),
    (PACKS, {"terms.pack_points": POINTS_MAX, "terms.price_micros": 10_001}, ["terms.pack_points"]),
    (PACKS, {"terms.reorder_points": -1}, ["terms.reorder_points"]),
    (PACKS, {"terms.reorder_points": OUTSTANDING_MAX + 1}, ["terms.reorder_points"]),
    ("order_pack", {"packs": 0}, ["packs"]),
    ("order_pack", {"packs": PACKS_MAX + 1}, ["packs"]),
    ("order_pack", {"reference": "x" * 65}, ["reference"]),
    ("order_pack", {"reference": "a\nb"}, ["reference"]),
    ("set_policy", {"effective_on": ""}, ["effective_on"]),
    *policy("set_policy"),
    ("open_campaign", {"campaign.campaign_id": "New Roof"}, ["campaign.campaign_id"]),
    ("open_campaign", {"campaign.charity": ""}, ["campaign.charity"]),
    ("open_campaign", {"campaign.fund_id": ""}, ["campaign.fund_id"]),
    ("open_campaign", {"campaign.title": ""}, ["campaign.title"]),
    ("open_campaign", {"campaign.title": "x" * 121}, ["campaign.title"]),
    ("open_campaign", {"campaign.goal_points": 0}, ["campaign.goal_points"]),
    ("open_campaign", {"campaign.starts_on": "2023-9-1"}, ["campaign.starts_on"]),
    ("open_campaign", {"campaign.ends_on": "9999"}, ["campaign.ends_on"]),
    ("open_campaign", {"campaign.ends_on": "2023-08-31"}, ["campaign.ends_on"]),
    ("close_window", {"window": 0}, ["window"]),
    ("adjust points", {"reason": ""}, ["reason"]),
    ("adjust points", {"reason": "x" * 201}, ["reason"]),
    ("adjust points", {"reference": "x" * 65}, ["reference"]),
    ("adjust points", {"points": None}, ["points"]),
    ("adjust points", {"points.holder_id": ""}, ["points.holder_id"]),
    ("adjust points", {"points.issuer": "7"}, ["points.issuer"]),
    *(
        ("adjust points", {"points.points": value}, ["points.points"])
        for value in (0, POINTS_MAX + 1, -POINTS_MAX - 1, -(2**63))
    ),
    ("adjust obligation", {"obligation.debtor": ""}, ["obligation.debtor"]),
    ("adjust obligation", {"obligation.creditor": ""}, ["obligation.creditor"]),
    ("adjust obligation", {"obligation.creditor": "grocer"}, ["obligation.creditor"]),
    *(
        ("adjust obligation", {"obligation.amount_micros": value}, ["obligation.amount_micros"])
        for value in (0, -1, MICROS_MAX + 1)
    ),
]

ALLOWED: list[tuple[str, dict[str, Any]]] = [
    ("genesis", {"currency": "JPY", "currency_exponent": 0, "time_zone": "UTC"}),
    ("genesis", {"currency": "CLF", "currency_exponent": 4}),
    ("genesis", {"policy.expiry_months": 0, "policy.notice_days": 0, "policy.redeem_points_per_day_max": 0}),
    ("register_party", {"application.kind": network_pb2.PARTY_KIND_CHARITY, "application.display_name": "x" * 80}),
    ("register_party", {"application.kind": network_pb2.PARTY_KIND_AUDITOR, "application.display_name": "x"}),
    ("set_party_keys", {"change": None}),
    ("set_party_keys", {"change": None, "add_keys": []}),
    ("set_party_keys", {"change": None, "remove_keys": []}),
    ("set_party_status", {"status": network_pb2.PARTY_STATUS_ACTIVE, "reason": "x" * 200}),
    ("publish_terms", {"terms.price_micros": 0, "terms.prefunded_bps": 10_000, "terms.outstanding_points_max": 0}),
    ("publish_terms", {"terms.funding": SHARE, "terms.prefunded_bps": 1, "terms.alarm_bps": 10_000}),
    ("publish_terms", {"terms.funding": network_pb2.FUNDING_ON_REDEMPTION, "terms.prefunded_bps": 0}),
    (PACKS, {"terms.pack_points": 1, "terms.reorder_points": 0, "terms.alarm_bps": 0}),
    (PACKS, {"terms.pack_points": POINTS_MAX, "terms.price_micros": 10_000}),
    (PACKS, {"terms.reorder_points": OUTSTANDING_MAX}),
    ("order_pack", {"packs": 1, "reference": ""}),
    ("order_pack", {"packs": PACKS_MAX, "reference": "x" * 64}),
    ("open_campaign", {"campaign.ends_on": "2023-09-01", "campaign.title": "x" * 120}),
    ("adjust points", {"points.points": POINTS_MAX}),
    ("adjust points", {"points.points": -POINTS_MAX}),
    ("adjust points", {"points.points": 1, "reason": "x"}),
    ("adjust points", {"points.points": -1, "reason": "x" * 200}),
    ("adjust obligation", {"obligation.amount_micros": 1}),
    ("adjust obligation", {"obligation.amount_micros": MICROS_MAX}),
    ("set_party_status", {"reason": "x"}),
    ("open_campaign", {"campaign.title": "x", "campaign.goal_points": 1}),
    ("close_window", {"window": 1}),
    *(
        ("set_policy", {f"policy.{field}": value})
        for field, ends in POLICY_RANGES.items()
        for value in ends
        if f"policy.{field}" not in (FLOOR, CEILING, CAUSE)
    ),
    *(("set_policy", dict.fromkeys((FLOOR, CEILING, CAUSE), value)) for value in POLICY_RANGES["price_floor_micros"]),
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
