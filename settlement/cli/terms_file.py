"""Terms to suppose, in a file: JSON or TOML."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import click

from coalition.calendar import parse_day
from partner_sdk import Funding
from partner_sdk.settlement import SupposedTerms

_FIGURES: Final = ("price_micros", "reimbursement_micros", "issue_fee_micros", "prefunded_bps", "pack_points")
_NEEDED: Final = ("party_id", "price_micros", "reimbursement_micros")
#: Also in files for `coalition hub set-terms`; they say nothing about what is owed.
_WITHOUT_EFFECT: Final = ("network_id", "outstanding_points_max", "reorder_points", "alarm_bps")
_OF_TERMS: Final = frozenset(("party_id", "effective_on", "funding", *_FIGURES, *_WITHOUT_EFFECT))
_OF_FILE: Final = frozenset(("terms", "cause_reimbursement_micros", "cause_effective_on"))


@dataclass(frozen=True, slots=True)
class TermsFile:
    """What a file supposes."""

    terms: tuple[SupposedTerms, ...]
    cause_micros: int | None = None
    cause_effective_on: date | None = None


def read_terms(path: Path) -> TermsFile:
    """One party's terms, or `terms` of several and `cause_reimbursement_micros`. Raises ClickException."""
    try:
        text = path.read_text(encoding="utf-8")
        values: Any = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise click.ClickException(f"{path} cannot be read as {path.suffix.removeprefix('.')}: {error}") from error
    table = _table(values, str(path))
    if not table.keys() & _OF_FILE:
        return TermsFile((_terms(values, str(path)),))
    _require_known(table, _OF_FILE, str(path))
    listed = table.get("terms", [])
    if not isinstance(listed, list):
        raise click.ClickException(f"{path}: terms must be a list of tables.")
    cause = table.get("cause_reimbursement_micros")
    return TermsFile(
        tuple(_terms(item, f"{path}: terms[{number}]") for number, item in enumerate(listed)),
        None if cause is None else _number(cause, f"{path}: cause_reimbursement_micros"),
        _day(table.get("cause_effective_on"), f"{path}: cause_effective_on"),
    )


def _terms(value: object, where: str) -> SupposedTerms:
    table = _table(value, where)
    _require_known(table, _OF_TERMS, where)
    for name in _NEEDED:
        if name not in table:
            raise click.ClickException(f"{where}: {name} is missing.")
    party_id = table["party_id"]
    if not isinstance(party_id, str):
        raise click.ClickException(f"{where}: party_id must be text.")
    return SupposedTerms(
        party_id=party_id,
        effective_on=_day(table.get("effective_on"), f"{where}: effective_on"),
        funding=_funding(table.get("funding"), where),
        **{name: _number(table.get(name, 0), f"{where}: {name}") for name in _FIGURES},
    )


def _table(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise click.ClickException(f"{where} must be a table of names and values.")
    return value


def _require_known(table: Mapping[str, Any], known: frozenset[str], where: str) -> None:
    for name in sorted(table.keys() - known):
        raise click.ClickException(f"{where}: there is no {name}. Known: {', '.join(sorted(known))}.")


def _number(value: object, where: str) -> int:
    # JSON's and TOML's true is Python's, and that is a 1.
    if not isinstance(value, int) or isinstance(value, bool):
        raise click.ClickException(f"{where} is {value!r}; it must be a whole number.")
    return value


def _day(value: object, where: str) -> date | None:
    # TOML has dates of its own; a moment is one too, to Python.
    if value is None or type(value) is date:
        return value
    try:
        return parse_day(value if isinstance(value, str) else "")
    except ValueError:
        raise click.ClickException(f"{where} is {value!r}; it must be a date such as 2026-12-31.") from None


def _funding(value: object, where: str) -> Funding | None:
    """`packs`, or as the protocol has it, `FUNDING_PACKS`."""
    if value is None:
        return None
    try:
        return Funding(str(value).removeprefix("FUNDING_").lower().replace("-", "_"))
    except ValueError:
        raise click.ClickException(f"{where}: funding is {value!r}; it must be one of: {', '.join(Funding)}.") from None
