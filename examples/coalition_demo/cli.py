"""`coalition demo`: a whole coalition on a year of real purchases."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import click

if TYPE_CHECKING:
    from coalition_demo.run import Settling

_INTERRUPTED_STATUS: Final = 130
_EXTRA: Final = "coalition-points[demo]"
_WIDTH_MIN: Final = 120
#: From which `coalition hub` takes the URL of its database.
_DATABASE: Final = "COALITION_DATABASE_URL"
_HOURS: Final = ("1", "2", "3", "4", "6", "8", "12", "24")


@click.group()
def demo() -> None:
    """See a whole coalition at work, on real purchases."""


@demo.command()
@click.option("--weeks", type=click.IntRange(1, 53), default=13, show_default=True, help="53 is the whole year.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="The same seed, the same root.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where hub, settlement service and reports lie: a new or empty folder. Default: a new temporary one.",
)
@click.option("--households", type=click.IntRange(2), help="Only those with the lowest numbers. Default: all.")
@click.option(
    "--slice-hours",
    type=click.Choice(_HOURS),
    default="6",
    show_default=True,
    help="How long a till gathers purchases before it sends them.",
)
@click.option(
    "--settling",
    type=click.Choice(["throughout", "late", "interrupted"]),
    default="throughout",
    show_default=True,
    help="When the settlement service runs. Its books are the same in all three cases.",
)
@click.option(
    "--engine",
    type=click.Choice(["sqlite", "postgresql"]),
    default="sqlite",
    show_default=True,
    help="Of the hub's database. PostgreSQL: on the server of DATABASE_URL, or on one that runs as long as the demo.",
)
@click.option(
    "--documents/--no-documents",
    default=True,
    show_default=True,
    help="Whether everybody's statements and the books are written at the end.",
)
def run(
    weeks: int,
    seed: int,
    out: Path | None,
    households: int | None,
    slice_hours: str,
    settling: str,
    engine: str,
    documents: bool,
) -> None:
    """Replay purchases through a hub, settle each month, and say whether everything balances.

    \b
    Starts a hub and a settlement service as processes of their own on free ports. The departments of a
    supermarket chain are the partners, its households the members; two schools collect for a campaign each.
    Exit code 0: everything balances and verifies. docs/demo.md explains the report.
    """
    folder = _folder(out)
    _take_processes_along()
    try:
        with _database(engine):
            ok = _run(folder, weeks, seed, households, int(slice_hours), cast("Settling", settling), documents)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in ("coalition_demo", "partner_sdk", "coalition"):
            raise
        raise click.ClickException(
            f"The package {error.name} is missing. Install the demo's extra: pip install '{_EXTRA}'"
        ) from error
    except KeyboardInterrupt:
        click.echo(
            f"\nStopped, and so are the hub and the settlement service. What they wrote lies in {folder}", err=True
        )
        sys.exit(_INTERRUPTED_STATUS)
    if not ok:
        sys.exit(1)


@demo.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--hub", metavar="HOST:PORT", default="127.0.0.1:7700", show_default=True, help="Where the hub listens.")
@click.option(
    "--settlement",
    metavar="HOST:PORT",
    default="127.0.0.1:7800",
    show_default=True,
    help="Where the settlement service listens.",
)
def serve(folder: Path, hub: str, settlement: str) -> None:
    """Serve a finished run again, to look around in it, until Ctrl-C.

    FOLDER is the --out of `coalition demo run`. FOLDER/profiles gets a profile for every party, and operator.toml and
    operator-2.toml for the operator's two people. The passphrase of all keys is coalition-demo.
    """
    from coalition_demo.processes import PASSPHRASE, ProcessFailed
    from coalition_demo.serving import PROFILES, Served

    _take_processes_along()
    try:
        with Served(folder.absolute(), hub, settlement) as served:
            click.echo("Serving. In another terminal:")
            click.echo(
                f"  export COALITION_PASSPHRASE={PASSPHRASE} COALITION_PROFILE={folder / PROFILES}/operator.toml"
            )
            click.echo("  coalition settlement console")
            click.echo("Ctrl-C ends it.")
            served.wait()
    except FileNotFoundError as error:
        raise click.ClickException(f"{folder} holds no finished run: {error.filename} is missing.") from error
    except ProcessFailed as error:
        raise click.ClickException(f"{error}\nThe logs lie in {folder / 'logs'}") from error
    except KeyboardInterrupt:
        click.echo("\nStopped.", err=True)


def _take_processes_along() -> None:
    """Whoever ends the demo wants its processes ended too; under nohup, closing the terminal does not end it."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)


@contextmanager
def _database(engine: str) -> Iterator[None]:
    """Meanwhile the hub's commands find a database of this engine: by default a file in its folder."""
    os.environ.pop(_DATABASE, None)
    if engine == "sqlite":
        yield
        return
    from partner_sdk.testing import LocalNetworkError, new_database

    try:
        with new_database(durable=True) as url:
            os.environ[_DATABASE] = url
            yield
    except LocalNetworkError as error:
        raise click.ClickException(str(error)) from error


def _folder(out: Path | None) -> Path:
    if out is None:
        return Path(tempfile.mkdtemp(prefix="coalition-demo-"))
    if out.exists() and any(out.iterdir()):
        raise click.ClickException(f"{out} is not empty. Name a new folder, or remove it.")
    return out.absolute()


def _run(
    folder: Path, weeks: int, seed: int, households: int | None, slice_hours: int, settling: Settling, documents: bool
) -> bool:
    # Imported here so that `coalition --help` needs neither the data nor the time to load it.
    from rich.console import Console

    from coalition_demo import data, report, scenario
    from coalition_demo.processes import ProcessFailed
    from coalition_demo.run import REPORTS, DemoRun
    from coalition_demo.watcher import watcher_for
    from partner_sdk.errors import CoalitionError

    console = Console()
    if console.width < _WIDTH_MIN:
        # A wrapped line can be read; a figure that was cut cannot.
        console.width = _WIDTH_MIN
    try:
        with watcher_for(console) as watcher:
            watcher.stage("Reading the data")
            journey = data.load(weeks, households)
            watcher.stage("Planning")
            plan = scenario.plan(journey, seed, slice_hours)
            results = DemoRun(folder, plan, watcher, settling, documents).run()
    except (ProcessFailed, CoalitionError) as error:
        raise click.ClickException(f"{error}\nThe logs lie in {folder / 'logs'}") from error
    reports = folder / REPORTS
    report.write_files(reports, journey, plan, results)
    report.show(console, report.sections(journey, plan, results))
    console.print(f"Everything lies in {folder}, the reports in {reports}", soft_wrap=True, highlight=False)
    return results.conclusion.ok
