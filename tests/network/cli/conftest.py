"""Commands of `coalition hub`, run in this process."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from click.testing import CliRunner

from network.cli import hub as group
from tests.network.conftest import PASSPHRASE, RunningHub


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """The answer for programs."""
        assert self.code == 0, self.err
        return json.loads(self.out)


Run = Callable[..., Ran]


@pytest.fixture
def run() -> Iterator[Run]:
    """Runs `coalition hub` with some arguments and the tests' passphrase."""
    # A command may set up logging for a process of its own.
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def run(*arguments: object, **environment: str | None) -> Ran:
        result = CliRunner().invoke(
            group,
            [str(argument) for argument in arguments],
            env={"COALITION_PASSPHRASE": PASSPHRASE, "COLUMNS": "200", **environment},
        )
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Ran(result.exit_code, result.stdout, result.stderr)

    yield run
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def operate(run: Run, hub: RunningHub) -> Run:
    """Runs a command of the operator against a running hub."""

    def operate(command: str, *arguments: object, **environment: str | None) -> Ran:
        where = ("--dir", hub.config.folder, "--address", hub.address)
        return run(command, *where, *arguments, **environment)

    return operate
