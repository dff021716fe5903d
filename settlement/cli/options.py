"""What the commands have in common: whom they call, as whom, and how they fail."""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from coalition.keys import SigningKey, fingerprint
from coalition.tls import TlsError, TlsFiles
from partner_sdk import Connection, Profile
from partner_sdk.errors import CoalitionError, Refusal
from partner_sdk.settlement import SettlementClient
from settlement.config import ConfigError, load_config
from settlement.store.errors import StoreError

PASSPHRASE_VARIABLE: Final = "COALITION_PASSPHRASE"  # noqa: S105 - the name of a variable
FOLDER_VARIABLE: Final = "COALITION_SETTLEMENT_DIR"
#: What `coalition hub add-partner` calls a party's profile.
PROFILE_FILE: Final = "profile.toml"
DEFAULT_ADDRESS: Final = "localhost:7800"

_EXPECTED: Final = (CoalitionError, ConfigError, StoreError, TlsError, OSError)

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls which settlement service."""

    connection: Connection

    def client(self, key: str = "1") -> SettlementClient:
        """A client that signs with one of the profile's keys, chosen by number or by the beginning of its fingerprint.

        Raises BadParameter for what names no single key.
        """
        return SettlementClient(replace(self.connection, keys=(self._key(key),)))

    def _key(self, choice: str) -> SigningKey:
        keys = self.connection.keys
        if choice.isdecimal() and 1 <= int(choice) <= len(keys):
            return keys[int(choice) - 1]
        found = [key for key in keys if fingerprint(key.public).startswith(choice)]
        if len(found) != 1:
            known = ", ".join(f"{number} = {fingerprint(key.public)}" for number, key in enumerate(keys, 1))
            raise click.BadParameter(f"{choice!r} is no single key of the profile. It has {known}.", param_hint="--key")
        return found[0]


def passphrase(file: Path | None) -> str:
    """The passphrase of the profile's keys: from COALITION_PASSPHRASE, from a file, or asked for."""
    given = os.environ.get(PASSPHRASE_VARIABLE)
    if given:
        return given
    if file is not None:
        text = file.read_text(encoding="utf-8").rstrip("\r\n")
        if not text:
            raise click.ClickException(f"The passphrase file {file} is empty.")
        return text
    if not sys.stdin.isatty():
        raise click.ClickException(
            f"The keys of the profile need their passphrase. Set {PASSPHRASE_VARIABLE} or {PASSPHRASE_VARIABLE}_FILE."
        )
    asked: str = click.prompt("Passphrase", hide_input=True, err=True)
    return asked


def passphrase_option(function: F) -> F:
    """--passphrase-file."""
    return click.option(
        "--passphrase-file",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        envvar=f"{PASSPHRASE_VARIABLE}_FILE",
        help="A file with the passphrase. Also taken from COALITION_PASSPHRASE_FILE; or set COALITION_PASSPHRASE.",
    )(function)


def folder_option(function: F) -> F:
    """--dir: the service's folder."""
    return click.option(
        "--dir",
        "folder",
        type=click.Path(file_okay=False, path_type=Path),
        envvar=FOLDER_VARIABLE,
        default=".",
        show_default=True,
        help=f"The service's folder. Also taken from {FOLDER_VARIABLE}.",
    )(function)


def find_profile(name: str) -> Profile:
    """The profile of a name, of a file, or in a folder that `coalition hub add-partner` made."""
    return Profile.find(profile_path(name))


def profile_path(name: str) -> str:
    """Where that profile lies: an absolute path, or the name as it is where it is only a name."""
    path = Path(name)
    if path.is_dir():
        path = path / PROFILE_FILE
    return str(path.absolute()) if path.exists() else name


def failing_clearly(function: F) -> F:
    """Errors that were foreseen end the command with their text and status 1."""

    @functools.wraps(function)
    def wrapped(*arguments: Any, **options: Any) -> Any:
        try:
            return function(*arguments, **options)
        except Refusal as refusal:
            raise click.ClickException(f"{refusal.reason}: {refusal}") from refusal
        except _EXPECTED as error:
            raise click.ClickException(str(error)) from error

    return wrapped  # type: ignore[return-value]


def calling(function: F) -> F:
    """Adds the options that say whom to call and as whom, and gives the command a `caller`."""

    @click.option("--profile", metavar="NAME|FILE", help="Whose profile to use. Default: the one of COALITION_PROFILE.")
    @click.option(
        "--dir",
        "folder",
        type=click.Path(path_type=Path, file_okay=False),
        envvar=FOLDER_VARIABLE,
        help="The service's own folder: trust its certificate, and use its profile unless another is named. "
        f"Also taken from {FOLDER_VARIABLE}.",
    )
    @click.option(
        "--address",
        metavar="HOST:PORT",
        envvar="COALITION_SETTLEMENT_ADDRESS",
        help="Where the settlement service listens. Default: what the profile says.",
    )
    @click.option(
        "--ca",
        type=click.Path(path_type=Path, dir_okay=False),
        help="The PEM certificate to trust for the settlement service. Default: the profile's, as for the hub.",
    )
    @click.option(
        "--timeout", "timeout_s", type=click.FloatRange(0.1), default=10.0, show_default=True, help="Seconds."
    )
    @passphrase_option
    @functools.wraps(function)
    def wrapped(
        *arguments: Any,
        profile: str | None,
        folder: Path | None,
        address: str | None,
        ca: Path | None,
        timeout_s: float,
        passphrase_file: Path | None,
        **options: Any,
    ) -> Any:
        caller = _caller(profile, folder, address, ca, passphrase_file, timeout_s)
        return function(*arguments, caller=caller, **options)

    return failing_clearly(wrapped)  # type: ignore[return-value]


#: Adds `key`, which of the profile's keys signs.
key_option = click.option(
    "--key",
    metavar="NUMBER|FINGERPRINT",
    default="1",
    show_default=True,
    help="Which of the profile's keys decides: 1 is its key, 2 the first of its extra_keys.",
)


def as_json(function: F) -> F:
    """Adds --json to a command."""
    option = click.option("--json", "json_wanted", is_flag=True, help="Print JSON instead of tables.")
    return option(function)


def print_json(value: Any) -> None:
    """Print a value for machines."""
    click.echo(json.dumps(value, indent=2))


def _caller(
    profile: str | None,
    folder: Path | None,
    address: str | None,
    ca: Path | None,
    passphrase_file: Path | None,
    timeout_s: float,
) -> Caller:
    if folder is not None:
        config = load_config(folder)
        found = find_profile(profile or config.profile)
        ca = ca or TlsFiles(config.tls).authority
        address = address or found.settlement_address or DEFAULT_ADDRESS
    else:
        found = find_profile(profile) if profile else Profile.from_env()
        address = address or found.settlement_address
    connection = found.connection(passphrase(passphrase_file), timeout_s=timeout_s)
    return Caller(
        replace(
            connection,
            settlement_address=address,
            settlement_tls_ca=ca.read_bytes() if ca else connection.settlement_tls_ca,
        )
    )
