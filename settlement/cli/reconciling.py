"""Comparing a party's own records with the journal."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import click
from rich.console import Console

from partner_sdk.settlement import (
    ReconcileProgress,
    ReconcileStage,
    Reconciliation,
    RecordsFile,
    RecordsMapping,
    SettlementClient,
)
from settlement.cli.mapping_options import Said, mapping_json, mapping_options
from settlement.cli.options import Caller, as_json, calling, print_json
from settlement.report.reconciliation import (
    mapping_tables,
    reconciliation_json,
    reconciliation_tables,
    reconciliations_table,
    summary_json,
)
from settlement.report.reconciliation_files import write_corrections, write_differences
from settlement.report.tables import show

_DIFFERENCES: Final = 1
_LAST: Final = "last"
_STAGES: Final = {
    ReconcileStage.UPLOADING: "sending, {:,} bytes",
    ReconcileStage.READING_RECORDS: "reading the file, {:,} rows",
    ReconcileStage.READING_JOURNAL: "reading the journal, {:,} entries",
    ReconcileStage.MATCHING: "matching",
    ReconcileStage.EXPLAINING: "explaining",
}

F = TypeVar("F", bound=Callable[..., Any])

_files = [
    click.option(
        "--out",
        "outs",
        multiple=True,
        type=click.Path(path_type=Path, dir_okay=False),
        help="Write every difference here: .csv, .xlsx or .parquet. May be repeated.",
    ),
    click.option(
        "--corrections",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Write what to do about each difference here: .json or .csv.",
    ),
    click.option(
        "--show", "shown", type=click.IntRange(0), default=20, show_default=True, help="Differences to print."
    ),
]


class _CouldNotTell(click.ClickException):
    exit_code = 2


def _ending(function: F) -> F:
    """Whatever keeps the command from an answer ends it with status 2: 1 means that there are differences."""

    @functools.wraps(function)
    def wrapped(*arguments: Any, **options: Any) -> Any:
        try:
            return function(*arguments, **options)
        except click.Abort as error:
            raise _CouldNotTell("Nothing was compared.") from error
        except click.UsageError:
            # It has that status already.
            raise
        except click.ClickException as error:
            raise _CouldNotTell(error.message) from error

    return wrapped  # type: ignore[return-value]


def _with_files(function: F) -> F:
    for option in reversed(_files):
        function = option(function)
    return function


@click.command()
@_ending
@calling
@click.argument("records", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option(
    "--window", "windows", multiple=True, type=click.IntRange(1), help="May be repeated. Default: the last closed."
)
@click.option("--party", "party_id", help="Whose records. Only the operator names another party.")
@click.option("--record", is_flag=True, help="Have the service keep the result, so that open differences show.")
@click.option("--yes", is_flag=True, help="Do not ask whether the file is read rightly.")
@mapping_options
@_with_files
@as_json
def reconcile(
    caller: Caller,
    records: Path,
    windows: tuple[int, ...],
    party_id: str | None,
    record: bool,
    yes: bool,
    said: Said,
    outs: tuple[Path, ...],
    corrections: Path | None,
    shown: int,
    json_wanted: bool,
) -> None:
    """Compare your own records with the journal, and explain every difference.

    FILE is CSV, XLSX or Parquet. Which columns are what is guessed from their names at first, shown, and remembered
    when you confirm it; options say it otherwise. Nothing is kept of the result without --record.

    Exit status: 0 there are no differences, 1 there are, 2 it could not be told.
    """
    _check_endings(outs, corrections)
    with caller.client() as client, _progress() as tell:
        mapping, file = _confirmed(client, records, party_id, said, yes, tell)
        found = client.reconcile(
            file or records,
            mapping=mapping,
            windows=sorted(set(windows)),
            party_id=party_id,
            record=record,
            on_progress=tell,
        )
    _print(found, shown, json_wanted)
    _write(found, outs, corrections, err=json_wanted)
    if found.difference_count:
        click.get_current_context().exit(_DIFFERENCES)


@click.command()
@_ending
@calling
@click.argument("reconciliation_id", metavar="[ID]", required=False)
@click.option("--party", "party_id", help="Of this party only.")
@_with_files
@as_json
def reconciliations(
    caller: Caller,
    reconciliation_id: str | None,
    party_id: str | None,
    outs: tuple[Path, ...],
    corrections: Path | None,
    shown: int,
    json_wanted: bool,
) -> None:
    """Recorded reconciliations; with ID, one of them with its differences. `last` is the newest.

    One is superseded when each of its windows was reconciled again since.
    """
    _check_endings(outs, corrections)
    with caller.client() as client:
        if reconciliation_id is None:
            listed = list(client.reconciliations(party_id=party_id))
            if json_wanted:
                print_json([summary_json(item) for item in listed])
            else:
                show([reconciliations_table(listed)])
            return
        found = client.reconciliation(_chosen(client, reconciliation_id, party_id))
    _print(found, shown, json_wanted)
    _write(found, outs, corrections, err=json_wanted)


@click.command("mapping")
@calling
@click.option("--party", "party_id", help="Whose records. Only the operator names another party.")
@as_json
def records_mapping(caller: Caller, party_id: str | None, json_wanted: bool) -> None:
    """How your records are read, as it was last confirmed. With --json as a file for `reconcile --mapping`."""
    with caller.client() as client:
        mapping = client.records_mapping(party_id=party_id)
    if mapping is None:
        raise click.ClickException("Nothing is remembered yet. `coalition settlement reconcile` asks for it.")
    if json_wanted:
        print_json(mapping_json(mapping))
    else:
        show(mapping_tables(None, mapping))


def _confirmed(
    client: SettlementClient,
    records: Path,
    party_id: str | None,
    said: Said,
    yes: bool,
    tell: Callable[[ReconcileProgress], None],
) -> tuple[RecordsMapping, RecordsFile | None]:
    """How the file is read, as it is remembered or was confirmed just now; and the file, where the service has it."""
    remembered = client.records_mapping(party_id=party_id)
    if remembered is not None and not said.fields and said.file is None:
        return remembered, None
    file = client.inspect_records(records, party_id=party_id, reading=said.reading or remembered, on_progress=tell)
    mapping = said.over(remembered or file.guess)
    if mapping is None:
        columns = ", ".join(map(repr, file.columns))
        raise click.ClickException(
            f"No column looks like points. Say which one is: --map points=COLUMN. The file has {columns}."
        )
    if mapping != remembered:
        if not yes:
            _ask(file, mapping)
        client.remember_records_mapping(mapping, party_id=party_id)
    return mapping, file


def _ask(file: RecordsFile, mapping: RecordsMapping) -> None:
    show(mapping_tables(file, mapping), err=True)
    if mapping == file.guess:
        for doubt in file.doubts:
            click.echo(f"- {doubt}", err=True)
    click.confirm("Are the records read rightly? (--yes says so, options say otherwise)", abort=True, err=True)


def _chosen(client: SettlementClient, text: str, party_id: str | None) -> str:
    if text != _LAST:
        return text
    newest = next(iter(client.reconciliations(party_id=party_id)), None)
    if newest is None or newest.reconciliation_id is None:
        raise click.ClickException("No reconciliation was recorded yet.")
    return newest.reconciliation_id


def _check_endings(outs: tuple[Path, ...], corrections: Path | None) -> None:
    """Before anything is compared."""
    for path in outs:
        if path.suffix.lower() not in (".csv", ".xlsx", ".parquet"):
            raise click.BadParameter(f"{path} must end in .csv, .xlsx or .parquet.", param_hint="--out")
    if corrections is not None and corrections.suffix.lower() not in (".json", ".csv"):
        raise click.BadParameter(f"{corrections} must end in .json or .csv.", param_hint="--corrections")


def _print(found: Reconciliation, shown: int, json_wanted: bool) -> None:
    if json_wanted:
        print_json(reconciliation_json(found))
    else:
        show(reconciliation_tables(found, shown))
        if found.reconciliation_id is not None:
            click.echo(f"Recorded as {found.reconciliation_id}.")


def _write(found: Reconciliation, outs: tuple[Path, ...], corrections: Path | None, *, err: bool) -> None:
    written = [write_differences(found, path) for path in outs]
    if corrections is not None:
        written.append(write_corrections(found, corrections))
    for path in written:
        click.echo(f"Wrote {path}", err=err)


@contextmanager
def _progress() -> Iterator[Callable[[ReconcileProgress], None]]:
    """A line that says how far it is, where somebody sees it."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda progress: None
        return
    with console.status("asking") as status:
        yield lambda progress: status.update(_STAGES[progress.stage].format(progress.done))
