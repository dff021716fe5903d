"""`coalition hub serve`."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import cast

import click

from network.cli._failures import explained
from network.cli._operator import open_clock
from network.cli._options import folder_option, passphrase, passphrase_option
from network.config import load_config
from network.logs import LogFormat, configure_logs
from network.memory import settle_memory
from network.opening import open_hub
from network.processes.hub_processes import HubProcesses
from network.telemetry.tracing import tracing_from


@click.command()
@folder_option
@click.option("--listen", default="localhost:7700", show_default=True, metavar="HOST:PORT", help="Port 0: a free one.")
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Processes that serve calls; one more writes. They share the address.",
)
@click.option(
    "--metrics",
    metavar="HOST:PORT",
    help="Answer Prometheus here, over plain HTTP: the process that writes; those that serve calls on the next ports. "
    "Port 0: free ones. Default: nowhere.",
)
@click.option(
    "--clock-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Take the time from this file (tests and simulations).",
)
@click.option(
    "--ready-file", type=click.Path(dir_okay=False, path_type=Path), help="Write HOST:PORT here once serving."
)
@click.option("--log-format", type=click.Choice(["json", "console"]), default="json", show_default=True)
@click.option(
    "--steward",
    type=click.Choice(["on", "off"]),
    help="Release, expire and donate by itself every minute. Default: on, but off with --clock-file.",
)
@passphrase_option
@explained
def serve(
    folder: Path,
    listen: str,
    workers: int,
    metrics: str | None,
    clock_file: Path | None,
    ready_file: Path | None,
    log_format: str,
    steward: str | None,
    passphrase_file: Path | None,
) -> None:
    """Run the hub until SIGTERM or Ctrl-C; then finish what was admitted and end with exit code 0."""
    config = load_config(folder)
    if clock_file is not None:
        open_clock(clock_file)
    opened = open_hub(config, passphrase(passphrase_file))
    configure_logs(cast(LogFormat, log_format))

    tracing = tracing_from(os.environ)

    def make() -> HubProcesses:
        return HubProcesses(
            opened,
            listen=listen,
            workers=workers,
            metrics=metrics,
            clock_file=clock_file,
            log_format=log_format,
            steward=clock_file is None if steward is None else steward == "on",
            tracing=tracing,
        )

    try:
        asyncio.run(_serve(make, ready_file))
    finally:
        opened.store.close()


async def _serve(make: Callable[[], HubProcesses], ready_file: Path | None) -> None:
    asked_to_stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    signals = (signal.SIGTERM, signal.SIGINT)

    def stop() -> None:
        asked_to_stop.set()
        # Who asks twice does not want to wait: then the system ends this process, and the fronts with it.
        for number in signals:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)

    for number in signals:
        loop.add_signal_handler(number, stop)
    hub = make()
    try:
        address = await hub.start()
        settle_memory()
        if ready_file is not None:
            _write_at_once(ready_file, f"{address}\n")
        await asked_to_stop.wait()
    finally:
        if ready_file is not None:
            ready_file.unlink(missing_ok=True)
        await hub.stop()


def _write_at_once(path: Path, text: str) -> None:
    """Whoever sees the file sees all of it."""
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)
