"""Statements of a window as files, and whether one is right."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final, TypeVar

import click
from rich.console import Console
from rich.progress import track

from coalition.keys import fingerprint
from partner_sdk import Profile
from partner_sdk.settlement import SettlementClient, StatementForm
from partner_sdk.statement import STATEMENT_BYTES_MAX, Statement, decimal_of, verify_statement
from settlement.cli.options import Caller, as_json, calling, failing_clearly, find_profile, print_json

F = TypeVar("F", bound=Callable[..., Any])

_MICRO_DIGITS: Final = 6
_FORMS: Final = {
    "pdf": "For people: A4, archivable, with the signed JSON attached.",
    "xlsx": "A workbook whose sums are formulas.",
    "csv": "All tables in one, for programs.",
    "json-file": "Signed; see verify-statement.",
}


def _forms(function: F) -> F:
    """A flag for each form."""
    for name, words in reversed(_FORMS.items()):
        function = click.option(f"--{name}", is_flag=True, help=words)(function)
    return function


@click.command()
@calling
@click.option("--window", "number", required=True, type=click.IntRange(1), help="The window's number.")
@click.option("--party", "party_id", help="Whose. Default: your own. Operator and auditors may ask for anybody's.")
@click.option("--all", "everybody", is_flag=True, help="Of everybody who had business in the window.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=".",
    show_default=True,
    help="Write the files into this folder.",
)
@_forms
@click.option("--lines", is_flag=True, help="With every single line, and in the JSON its proof.")
def statement(
    caller: Caller,
    number: int,
    party_id: str | None,
    everybody: bool,
    out: Path,
    pdf: bool,
    xlsx: bool,
    csv: bool,
    json_file: bool,
    lines: bool,
) -> None:
    """A party's statement of a window, as files; as PDF where no form is named.

    The files are called `statement-003-florist.pdf` and so on; older ones are replaced. The signed JSON is checked
    before it is written. Points, charges, what was redeemed elsewhere and accepted, prefunded money, payments, taxable
    amounts and open disputes stand in it, each figure the same in every form.
    """
    if everybody and party_id is not None:
        raise click.UsageError("Name one --party, or ask for --all.")
    wanted = {StatementForm.PDF: pdf, StatementForm.XLSX: xlsx, StatementForm.CSV: csv, StatementForm.JSON: json_file}
    forms = [form for form, asked in wanted.items() if asked] or [StatementForm.PDF]
    with caller.client() as client:
        parties = _parties(client, number) if everybody else [party_id or caller.connection.party_id]
        out.mkdir(parents=True, exist_ok=True)
        files = [(party, form) for party in parties for form in forms]
        written = [_write(client, caller, number, *file, lines, out) for file in _with_progress(files)]
    for path in written:
        click.echo(f"Wrote {path}")


@click.command("verify-statement")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--profile", metavar="NAME|FILE", help="Whose pinned hub keys to trust. Default: of COALITION_PROFILE.")
@as_json
@failing_clearly
def verify_statement_file(file: Path, profile: str | None, json_wanted: bool) -> None:
    """Whether a statement's signed JSON file is right; needs no network.

    Checked from the hub's keys in the profile: that the hub signed the log; that the log has who signed the statement,
    an auditor with this key; the signature; that everything in it adds up; and that every line's entry is in the log.
    Ends with status 1 where anything is wrong.
    """
    found = find_profile(profile) if profile else Profile.from_env()
    with file.open("rb") as stream:
        data = stream.read(STATEMENT_BYTES_MAX + 1)
    checked = verify_statement(data, found.hub_keys, network_id=found.network_id)
    if json_wanted:
        print_json(_verdict(checked))
        return
    figures, period = checked.figures, checked.figures.period
    lines = "without single lines" if checked.lines is None else f"lines: {len(checked.lines)}, each proven"
    click.echo(f"Statement {figures.statement_id} is right: {period.party_name} ({period.party_id}), {lines}.")
    click.echo(f"Window {period.window}: {period.window_state.name}, entries {period.first_sequence} to", nl=False)
    click.echo(f" {period.last_sequence}, in the log of {figures.log_size} entries that the hub signed.")
    click.echo(f"Net position: {decimal_of(figures.net_micros, _MICRO_DIGITS)} {period.currency}; payable: ", nl=False)
    click.echo(f"{decimal_of(figures.settlement.payable_minor, period.currency_exponent)} (negative pays).")
    click.echo(f"Signed by {checked.signer.party_id}, key {fingerprint(checked.signer.public_key)}.")
    click.echo(f"SHA-256 of the figures: {figures.digest.hex()}")


def _parties(client: SettlementClient, number: int) -> list[str]:
    """Everybody who had business in a window, as far as the caller sees."""
    report = client.window(number)
    found = {position.party_id for position in report.positions} | {item.party_id for item in report.activity}
    return sorted(found)


def _write(
    client: SettlementClient, caller: Caller, number: int, party_id: str, form: StatementForm, lines: bool, out: Path
) -> Path:
    data = client.statement_file(number, party_id=party_id, form=form, lines=lines)
    if form is StatementForm.JSON:
        verify_statement(data, caller.connection.hub_keys, network_id=caller.connection.network_id)
    path = out / f"statement-{number:03}-{party_id}.{form.value}"
    # Whoever sees the file sees all of it.
    fresh = path.with_name(path.name + ".new")
    fresh.write_bytes(data)
    fresh.replace(path)
    return path


def _with_progress(files: list[tuple[str, StatementForm]]) -> Iterable[tuple[str, StatementForm]]:
    """The files one by one; while there are many, with a bar on the terminal."""
    console = Console(stderr=True)
    return track(files, f"{len(files)} files", console=console, transient=True, disable=len(files) == 1)


def _verdict(statement: Statement) -> dict[str, object]:
    """What was found, for machines."""
    figures, period = statement.figures, statement.figures.period
    return {
        "statement_id": figures.statement_id,
        "digest": figures.digest.hex(),
        "network_id": period.network_id,
        "party_id": period.party_id,
        "window": period.window,
        "window_state": period.window_state.value,
        "net": decimal_of(figures.net_micros, _MICRO_DIGITS),
        "payable": decimal_of(figures.settlement.payable_minor, period.currency_exponent),
        "lines": None if statement.lines is None else len(statement.lines),
        "log_size": figures.log_size,
        "log_root": figures.log_root.hex(),
        "signer": statement.signer.party_id,
        "key": fingerprint(statement.signer.public_key),
        "made_at": statement.made_at.isoformat(),
    }
