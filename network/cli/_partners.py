"""Signing in a party's place, for operators that keep the keys of parties of their own."""

from __future__ import annotations

from pathlib import Path

import click

from coalition.keyfile import load_key
from coalition.keys import SigningKey
from network.cli._operator import Profile
from network.cli._options import PARTNER_PASSPHRASE, partner_passphrase, passphrase
from network.config import ConfigError

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)

sign_with_option = click.option(
    "--sign-with", type=_FILE, help="The profile of the party that FILE binds; needed while FILE is not signed."
)
partner_passphrase_option = click.option(
    "--partner-passphrase-file",
    type=_FILE,
    envvar=f"{PARTNER_PASSPHRASE}_FILE",
    help="The passphrase of that party's key. Default: the operator's own.",
)


def partner_key(
    profile: Path | None, file: Path, passphrase_file: Path | None, partner_file: Path | None
) -> tuple[Profile, SigningKey]:
    """The profile and key of the party that is to sign. Raises ConfigError, KeyFileError."""
    if profile is None:
        raise ConfigError(f"{file} is not signed. Let the party sign it, or name its profile with --sign-with.")
    partner = Profile.load(profile)
    secret = partner_passphrase(partner_file, passphrase(passphrase_file))
    return partner, load_key(partner.keys[0], secret)
