"""What stands behind the points: liability, deferred revenue, breakage, and entries for accountants."""

from __future__ import annotations

from pathlib import Path

import click

from partner_sdk.settlement import LedgerFormat
from settlement.cli.options import Caller, as_json, calling, print_json
from settlement.report.books import books_json, books_tables
from settlement.report.books_files import csv_files, workbook, write_files
from settlement.report.tables import show

_as_of = click.option(
    "--as-of", "window", type=click.IntRange(1), help="The window as of whose end. Default: the last one closed."
)


@click.group()
def books() -> None:
    """What stands behind the points: liability, deferred revenue, breakage, and entries for accountants.

    An issuer sees its own books, the operator and auditors everybody's. All figures follow from the journal up to the
    end of a closed window, so the same window gives the same books whenever you ask.
    """


@books.command("show")
@calling
@_as_of
@click.option("--issuer", help="Of this issuer only.")
@as_json
def show_books(caller: Caller, window: int | None, issuer: str | None, json_wanted: bool) -> None:
    """Liability and deferred revenue as tables, with what moved in that window and what the figures rest on.

    `expected` are the points that will be redeemed or donated, as far as can be told. With --json every window and
    every cohort is listed.
    """
    with caller.client() as client:
        found = client.books(window, issuer=issuer)
    if json_wanted:
        print_json(books_json(found))
        return
    show(books_tables(found))
    for text in found.assumptions:
        click.echo(f"- {text}")


@books.command()
@calling
@_as_of
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Write files here.")
@click.option("--csv", "csv_wanted", is_flag=True, help="Tables and journal entries as CSV.")
@click.option("--xlsx", "xlsx_wanted", is_flag=True, help="Tables as a workbook whose sums are formulas.")
@click.option("--beancount", "beancount_wanted", is_flag=True, help="Journal entries as text for Beancount.")
@click.option("--party", help="Journal entries of this party only, not of everybody that you may see.")
def export(
    caller: Caller,
    window: int | None,
    out: Path,
    csv_wanted: bool,
    xlsx_wanted: bool,
    beancount_wanted: bool,
    party: str | None,
) -> None:
    """Books as files. Without a format, all of them.

    Journal entries come in several views: `clearing` is the clearing house's, with every party's position;
    `books-PARTY` is a party's own. bean-check proves them: every balance is asserted, to a millionth.
    """
    everything = not (csv_wanted or xlsx_wanted or beancount_wanted)
    formats = [
        kind
        for kind, wanted in ((LedgerFormat.BEANCOUNT, beancount_wanted), (LedgerFormat.CSV, csv_wanted))
        if wanted or everything
    ]
    files: dict[str, bytes] = {}
    with caller.client() as client:
        found = client.books(window)
        if csv_wanted or everything:
            files |= csv_files(found)
        if xlsx_wanted or everything:
            files[f"books-{found.window}.xlsx"] = workbook(found)
        if formats:
            views = [party] if party else [*([None] if found.clearing else []), *found.ledgers]
            for view in views:
                for kind in formats:
                    name = f"books-{view}" if view else "clearing"
                    files[f"{name}.{kind}"] = client.ledger(found.window, party_id=view, format=kind)
    for path in write_files(files, out):
        click.echo(f"Wrote {path}")
