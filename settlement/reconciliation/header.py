"""Finding the columns that a mapping names among those that a file has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from partner_sdk.settlement import RecordsMapping
from settlement.reconciliation.limits import Limits
from settlement.reconciliation.mapping_check import ROLES
from settlement.reconciliation.problems import RecordsError, quoted

_NAMES_MAX: Final = 30


def check_width(columns: Sequence[str], limits: Limits) -> None:
    """Raises RecordsError for more columns than there may be."""
    if len(columns) > limits.columns:
        raise RecordsError(f"The file has {len(columns):,} columns; {limits.columns} are the most.")


def places(columns: Sequence[str], mapping: RecordsMapping) -> dict[str, int]:
    """Where each column is that the mapping names, by what it is for.

    Raises RecordsError for a column that is not there, or that is there twice.
    """
    found = {}
    for role in ROLES:
        name: str | None = getattr(mapping, role)
        if name is None:
            continue
        at = [place for place, column in enumerate(columns) if column.strip() == name.strip()]
        if len(at) > 1:
            numbers = ", ".join(str(place + 1) for place in at)
            raise RecordsError(
                f"Columns {numbers} are all called {quoted(name)}. Rename those that are not the {role}."
            )
        if not at:
            raise RecordsError(f"There is no column {quoted(name)} for the {role}. {_known(columns)}")
        found[role] = at[0]
    return found


def _known(columns: Sequence[str]) -> str:
    named = [quoted(column.strip()) for column in columns if column.strip()]
    more = f" and {len(named) - _NAMES_MAX} more" if len(named) > _NAMES_MAX else ""
    return (
        f"The file has {', '.join(named[:_NAMES_MAX])}{more}."
        if named
        else "That row names no columns: see header_row."
    )
