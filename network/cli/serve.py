"""`coalition hub serve`."""

from __future__ import annotations

import asyncio
import gc
import signal
from pathlib import Path
from typing import cast

import click

from coalition.clock import Clock, system_clock
from network.cli._failures import explained
from network.cli._operator import open_clock
from network.cli._options import folder_option, passphrase, passphrase_option
from network.config import load_config
from network.hub import Hub, Opened, open_hub
from network.logs import LogFormat, configure_logs


@click.command()
@folder_option
@click.option("--listen", default="localhost:7700", show_default=True, metavar="HOST:PORT", help="Port 0: a free one.")
@click.option(
    "--metrics",
    metavar="HOST:PORT",
    help="Answer Prometheus here, over plain HTTP. Port 0: a free one. Default: nowhere.",
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
    metrics: str | None,
    clock_file: Path | None,
    ready_file: Path | None,
    log_format: str,
    steward: str | None,
    passphrase_file: Path | None,
) -> None:
    """Run the hub until SIGTERM or Ctrl-C; then finish what was admitted and end with exit code 0."""
    config = load_config(folder)
    clock = system_clock if clock_file is None else open_clock(clock_file)
    opened = open_hub(config, passphrase(passphrase_file))
    configure_logs(cast(LogFormat, log_format))
    sweeps = clock_file is None if steward is None else steward == "on"
    try:
        asyncio.run(_serve(opened, clock, listen, metrics, ready_file, sweeps=sweeps))
    finally:
        opened.store.close()


async def _serve(
    opened: Opened, clock: Clock, listen: str, metrics: str | None, ready_file: Path | None, *, sweeps: bool
) -> None:
    asked_to_stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    signals = (signal.SIGTERM, signal.SIGINT)

    def stop() -> None:
        asked_to_stop.set()
        # Who asks twice does not want to wait.
        for number in signals:
            loop.remove_signal_handler(number)

    for number in signals:
        loop.add_signal_handler(number, stop)
    hub = Hub(opened, clock=clock, listen=listen, steward=sweeps, metrics=metrics)
    await hub.start()
    _settle_memory()
    if ready_file is not None:
        _write_at_once(ready_file, f"{hub.address}\n")
    try:
        await asked_to_stop.wait()
    finally:
        if ready_file is not None:
            ready_file.unlink(missing_ok=True)
        await hub.stop()


def _settle_memory() -> None:
    """Let the garbage collector look less often, and never again at what lives as long as the hub.

    A batch makes tens of thousands of records, which reference counts free without it. By default it would look through
    them every few hundred, and now and then through all modules and tables: a good tenth of the writer's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _write_at_once(path: Path, text: str) -> None:
    """Whoever sees the file sees all of it."""
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)
