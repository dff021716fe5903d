"""The policy that a network starts with."""

from __future__ import annotations

import json
from pathlib import Path

from google.protobuf.json_format import ParseDict, ParseError

from coalition.v1.network_pb2 import Policy
from network.config import ConfigError


def default_policy() -> Policy:
    """What holds when the founder says nothing else. docs/operators.md gives the reasons."""
    return Policy(
        expiry_months=24,
        reversal_grace_days=30,
        notice_days=30,
        transaction_points_max=1_000_000,
        hold_lifetime_max_s=7 * 86_400,
        transfer_points_max=10_000,
        transfer_points_per_day_max=20_000,
        unconsented_points_max=0,
        unconsented_points_per_day_max=0,
        redeem_points_per_day_max=100_000,
        envelope_lifetime_max_s=30 * 86_400,
        cause_reimbursement_micros=9_000,
        price_floor_micros=10_000,
        reimbursement_ceiling_micros=9_000,
    )


def read_policy(path: Path) -> Policy:
    """The default policy with what a JSON file sets differently, by the names of the Policy message.

    Raises ConfigError. Whether the figures make sense is checked with the transaction's form.
    """
    policy = default_policy()
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"The policy file {path} cannot be read: {error}") from error
    if not isinstance(settings, dict):
        raise ConfigError(f"The policy file {path} is not a JSON object.")
    for name in settings:
        if name in Policy.DESCRIPTOR.fields_by_name:
            policy.ClearField(name)
    try:
        ParseDict(settings, policy)
    except ParseError as error:
        raise ConfigError(f"The policy file {path}: {error}") from error
    return policy
