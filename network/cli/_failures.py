"""What goes wrong on purpose, as a sentence on standard error and exit code 1."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

import click

from coalition.errors import Refused, reason_name
from coalition.keyfile import KeyFileError
from coalition.receipt import ReceiptError
from coalition.tls import TlsError
from network.cli._operator import CallFailed, TransactionRejected
from network.config import ConfigError
from network.listening import ListenError
from network.reopening.openers import OpenerLostError
from network.store.errors import StoreError
from network.telemetry.tracing import TracingError

P = ParamSpec("P")
T = TypeVar("T")

_ON_PURPOSE: Final = (
    ConfigError,
    KeyFileError,
    TlsError,
    StoreError,
    ListenError,
    TracingError,
    ReceiptError,
    OpenerLostError,
    CallFailed,
    TransactionRejected,
)


def explained(function: Callable[P, T]) -> Callable[P, T]:
    """A command whose failures are told in their own words."""

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except Refused as refused:
            raise click.ClickException(f"{reason_name(refused.reason)}: {refused.message}") from refused
        except _ON_PURPOSE as error:
            raise click.ClickException(str(error)) from error
        except OSError as error:
            if error.filename is None:
                raise click.ClickException(str(error)) from error
            raise click.ClickException(f"{error.filename} cannot be used: {error.strerror}.") from error

    return run
