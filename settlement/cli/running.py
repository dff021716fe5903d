"""Deciding on settlement runs."""

from __future__ import annotations

import click

from partner_sdk.settlement import Run, SettlementClient
from settlement.cli.options import Caller, as_json, calling, key_option, print_json
from settlement.report.runs import run_json, run_tables, runs_table
from settlement.report.tables import show

_LAST = "last"

_key = key_option
_note = click.option("--note", default="", help="Why. Every party can read it. Up to 200 characters.")
_run_id = click.argument("run_id", metavar="RUN")


@click.group()
def run() -> None:
    """Settle windows: propose, approve, instruct, confirm.

    \b
    One person proposes which windows to settle, another one looks at the positions and approves them.
    Then payments are instructed, and each party's payment is confirmed when it has come.
    RUN is a run's id as `run show` prints it, the beginning of it, or `last` for the newest.
    """


@run.command()
@calling
@_key
@click.option("--window", "windows", multiple=True, required=True, type=click.IntRange(1), help="May be repeated.")
@_note
@as_json
def propose(caller: Caller, key: str, windows: tuple[int, ...], note: str, json_wanted: bool) -> None:
    """Propose to settle closed windows together. Fixes the positions."""
    with caller.client(key) as client:
        _print(client, client.propose(sorted(set(windows)), note=note), json_wanted)


@run.command()
@calling
@_key
@_run_id
@_note
@click.option("--yes", is_flag=True, help="Do not ask; the positions were looked at before.")
@as_json
def approve(caller: Caller, key: str, run_id: str, note: str, yes: bool, json_wanted: bool) -> None:
    """Approve a run's positions, with another key than the one that proposed it."""
    with caller.client(key) as client:
        seen = _find(client, run_id)
        if not yes:
            _print_tables(client, seen, err=True)
            click.confirm("Are these positions right?", abort=True, err=True)
        _print(client, client.approve(seen, note=note), json_wanted)


@run.command()
@calling
@_key
@_run_id
@_note
@as_json
def instruct(caller: Caller, key: str, run_id: str, note: str, json_wanted: bool) -> None:
    """Record that the payments of an approved run were instructed."""
    with caller.client(key) as client:
        _print(client, client.instruct(_find(client, run_id), note=note), json_wanted)


@run.command()
@calling
@_key
@_run_id
@click.option("--party", "parties", multiple=True, required=True, help="Who has settled. May be repeated.")
@_note
@as_json
def confirm(caller: Caller, key: str, run_id: str, parties: tuple[str, ...], note: str, json_wanted: bool) -> None:
    """Confirm that parties have paid, or were paid. The last one settles the run and its windows."""
    with caller.client(key) as client:
        found = _find(client, run_id)
        for party_id in parties:
            found = client.confirm(found, party_id, note=note)
        _print(client, found, json_wanted)


@run.command()
@calling
@_key
@_run_id
@click.option("--note", required=True, help="Why. Every party can read it. Up to 200 characters.")
@as_json
def abort(caller: Caller, key: str, run_id: str, note: str, json_wanted: bool) -> None:
    """Give a run up before any party has settled. Its windows can be settled with a later one."""
    with caller.client(key) as client:
        _print(client, client.abort(_find(client, run_id), note), json_wanted)


@run.command("show")
@calling
@click.argument("run_id", metavar="[RUN]", required=False)
@as_json
def show_run(caller: Caller, run_id: str | None, json_wanted: bool) -> None:
    """Show a run with its positions and who decided what; without RUN, list all."""
    with caller.client() as client:
        if run_id is not None:
            _print(client, _find(client, run_id), json_wanted)
            return
        runs = client.runs()
    if json_wanted:
        print_json([run_json(item) for item in runs])
    else:
        show([runs_table(runs)])


def _find(client: SettlementClient, text: str) -> Run:
    """The run whose id begins so, or the newest one for `last`."""
    runs = client.runs()
    found = list(runs[-1:]) if text == _LAST else [run for run in runs if run.run_id.startswith(text.lower())]
    if len(found) != 1:
        raise click.BadParameter(
            f"{len(found) or 'No'} runs go by {text!r}. List them: coalition settlement run show", param_hint="RUN"
        )
    return found[0]


def _print(client: SettlementClient, found: Run, json_wanted: bool) -> None:
    if json_wanted:
        print_json(run_json(found))
    else:
        _print_tables(client, found, err=False)


def _print_tables(client: SettlementClient, found: Run, *, err: bool) -> None:
    network = client.window(found.windows[0])
    show(run_tables(found, network.currency, network.currency_exponent), err=err)
