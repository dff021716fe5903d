"""Options that several commands take, and where a passphrase comes from."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

PASSPHRASE: Final = "COALITION_PASSPHRASE"  # noqa: S105 - the name of a variable
PARTNER_PASSPHRASE: Final = "COALITION_PARTNER_PASSPHRASE"  # noqa: S105 - the name of a variable

_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)


def folder_option(function: F) -> F:
    """--dir: the hub's folder."""
    return click.option(
        "--dir",
        "folder",
        type=click.Path(file_okay=False, path_type=Path),
        envvar="COALITION_HUB_DIR",
        default=".",
        show_default=True,
        help="The hub's folder. Also taken from COALITION_HUB_DIR.",
    )(function)


def address_option(function: F) -> F:
    """--address: where the hub listens, if not where its profile says."""
    return click.option(
        "--address", metavar="HOST:PORT", help="Where the hub listens. Default: what the profile says."
    )(function)


def profile_option(function: F) -> F:
    """--profile: the operator's profile."""
    return click.option(
        "--profile",
        type=_FILE,
        help="The operator's profile. Default: profiles/operator.toml in the hub's folder.",
    )(function)


def json_option(function: F) -> F:
    """--json: an answer for programs."""
    return click.option("--json", "as_json", is_flag=True, help="Answer in JSON, for programs.")(function)


def passphrase_option(function: F) -> F:
    """--passphrase-file."""
    return click.option(
        "--passphrase-file",
        type=_FILE,
        envvar=f"{PASSPHRASE}_FILE",
        help="A file with the passphrase. Also taken from COALITION_PASSPHRASE_FILE; or set COALITION_PASSPHRASE.",
    )(function)


def operator_options(function: F) -> F:
    """What every command takes that speaks to the hub as its operator."""
    return folder_option(address_option(profile_option(json_option(passphrase_option(function)))))


def passphrase(file: Path | None, *, confirm: bool = False) -> str:
    """The passphrase of the keys, from the environment, a file, or the terminal."""
    return _secret(PASSPHRASE, file, "Passphrase", confirm=confirm)


def partner_passphrase(file: Path | None, own: str) -> str:
    """The passphrase of another party's key, which is the operator's own unless something else is said."""
    if file is None and not os.environ.get(PARTNER_PASSPHRASE):
        return own
    return _secret(PARTNER_PASSPHRASE, file, "Passphrase of the party", confirm=False)


def _secret(variable: str, file: Path | None, prompt: str, *, confirm: bool) -> str:
    given = os.environ.get(variable)
    if given:
        return given
    if file is not None:
        try:
            text = file.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise click.ClickException(f"The passphrase file {file} cannot be read: {error}") from error
        if not text:
            raise click.ClickException(f"The passphrase file {file} is empty.")
        return text
    if not sys.stdin.isatty():
        raise click.ClickException(f"A passphrase is needed. Set {variable} or {variable}_FILE.")
    asked: str = click.prompt(prompt, hide_input=True, confirmation_prompt=confirm, err=True)
    return asked
