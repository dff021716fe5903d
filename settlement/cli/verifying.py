"""Trusting nobody: the books made anew from the hub's journal, and held against the service's."""

from __future__ import annotations

import sys
from dataclasses import replace

import click
from rich.console import Console
from rich.progress import Progress

from partner_sdk import Client
from settlement.clearing.books import Books
from settlement.clearing.state import State, clear
from settlement.cli.options import Caller, as_json, calling, print_json
from settlement.report.audit import differences

_SHOWN = 20


@click.command()
@calling
@as_json
def verify(caller: Caller, json_wanted: bool) -> None:
    """Make the books anew from the hub's journal, here, and hold those of the service's closed windows against them.

    For the operator and auditors. Reads the journal from its first entry, checks every signature and the log's root,
    and clears it on this machine: the service's word is taken for nothing. Exit code 0: every obligation and every
    point agrees; 1: something does not.
    """
    with caller.client() as service, Client(caller.connection) as hub:
        windows = [window for window in service.windows() if window.last_sequence is not None]
        if not windows:
            raise click.ClickException("No window is closed yet. A closed one never changes, so it can be verified.")
        entries = max(window.last_sequence or 0 for window in windows)
        reports = {window.number: service.window(window.number) for window in windows}
        books, operator = _replay(hub, entries)
    found = list(differences(books, reports, operator))
    if json_wanted:
        print_json({"ok": not found, "entries": entries, "windows": len(windows), "differences": found})
    elif found:
        click.echo("The service's books are wrong:", err=True)
        for text in found[:_SHOWN]:
            click.echo(f"  {text}", err=True)
        if len(found) > _SHOWN:
            click.echo(f"  … and {len(found) - _SHOWN} more; --json has all of them.", err=True)
    else:
        click.echo(f"Verified the closed windows, {len(windows)} with {entries:,} entries: every figure agrees.")
    if found:
        sys.exit(1)


def _replay(hub: Client, entries: int) -> tuple[Books, str]:
    """The books of the first `entries` entries, and the operator's party id; with a bar where there is a terminal."""
    console = Console(stderr=True)
    state, books = State(), Books()
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Replaying", total=entries)
        for part in hub.follow_journal(follow=False):
            state, changes = clear(state, [entry for entry in part.entries if entry.sequence <= entries])
            books = books.with_changes(changes)
            bar.update(task, completed=state.sequence)
            if state.sequence == entries:
                break
    if state.sequence < entries:
        raise click.ClickException(f"The hub's journal ends with entry {state.sequence}; the service's has {entries}.")
    network = state.directory.network
    assert network is not None, "the first entry founds the network"
    # The entry that closes a window opens the next one, in which nothing has happened yet.
    closed = {number: window for number, window in books.windows.items() if not window.is_open}
    return replace(books, windows=closed), network.operator
