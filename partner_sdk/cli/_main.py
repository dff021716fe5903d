"""Finds the groups of commands that are installed, and loads the one that is asked for."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Final

import click

from coalition.commands import absent, importing

_GROUPS: Final = "coalition.commands"


class _InstalledGroups(click.Group):
    """Each group comes with a part of the product; one whose part is not installed says what to install."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_found())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = _found().get(cmd_name)
        if entry is None:
            return None
        try:
            with importing():
                command = entry.load()
        except ModuleNotFoundError as error:
            return absent(cmd_name, cmd_name, error)
        assert isinstance(command, click.Command), f"the entry point {cmd_name} is a command"
        return command


def _found() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=_GROUPS)}


@click.group(cls=_InstalledGroups, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="coalition-points")
def main() -> None:
    """One points currency, shared by businesses and charities.

    Merchants begin with `coalition partner --help`, operators with `coalition hub --help`.
    """
