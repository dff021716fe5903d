"""`coalition hub verify`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from coalition.note import Checkpoint, NoteError, checkpoint_origin, open_checkpoint
from network.cli._answers import print_json
from network.cli._failures import explained
from network.cli._operator import Profile
from network.cli._options import folder_option, json_option
from network.config import ConfigError, HubConfig, load_config
from network.memory import settled_memory
from network.reopening.openers import OPENERS_MAX
from network.store.engine import database_url, parse_url
from network.verify import verify_database

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FAILURES_SHOWN = 20
#: What shells make of SIGINT.
_INTERRUPTED = 130


@click.command()
@folder_option
@click.option(
    "--database",
    metavar="FILE|URL",
    help="Verify this file or PostgreSQL database, a backup or a standby for example, instead of the hub's own.",
)
@click.option("--checkpoint", type=_FILE, help="A checkpoint that was kept elsewhere: the journal must contain it.")
@click.option(
    "--workers",
    type=click.IntRange(0, 64),
    help="Processes that check signatures, beside the one that replays. Default: as many as there are cores to spare, "
    f"but no more than {OPENERS_MAX}.",
)
@json_option
@explained
def verify(folder: Path, database: str | None, checkpoint: Path | None, workers: int | None, as_json: bool) -> None:
    """Replay the journal into an empty state and compare everything; name the first place that is wrong.

    Checks every signature, outcome, the Merkle tree and every balance. Needs no key, and may run while the hub serves.
    Exit code 0: everything is as it must be; 1: something is not; 130: Ctrl-C ended it before it knew.
    """
    config = load_config(folder)
    url = config.database if database is None else database_url(database, Path())
    place = parse_url(url)
    if place.file is not None and not place.file.is_file():
        raise ConfigError(f"The database {place.name} is missing.")
    hub_keys = Profile.load(config.operator_profile).hub_keys if config.operator_profile.is_file() else ()
    known = None if checkpoint is None else _read_checkpoint(checkpoint, config, hub_keys)
    try:
        with settled_memory(), _progress_bar() as progress:
            report = verify_database(
                url,
                network_id=config.network_id,
                hub_keys=hub_keys,
                checkpoint=known,
                progress=progress,
                openers=workers,
            )
    except KeyboardInterrupt:
        click.echo("Interrupted: not everything was checked.", err=True)
        sys.exit(_INTERRUPTED)
    if as_json:
        print_json(
            {
                "ok": report.ok,
                "network_id": report.network_id,
                "entries": report.entries,
                "root": report.root.hex(),
                "failures": [
                    {"where": failure.where, "expected": failure.expected, "found": failure.found}
                    for failure in report.failures
                ],
            }
        )
    elif report.ok:
        click.echo(f"Verified {report.entries:,} entries of {report.network_id}: everything is as it must be.")
        click.echo(f"Root {report.root.hex()}")
    else:
        click.echo(f"{place.name} is wrong. The first place is named first:", err=True)
        for failure in report.failures[:_FAILURES_SHOWN]:
            click.echo(f"  {failure}", err=True)
        if len(report.failures) > _FAILURES_SHOWN:
            click.echo(f"  … and {len(report.failures) - _FAILURES_SHOWN} more; --json has all of them.", err=True)
    if not report.ok:
        sys.exit(1)


def _read_checkpoint(path: Path, config: HubConfig, hub_keys: tuple[bytes, ...]) -> Checkpoint:
    note = path.read_text(encoding="utf-8")
    for key in hub_keys:
        try:
            return open_checkpoint(note, checkpoint_origin(config.network_id), key)
        except NoteError:
            continue
    raise ConfigError(f"{path} is not a checkpoint that this network's hub has signed.")


@contextmanager
def _progress_bar() -> Iterator[Callable[[int, int], None] | None]:
    """A bar on standard error, where that is a terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("Replaying", total=None)

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield show
