"""Finds the groups of commands that are installed, and loads the one that is asked for."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

import click

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
            command = entry.load()
        except ModuleNotFoundError as error:
            return _absent(cmd_name, error.name or str(error))
        assert isinstance(command, click.Command), f"the entry point {cmd_name} is a command"
        return command


def _found() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=_GROUPS)}


def _absent(name: str, missing: str) -> click.Command:
    """A command that explains why it is not there, whatever it is asked."""

    def explain(**_: Any) -> None:
        raise click.ClickException(
            f"`coalition {name}` is not installed: the Python module {missing} is missing. Install it with:"
            f" pip install 'coalition-points[{name}]'"
        )

    arguments = click.Argument(["arguments"], nargs=-1, type=click.UNPROCESSED)
    settings = {"ignore_unknown_options": True, "help_option_names": []}
    return click.Command(
        name,
        callback=explain,
        params=[arguments],
        context_settings=settings,
        short_help=f"Not installed: pip install 'coalition-points[{name}]'.",
    )


@click.group(cls=_InstalledGroups, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="coalition-points")
def main() -> None:
    """One points currency, shared by businesses and charities.

    Merchants begin with `coalition partner --help`, operators with `coalition hub --help`.
    """
