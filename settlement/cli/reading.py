"""Reading the books."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from coalition.clock import US_PER_S
from settlement.cli.options import Caller, as_json, calling, print_json
from settlement.report.files import write_csv, write_json
from settlement.report.tables import moment_text, show, window_tables, windows_table
from settlement.report.window import report_json, window_json


@click.command()
@calling
@as_json
def status(caller: Caller, json_wanted: bool) -> None:
    """How far the service has followed the journal."""
    with caller.client() as client:
        progress = client.progress()
    now = datetime.fromtimestamp(caller.connection.clock() // US_PER_S, UTC)
    age_s = None if progress.committed_at is None else max(0, int((now - progress.committed_at).total_seconds()))
    if json_wanted:
        committed_at = progress.committed_at.isoformat() if progress.committed_at else None
        root = progress.log_root.hex()
        print_json({"sequence": progress.sequence, "committed_at": committed_at, "age_s": age_s, "log_root": root})
        return
    click.echo(f"Followed to entry {progress.sequence}, of {moment_text(progress.committed_at)}, {age_s} s ago.")
    click.echo(f"Root of the log there: {progress.log_root.hex()}")


@click.command()
@calling
@as_json
def windows(caller: Caller, json_wanted: bool) -> None:
    """Every window and its state.

    OPEN takes entries. CLOSED waits for a run. PENDING_SETTLEMENT belongs to a run. SETTLED is paid. ABORTED belonged
    to a run that was given up, and waits for another.
    """
    with caller.client() as client:
        found = client.windows()
    if json_wanted:
        print_json([window_json(window) for window in found])
    else:
        show([windows_table(found)])


@click.command()
@calling
@click.option("--window", "number", required=True, type=click.IntRange(1), help="The window's number.")
@click.option("--csv", "csv_folder", type=click.Path(path_type=Path, file_okay=False), help="Write CSV files here.")
@click.option(
    "--json",
    "json_file",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="Write everything into one JSON file; `-` prints it instead of tables.",
)
def report(caller: Caller, number: int, csv_folder: Path | None, json_file: Path | None) -> None:
    """A window as tables: who owes whom, netted by pairs and altogether, and what happened to points.

    Amounts are exact, to a millionth of the currency; only `payable` is rounded, and what rounding leaves is carried
    into the next settlement. A party sees what it is part of.

    Positions are those of settling the window by itself. What was paid for windows that were settled together is in
    their run: coalition settlement run show RUN.
    """
    with caller.client() as client:
        found = client.window(number)
    printed = json_file is not None and str(json_file) == "-"
    if printed:
        print_json(report_json(found))
    else:
        show(window_tables(found))
    written = write_csv(found, csv_folder) if csv_folder else []
    if json_file is not None and not printed:
        written.append(write_json(found, json_file))
    for path in written:
        click.echo(f"Wrote {path}", err=printed)
