"""How a command becomes the operator."""

from __future__ import annotations

from pathlib import Path

from network.cli._operator import Operator, Profile
from network.cli._options import passphrase
from network.config import load_config


def operator_of(folder: Path, profile: Path | None, address: str | None, passphrase_file: Path | None) -> Operator:
    """The operator's client by a profile, or by that in the hub's folder. Raises ConfigError, KeyFileError."""
    path = profile or load_config(folder).operator_profile
    return Operator(Profile.load(path), passphrase(passphrase_file), address)
