"""Commands are imported when they are called; one whose part is not installed says so."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from coalition.commands import LateGroup
from network.cli import hub
from settlement.cli import settlement


@pytest.mark.parametrize("group", [hub, settlement], ids=lambda group: str(group.name))
def test_every_command_is_where_the_group_says(group: click.Group) -> None:
    """Under the name that it has itself."""
    context = click.Context(group)
    names = group.list_commands(context)
    commands = [group.get_command(context, name) for name in names]
    assert [command and command.name for command in commands] == names
    assert group.get_command(context, "fly") is None


def test_missing_part_is_named() -> None:
    """With what installs it, whatever the command is asked."""
    group = LateGroup("hub", places={"serve": "no_such_package.serve:serve"})
    for arguments in (["serve"], ["serve", "--help"], ["serve", "--dir", "x"]):
        said = CliRunner().invoke(group, arguments)
        assert said.exit_code == 1
        assert "no_such_package is missing" in said.output
        assert "pip install 'coalition-points[hub]'" in said.output
    assert "Not installed" in CliRunner().invoke(group, ["--help"]).output


@pytest.mark.parametrize(
    ("command", "unneeded"),
    [("settlement health", "sqlalchemy"), ("settlement lines", "sqlalchemy"), ("settlement init", "structlog")],
)
def test_little_is_imported(command: str, unneeded: str) -> None:
    """A client's commands do without the service and its database."""
    program = (
        "import sys; from partner_sdk.cli import main; main(sys.argv[1:], standalone_mode=False);"
        f"sys.exit({unneeded!r} in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program, *command.split(), "--help"], check=True, timeout=60)
