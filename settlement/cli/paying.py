"""Paying what a run settles: files for banks, and what banks say."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final

import click

from partner_sdk.settlement import BankEntry, FileFormat, LeftOutReason, SettlementClient
from settlement.cli.finding import find_run, run_argument
from settlement.cli.options import Caller, as_json, calling, key_option, print_json
from settlement.report.money import decimal_text
from settlement.report.payments import ID_LENGTH, entries_table, entry_json, result_text
from settlement.report.tables import show

_LEFT_OUT: Final = {
    LeftOutReason.NO_ACCOUNT: "no bank account. Pay it by hand, or carry it into the next run.",
    LeftOutReason.PAID: "something of it was paid. Pay what is left by hand, or carry it into the next run.",
    LeftOutReason.CARRIED: "the next run takes it over.",
}


@click.command()
@calling
@run_argument
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Write the files here, replacing older ones.",
)
@click.option("--payer", default="", help="Whose payments. Default: the party of the profile.")
@click.option(
    "--date",
    "execution_on",
    type=click.DateTime(["%Y-%m-%d"]),
    help="When the bank is to pay. Default: the day on which the payments were released.",
)
@as_json
def files(caller: Caller, run_id: str, out: Path, payer: str, execution_on: datetime | None, json_wanted: bool) -> None:
    """Write one payer's payments of a released run as files for its bank.

    Writes pain.001 (ISO 20022, version 001.001.09), which is uploaded to the bank, and the same as CSV for people. The
    operator gets its own payments, or those of --payer; any other party gets what it pays itself. A file always has
    the same message id, so a bank that has it refuses it the second time. With --date it is another file: do not send
    it while the bank has still to make payments of an earlier one. What was paid or carried is left out.
    """
    written: list[Path] = []
    with caller.client() as client:
        run = find_run(client, run_id)
        day = execution_on.date() if execution_on else None
        for file_format in FileFormat:
            file = client.instruction_file(run.run_id, payer=payer, file_format=file_format, execution_on=day)
            out.mkdir(parents=True, exist_ok=True)
            path = out / file.name
            path.write_bytes(file.data)
            written.append(path)
            for item in file.left_out:
                amount = decimal_text(item.amount_minor, run.currency_exponent)
                text = (
                    f"{path.name} leaves out payment {item.number}, {amount} to {item.payee}: {_LEFT_OUT[item.reason]}"
                )
                click.echo(text, err=True)
    if json_wanted:
        print_json([str(path) for path in written])
        return
    for path in written:
        click.echo(f"Wrote {path}")


@click.command("import")
@calling
@key_option
@run_argument
@click.argument("statement", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--note", default="", help="Why. Up to 200 characters.")
@as_json
def import_statement(caller: Caller, key: str, run_id: str, statement: Path, note: str, json_wanted: bool) -> None:
    """Have a bank's file taken in, and show how the run stands then.

    \b
    STATEMENT is a camt.053 (bank statement) of the operator's account, or a pain.002 (report of payments
    that the bank refused). Entries are matched by end-to-end id or creditor reference, also in free text.
    An entry is taken in once, however often a file comes; a file with one mistake is not taken in at all.
    What names no payment is kept, and listed by `run payments --unmatched`.
    """
    with caller.client(key) as client:
        run = find_run(client, run_id)
        result = client.import_statement(statement.read_bytes(), file_name=statement.name[-100:], note=note)
        after = client.run(run.run_id)
    if json_wanted:
        print_json(
            {
                "added": result.added,
                "known": result.known,
                "pending": result.pending,
                "repeated_file": result.repeated_file,
                "entries": [entry_json(entry) for entry in result.entries],
                "run_state": after.state.name,
            }
        )
        return
    click.echo(result_text(result))
    if result.entries:
        show([entries_table(f"New entries, {after.currency}", result.entries, after.currency_exponent)])
    click.echo(f"Run {after.run_id} is {after.state.name}.")


@click.command()
@calling
@click.argument("run_id", metavar="[RUN]", required=False)
@click.option("--unmatched", is_flag=True, help="Only what nobody knows yet to be about a payment.")
@click.option("--limit", type=click.IntRange(1), default=200, show_default=True, help="How many, newest first.")
@as_json
def payments(caller: Caller, run_id: str | None, unmatched: bool, limit: int, json_wanted: bool) -> None:
    """What banks have booked: about a run, or without RUN about anything.

    Without RUN it is for operator and auditors. ENTRY of `run assign` is the id in the first column.
    """
    with caller.client() as client:
        run = find_run(client, run_id) if run_id else None
        entries = client.bank_entries(run_id=run.run_id if run else "", unmatched=unmatched)
        found = list(islice(entries, limit))
        exponent = run.currency_exponent if run else _exponent(client)
    if json_wanted:
        print_json([entry_json(entry) for entry in found])
        return
    show([entries_table("Bank entries, newest first (negative went out)", found, exponent)])


@click.command()
@calling
@key_option
@click.argument("entry_id", metavar="ENTRY")
@click.option("--to", "reference", help="The payment's reference, as `run show` prints it.")
@click.option("--aside", is_flag=True, help="It is about no payment: a bank's charge, or other business.")
@click.option("--note", required=True, help="Why. Up to 200 characters.")
@as_json
def assign(
    caller: Caller, key: str, entry_id: str, reference: str | None, aside: bool, note: str, json_wanted: bool
) -> None:
    """Say which payment a bank's entry is about.

    \b
    ENTRY is the beginning of an entry's id, as `run payments` prints it.
    An entry about a payment that is done with is carried into the next run: money that came late or twice
    is owed back, and what was returned is owed again. An entry that was matched wrongly may be assigned to
    another payment as long as its run is not settled.
    """
    if (reference is None) == (not aside):
        raise click.UsageError("Say --to REFERENCE or --aside, one of the two.")
    with caller.client(key) as client:
        entry = client.assign_entry(_entry(client, entry_id), reference, note)
        exponent = _exponent(client)
    if json_wanted:
        print_json(entry_json(entry))
        return
    show([entries_table("Bank entry (negative went out)", [entry], exponent)])


def _exponent(client: SettlementClient) -> int:
    """The digits of the currency's minor unit."""
    return client.progress().currency_exponent


def _entry(client: SettlementClient, text: str) -> BankEntry:
    found = [entry for entry in client.bank_entries() if entry.entry_id.startswith(text.lower())]
    if len(found) != 1:
        raise click.BadParameter(
            f"{len(found) or 'No'} entries go by {text!r}. List them with ids of {ID_LENGTH} characters: "
            "coalition settlement run payments",
            param_hint="ENTRY",
        )
    return found[0]
