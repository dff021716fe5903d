"""The guide for operators is true: its commands run in order, its figures are the program's."""

from __future__ import annotations

import re
import shlex
import socket
from contextlib import ExitStack
from dataclasses import fields
from pathlib import Path

import click
import pytest

from network.cli import hub as group
from network.config import Limits
from network.policy import default_policy
from tests.network.cli.conftest import Run
from tests.network.cli.test_serve import serve_process, wait_for

GUIDE = (Path(__file__).parent.parent.parent.parent / "docs/operators.md").read_text()
FILES = re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", GUIDE, re.DOTALL)
COMMANDS = [
    line for block in re.findall(r"^```sh\n(.*?)```", GUIDE, re.DOTALL | re.MULTILINE) for line in block.splitlines()
]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def test_commands_of_the_guide_work_in_order(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command ends with exit code 0, one after the other, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    for file, text in FILES:
        Path(file).write_text(text)
    address = f"localhost:{free_port()}"
    with ExitStack() as servers:
        for command in COMMANDS:
            program, name, *arguments = shlex.split(command.replace("localhost:7700", address))
            assert (program, name) == ("coalition", "hub"), command
            if arguments[0] == "serve":
                running = servers.enter_context(serve_process(*arguments, "--ready-file", "ready"))
                wait_for(Path("ready"), running)
                continue
            if calls_the_hub(arguments[0]) and "--address" not in arguments:
                arguments += ["--address", address]
            ran = run(*arguments)
            assert ran.code == 0, (command, ran.err)
    assert len(COMMANDS) > 15


def command_of(name: str) -> click.Command:
    found = group.get_command(click.Context(group), name)
    assert found is not None, name
    return found


def calls_the_hub(command: str) -> bool:
    """The guide's hub is at the default address, the test's at another."""
    return command != "init" and any("--address" in option.opts for option in command_of(command).params)


def test_every_command_is_in_the_guide() -> None:
    """No command is left unexplained, and none is explained that there is not."""
    named = set(re.findall(r"coalition hub ([a-z-]+)", GUIDE))
    assert named == set(group.list_commands(click.Context(group)))


def test_limits_of_the_guide_are_the_program_s() -> None:
    """The guide's table of limits has every setting with its default."""
    table = GUIDE.split("## Limits")[1].split("## In containers")[0]
    told: dict[str, str] = {}
    for row in re.findall(r"^\| (`.*?) \| (.*?) \|", table, re.MULTILINE):
        defaults = re.split(r", (?=\d)", row[1])
        told.update(zip(re.findall(r"`(\w+)`", row[0]), defaults, strict=True))
    assert told == {item.name: shown(int(item.default)) for item in fields(Limits)}  # type: ignore[call-overload]


def shown(value: int) -> str:
    """A figure as the guide writes it."""
    return f"{value >> 20} MiB" if value >= 1 << 20 else f"{value:,}"


def test_policy_of_the_guide_is_the_default() -> None:
    """The guide's table of the policy has every setting with its default."""
    policy = default_policy()
    table = GUIDE.split("### Policy")[1].split("## Run it")[0]
    for field in policy.DESCRIPTOR.fields:
        stem = field.name.removesuffix("_per_day_max")
        shortened = f"`{stem}_max`, `…_per_day_max`"
        value = f"{getattr(policy, field.name):,}"
        row = next(
            line
            for line in table.splitlines()
            if f"`{field.name}`" in line or (stem != field.name and shortened in line)
        )
        assert value in row, field.name
