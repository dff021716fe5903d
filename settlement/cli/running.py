"""Deciding on settlement runs."""

from __future__ import annotations

import sys
import time
from itertools import islice
from typing import Final

import click

from partner_sdk.settlement import Checklist, Run, SettlementClient, SettlementMethod
from settlement.agreed_method import agreed_method
from settlement.cli.finding import find_run, run_argument
from settlement.cli.options import Caller, as_json, calling, key_option, print_json
from settlement.cli.paying import assign, files, import_statement, payments
from settlement.report.runs import checklist_json, checklist_table, run_json, run_tables, runs_table
from settlement.report.tables import show

#: Between two looks at a checklist that is not finished.
_PAUSE_S: Final = 1.0
_key = key_option
_note = click.option("--note", default="", help="Why. Every party can read it. Up to 200 characters.")


@click.group()
def run() -> None:
    """Settle windows: propose, approve, instruct, pay.

    \b
    One person proposes which windows to settle, another one looks at positions, payments and accounts and
    approves them. Then the payments are released, and confirmed when they have come. What is not paid, or
    not paid right, is carried into the next run.
    RUN is a run's id as `run show` prints it, the beginning of it, or `last` for the newest.

    \b
      coalition settlement run propose --window 1 --note "January"
      coalition settlement run checklist last
      coalition settlement run approve last --key 2
      coalition settlement run instruct last
      coalition settlement run confirm last --party florist --party grocer
      coalition settlement run carry last --note "the school's bank is closed"
      coalition settlement run show last
    """


@run.command()
@calling
@_key
@click.option("--window", "windows", multiple=True, required=True, type=click.IntRange(1), help="May be repeated.")
@click.option(
    "--method",
    type=click.Choice([method.value for method in SettlementMethod]),
    help="How obligations become payments; unless given, as the schedule says, else multilateral.",
)
@_note
@as_json
def propose(
    caller: Caller, key: str, windows: tuple[int, ...], method: str | None, note: str, json_wanted: bool
) -> None:
    """Propose to settle closed windows together. Fixes positions and payments.

    \b
    multilateral  every party against all others: debtors pay the operator, the operator pays creditors
    bilateral     each two parties against each other: the one that owes more pays the rest to the other
    gross         nothing is netted: every party pays every other what it owes it
    """
    with caller.client(key) as client:
        chosen = method or agreed_method(client)
        _print(client.propose(sorted(set(windows)), method=chosen, note=note), json_wanted)


@run.command()
@calling
@_key
@run_argument
@_note
@click.option("--yes", is_flag=True, help="Do not ask; the positions were looked at before.")
@as_json
def approve(caller: Caller, key: str, run_id: str, note: str, yes: bool, json_wanted: bool) -> None:
    """Approve a run's positions, payments and accounts, with another key than the one that proposed it.

    The service looks at the checklist first, and refuses where something in it does not hold. Without --yes both are
    shown before you are asked.
    """
    with caller.client(key) as client:
        seen = find_run(client, run_id)
        looked_at = _looked_at(client, seen)
        if not yes:
            show([*run_tables(seen), checklist_table(looked_at)], err=True)
            click.confirm("Are these positions right?", abort=True, err=True)
        _print(client.approve(seen, note=note), json_wanted)


@run.command()
@calling
@run_argument
@as_json
def checklist(caller: Caller, run_id: str, json_wanted: bool) -> None:
    """What must hold before a run is approved, looked at now.

    \b
    ok     it holds
    WRONG  it does not, and the run is not approved
    look   somebody should know it, and may approve all the same

    The service replays its copy of the journal for it, which takes a while for a large one. Exit code 1 when something
    is WRONG. For the operator and auditors.
    """
    with caller.client() as client:
        found = _looked_at(client, find_run(client, run_id))
    if json_wanted:
        print_json(checklist_json(found))
    else:
        show([checklist_table(found)])
    if not found.passed:
        sys.exit(1)


@run.command()
@calling
@_key
@run_argument
@_note
@as_json
def instruct(caller: Caller, key: str, run_id: str, note: str, json_wanted: bool) -> None:
    """Release the payments of an approved run."""
    with caller.client(key) as client:
        _print(client.instruct(find_run(client, run_id), note=note), json_wanted)


@run.command()
@calling
@_key
@run_argument
@click.option("--party", "parties", multiple=True, required=True, help="Who has settled. May be repeated.")
@_note
@as_json
def confirm(caller: Caller, key: str, run_id: str, parties: tuple[str, ...], note: str, json_wanted: bool) -> None:
    """Confirm that parties have paid, or were paid, in full: every payment to and from them.

    Settled through the operator, a party has one payment; to confirm the operator is to confirm all that is left. The
    last payment settles the run and its windows.
    """
    with caller.client(key) as client:
        found = find_run(client, run_id)
        for party_id in parties:
            found = client.confirm(found, party_id, note=note)
        _print(found, json_wanted)


@run.command()
@calling
@_key
@run_argument
@click.option(
    "--instruction",
    "numbers",
    multiple=True,
    type=click.IntRange(1),
    help="A payment's number, as `run show` prints it. May be repeated. Default: all that are not paid right.",
)
@click.option("--note", required=True, help="Why. The payer and the payee can read it. Up to 200 characters.")
@as_json
def carry(caller: Caller, key: str, run_id: str, numbers: tuple[int, ...], note: str, json_wanted: bool) -> None:
    """Leave what is still unpaid, or was overpaid, to the next run.

    The next proposal takes it in: who has not paid still owes, and who has paid too much is owed. A run in which
    nothing else is left is then settled.
    """
    with caller.client(key) as client:
        found = find_run(client, run_id)
        _print(client.carry(found, note, instructions=numbers or None), json_wanted)


@run.command()
@calling
@_key
@run_argument
@click.option("--note", required=True, help="Why. Every party can read it. Up to 200 characters.")
@as_json
def abort(caller: Caller, key: str, run_id: str, note: str, json_wanted: bool) -> None:
    """Give a run up before any payment. Its windows can be settled with a later one."""
    with caller.client(key) as client:
        _print(client.abort(find_run(client, run_id), note), json_wanted)


@run.command("show")
@calling
@click.argument("run_id", metavar="[RUN]", required=False)
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="How many runs to list.")
@as_json
def show_run(caller: Caller, run_id: str | None, limit: int, json_wanted: bool) -> None:
    """Show a run with its payments and who decided what; without RUN, list the newest."""
    with caller.client() as client:
        if run_id is not None:
            _print(find_run(client, run_id), json_wanted)
            return
        runs = list(islice(client.runs(page_size=limit), limit))
    if json_wanted:
        print_json([run_json(item) for item in runs])
    else:
        show([runs_table(runs)])


def _looked_at(client: SettlementClient, found: Run) -> Checklist:
    """The checklist, once all of it was looked at."""
    while (looked_at := client.checklist(found.run_id)).pending:
        pending = next(item for item in looked_at.items if item.pending)
        click.echo(f"{pending.title}: {pending.found} …", err=True)
        time.sleep(_PAUSE_S)
    return looked_at


def _print(found: Run, json_wanted: bool) -> None:
    if json_wanted:
        print_json(run_json(found))
    else:
        show(run_tables(found))


for command in (files, import_statement, payments, assign):
    run.add_command(command)
