"""What the commands have in common: whose profile, how to answer, and how to fail."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar

import click

from partner_sdk._client import Client
from partner_sdk._connection import DEFAULT_TIMEOUT_S, Connection
from partner_sdk._profile import PROFILE_VARIABLE, Profile, passphrase_from_env
from partner_sdk.cli._printing import print_json
from partner_sdk.errors import CoalitionError, ConfigurationError, InDoubt, Refusal, Rejection

F = TypeVar("F", bound=Callable[..., Any])

#: Exit codes: the answer was no, or what was asked cannot be; and: nobody knows whether it was done.
EXIT_FAILED: Final = 1
EXIT_IN_DOUBT: Final = 3


@dataclass(frozen=True, slots=True)
class Caller:
    """As whom a command calls, and how it answers."""

    profile: str | None
    passphrase_file: Path | None
    timeout_s: float
    as_json: bool

    def find_profile(self) -> Profile:
        """The profile that is named, or what the environment says."""
        return Profile.from_env() if self.profile is None else Profile.find(self.profile)

    def connection(self) -> Connection:
        """Unlock the profile's keys."""
        return self.find_profile().connection(passphrase(self.passphrase_file), timeout_s=self.timeout_s)

    @contextmanager
    def client(self) -> Iterator[Client]:
        """A client for as long as the command needs it."""
        with Client(self.connection()) as client:
            yield client


def passphrase(file: Path | None, *, confirm: bool = False) -> str:
    """The passphrase of the keys: in a file, in the environment, or asked for. Raises ConfigurationError."""
    if file is not None:
        return file.read_text(encoding="utf-8").rstrip("\r\n")
    given = passphrase_from_env()
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise ConfigurationError(
            "The keys need their passphrase: set COALITION_PASSPHRASE, or name a file with --passphrase-file."
        )
    asked: str = click.prompt("Passphrase", hide_input=True, confirmation_prompt=confirm, err=True)
    return asked


def passphrase_option(function: F) -> F:
    """--passphrase-file."""
    return click.option(
        "--passphrase-file",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="A file with the passphrase of the keys. Default: COALITION_PASSPHRASE, or it is asked for.",
    )(function)


def json_option(function: F) -> F:
    """--json."""
    return click.option("--json", "as_json", is_flag=True, help="Answer in JSON, for programs.")(function)


def calling(function: F) -> F:
    """Gives a command the options of a call, and a `caller`; errors become words and exit codes."""

    @click.option(
        "--profile",
        metavar="NAME|FILE",
        help=f"The party's profile: a file, its folder, or a name. Default: what {PROFILE_VARIABLE} says.",
    )
    @passphrase_option
    @click.option(
        "--timeout",
        "timeout_s",
        type=click.FloatRange(0.1, 3_600),
        default=DEFAULT_TIMEOUT_S,
        show_default=True,
        help="Seconds that a call may take, retries included.",
    )
    @json_option
    @functools.wraps(function)
    def command(
        profile: str | None, passphrase_file: Path | None, timeout_s: float, as_json: bool, **arguments: Any
    ) -> None:
        caller = Caller(profile, passphrase_file, timeout_s, as_json)
        with explained(as_json):
            function(caller, **arguments)

    return command  # type: ignore[return-value]


@contextmanager
def explained(as_json: bool) -> Iterator[None]:
    """Errors of the SDK and of files become words and exit codes."""
    try:
        yield
    except InDoubt as error:
        _keep(error, as_json)
    except (CoalitionError, OSError, ValueError) as error:
        _fail(error, as_json)


def _keep(error: InDoubt, as_json: bool) -> NoReturn:
    """Put what is in doubt into a file, so that it can be sent again."""
    file = Path(f"in-doubt-{error.transaction_ids[0]}.envelope")
    file.write_bytes(error.envelope)
    if as_json:
        ids = list(error.transaction_ids)
        print_json({"error": "InDoubt", "message": str(error), "transaction_ids": ids, "file": str(file)})
    else:
        click.echo(f"Error: {error}", err=True)
        click.echo(f"The envelope is kept in {file}. Send it again with: coalition partner resend {file}", err=True)
    sys.exit(EXIT_IN_DOUBT)


def _fail(error: Exception, as_json: bool) -> NoReturn:
    text = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) and error.filename else str(error)
    if isinstance(error, FileExistsError):
        text = f"{error.filename} is there already, and is not overwritten. Choose another name."
    if as_json:
        facts = dict(error.facts) if isinstance(error, Refusal | Rejection) else {}
        print_json({"error": type(error).__name__, "message": text, "facts": facts})
    else:
        click.echo(f"Error: {text}", err=True)
    sys.exit(EXIT_FAILED)
