"""Profiles that the operator writes: for other parties, and its own when the hub gets a new key."""

from __future__ import annotations

import base64
import os
import tomllib
from pathlib import Path

from network.cli._operator import Operator
from network.founding import write_profile


def party_profile(operator: Operator, party_id: str, folder: Path) -> dict[str, object]:
    """What the profile of a party says whose key.pem, and ca.pem where the hub has one, lie beside it in `folder`."""
    values: dict[str, object] = {
        "network_id": operator.profile.network_id,
        "party_id": party_id,
        "address": operator.address,
        "hub_keys": [base64.b64encode(key).decode() for key in operator.profile.hub_keys],
        "key": "key.pem",
    }
    if operator.profile.tls_ca is not None:
        values["tls_ca"] = "ca.pem"
    clock_file = operator.profile.clock_file
    if clock_file is not None:
        values["clock_file"] = os.path.relpath(clock_file.resolve(), folder.resolve())
    return values


def add_hub_key(path: Path, key: bytes) -> None:
    """Let a profile trust one more key of the hub."""
    values = tomllib.loads(path.read_text(encoding="utf-8"))
    text = base64.b64encode(key).decode()
    if text not in values["hub_keys"]:
        values["hub_keys"].append(text)
        write_profile(path, values)
