"""Running the service."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from coalition import tls
from coalition.clock import FileClock
from partner_sdk import Profile
from settlement.cli.ending import Ending
from settlement.cli.options import DEFAULT_ADDRESS, failing_clearly, folder_option, passphrase, passphrase_option
from settlement.config import load_config
from settlement.logs import LogFormat, configure_logs
from settlement.service import Service


@click.command()
@folder_option
@click.option("--listen", default=DEFAULT_ADDRESS, show_default=True, metavar="HOST:PORT", help="Port 0: any free one.")
@click.option(
    "--metrics",
    metavar="HOST:PORT",
    help="Answer Prometheus here, over plain HTTP. Port 0: any free one. Default: nowhere.",
)
@click.option(
    "--clock-file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="A file to take the time from instead of the system: for tests and simulations.",
)
@click.option(
    "--ready-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file to write host:port into, once the service answers.",
)
@click.option("--log-format", type=click.Choice(["json", "console"]), default="json", show_default=True)
@passphrase_option
@failing_clearly
def serve(
    folder: Path,
    listen: str,
    metrics: str | None,
    clock_file: Path | None,
    ready_file: Path | None,
    log_format: LogFormat,
    passphrase_file: Path | None,
) -> None:
    """Follow the journal and answer, until SIGTERM or Ctrl-C.

    It goes on where it stopped, however it stopped. While the hub is away it waits for it; if the journal turns out to
    be wrong it takes in nothing more, says so in its log and in its health, and still answers what it had verified.
    """
    config = load_config(folder)
    connection = Profile.find(config.profile).connection(passphrase(passphrase_file))
    if clock_file is not None:
        connection = dataclasses.replace(connection, clock=_clock(clock_file))
    configure_logs(log_format)
    service = Service(config, connection, tls.load_server_tls(config.tls), connection.clock)
    ending = Ending()
    port = service.start(listen, metrics)
    try:
        if ready_file is not None:
            _write_at_once(ready_file, f"{listen.rpartition(':')[0]}:{port}\n")
        ending.wait()
    finally:
        if ready_file is not None:
            ready_file.unlink(missing_ok=True)
        service.stop()


def _write_at_once(path: Path, text: str) -> None:
    """Whoever sees the file sees all of it."""
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)


def _clock(path: Path) -> FileClock:
    try:
        return FileClock(path)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--clock-file") from error
