"""Groups of commands of which only the one that is called is imported: a client's command needs no database."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import click


class LateGroup(click.Group):
    """A group that knows where its commands lie. `--help` of the group imports all of them, a call only its own."""

    def __init__(self, *args: Any, places: Mapping[str, str], **settings: Any) -> None:
        """`places`: by the name of a command where it is found, as `module:attribute`."""
        super().__init__(*args, **settings)
        self._places = places

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._places)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        place = self._places.get(cmd_name)
        if place is None:
            return None
        module, _, attribute = place.partition(":")
        try:
            with importing():
                command = getattr(import_module(module), attribute)
        except ModuleNotFoundError as error:
            return absent(cmd_name, str(self.name), error)
        assert isinstance(command, click.Command), f"{place} is a command"
        return command


@contextmanager
def importing() -> Iterator[None]:
    """Around imports: the collector does not look at what they bring while it comes, nor ever after.

    Nothing of it becomes garbage before the process ends, and then it would be looked at once more: that takes longer
    than most commands.
    """
    known, collects = len(sys.modules), gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()
        if len(sys.modules) > known:
            gc.freeze()


def absent(name: str, part: str, error: ModuleNotFoundError) -> click.Command:
    """A command that explains, whatever it is asked, which part of the product has to be installed for it."""

    def explain(**_: Any) -> None:
        raise click.ClickException(
            f"`coalition {part}` is not installed: the Python module {error.name or error} is missing. Install it with:"
            f" pip install 'coalition-points[{part}]'"
        )

    arguments = click.Argument(["arguments"], nargs=-1, type=click.UNPROCESSED)
    settings = {"ignore_unknown_options": True, "help_option_names": []}
    return click.Command(
        name,
        callback=explain,
        params=[arguments],
        context_settings=settings,
        short_help=f"Not installed: pip install 'coalition-points[{part}]'.",
    )
