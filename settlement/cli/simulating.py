"""Supposing other terms."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from settlement.cli.options import Caller, calling, print_json
from settlement.cli.terms_file import read_terms
from settlement.report.simulation import (
    simulation_json,
    simulation_tables,
    write_simulation_csv,
    write_simulation_json,
)
from settlement.report.tables import show


@click.command()
@calling
@click.option(
    "--terms",
    "files",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A JSON or TOML file with terms of a party, or of several. May be repeated.",
)
@click.option(
    "--cause-micros", type=click.IntRange(0), help="What every charity would receive for a point, in millionths."
)
@click.option("--window", "windows", multiple=True, type=click.IntRange(1), help="May be repeated.")
@click.option("--all", "all_windows", is_flag=True, help="Every window, the open one too.")
@click.option("--csv", "csv_folder", type=click.Path(path_type=Path, file_okay=False), help="Write CSV files here.")
@click.option(
    "--json",
    "json_file",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="Write everything into one JSON file; `-` prints it instead of tables.",
)
def simulate(
    caller: Caller,
    files: tuple[Path, ...],
    cause_micros: int | None,
    windows: tuple[int, ...],
    all_windows: bool,
    csv_folder: Path | None,
    json_file: Path | None,
) -> None:
    """What windows would have come to under other terms, beside what they came to. For operator and auditors.

    FILE has party_id, price_micros, reimbursement_micros and, where they are not 0, issue_fee_micros, prefunded_bps,
    funding, pack_points; or a list `terms` of such tables, and cause_reimbursement_micros. Without effective_on terms
    are supposed to have held ever since the party's first.

    The service clears the journal anew from its beginning. Points move as they did: nobody buys more for other terms,
    and no limit stops an issue. Nothing is stored.
    """
    if bool(windows) == all_windows:
        raise click.UsageError("Name windows with --window, or all of them with --all.")
    read = [read_terms(file) for file in files]
    causes = [(item.cause_micros, item.cause_effective_on) for item in read if item.cause_micros is not None]
    if cause_micros is not None:
        causes.append((cause_micros, None))
    if len(causes) > 1:
        raise click.UsageError("What charities receive is supposed more than once.")
    if not causes and not any(item.terms for item in read):
        raise click.UsageError("Say what is supposed: --terms FILE, or --cause-micros.")
    cause, cause_day = causes[0] if causes else (None, None)
    with caller.client() as client:
        found = client.simulate(
            [terms for item in read for terms in item.terms],
            cause_reimbursement_micros=cause,
            cause_effective_on=cause_day,
            windows=sorted(set(windows)),
            progress=_tell if sys.stderr.isatty() else None,
        )
    printed = json_file is not None and str(json_file) == "-"
    if printed:
        print_json(simulation_json(found))
    else:
        show(simulation_tables(found))
    written = write_simulation_csv(found, csv_folder) if csv_folder else []
    if json_file is not None and not printed:
        written.append(write_simulation_json(found, json_file))
    for path in written:
        click.echo(f"Wrote {path}", err=printed)


def _tell(done: int, total: int) -> None:
    click.echo(f"\rCleared {done:,} of {total:,} entries", err=True, nl=done >= total)
