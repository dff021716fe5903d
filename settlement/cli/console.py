"""The finance console: a web page on this machine, under the person's own key."""

from __future__ import annotations

import contextlib
import webbrowser
from collections.abc import Callable
from threading import Thread

import click

from settlement.cli.options import Caller, calling, key_option
from settlement.logs import configure_logs


@click.command()
@calling
@key_option
@click.option("--port", type=click.IntRange(0, 65_535), default=0, show_default="any free one", help="Where to listen.")
@click.option("--no-browser", is_flag=True, help="Print the link only; do not open it.")
@click.option(
    "--idle-minutes",
    type=click.IntRange(1, 24 * 60),
    default=30,
    show_default=True,
    help="Lock the console when nobody has looked at it for so long.",
)
def console(caller: Caller, key: str, port: int, no_browser: bool, idle_minutes: int) -> None:
    """Open the finance console in a browser on this machine.

    \b
    Windows, charts, settlement runs and files as web pages, seen and signed with your own key. The console listens on
    this machine only. The link that it prints works once, in one browser; when the console locks itself, or when you
    lock it, it prints another and leaves it to you to open that. Ctrl-C ends it.
    """
    # Takes long to import, and no other command needs it.
    from settlement.console.server import ConsoleServer

    configure_logs("console")
    with caller.client(key) as client:
        # A wrong address, key or certificate shows here, where it can be explained.
        client.windows()
        server = ConsoleServer(client, announcing(open_first=not no_browser), port=port, idle_s=idle_minutes * 60)
        # uvicorn ends in order, then raises what it was ended with.
        with contextlib.suppress(KeyboardInterrupt):
            server.serve()
    click.echo("The console has ended.")


def announcing(*, open_first: bool) -> Callable[[str], None]:
    """What prints each link, and may open the first one.

    A later one is offered because the console was locked: opening it would unlock it. The browser is opened beside the
    caller, who answers it: one that runs in the terminal returns only when it is left.
    """
    to_open = open_first

    def announce(link: str) -> None:
        nonlocal to_open
        click.echo(f"Open this link in your browser on this machine. It works once.\n  {link}")
        if to_open:
            to_open = False
            Thread(target=webbrowser.open, args=(link,), name="browser", daemon=True).start()

    return announce
