"""Tables on a page: fewer columns than in a spreadsheet, and sums below groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any, Final, TypeAlias

from partner_sdk.statement import Purpose
from settlement.statements.layout import Figure, Layout, breakable, in_fours
from settlement.statements.table import Cell, Column, Kind, Row, Table, sum_of
from settlement.statements.words import COLUMNS, NOTES, TITLES, TOTALS, words_of

#: What the template shows in a cell: text, a figure, or a party's name with its id.
Shown: TypeAlias = "str | Figure | dict[str, str]"

_RIGHT: Final = (Kind.POINTS, Kind.MICROS, Kind.MINOR, Kind.RATE)
#: Columns for which a page has no room, or which it shows together with another; the other forms have them.
_LEFT_OUT: Final = {
    "charges": ("section", "reversal", "side", "party"),
    "settlement": ("party", "why"),
    "disputes": ("dispute_id",),
}
#: What was carried, by why.
_ITEMS: Final = {
    ("carried_in", "rounding"): "Carried in: rounding of an earlier run",
    ("carried_in", "unpaid"): "Carried in: unpaid",
    ("carried_in", "overpaid"): "Carried in: overpaid",
    ("carried_out", "rounding"): "Rounding, settled with the next run",
}
#: Rows that stand on one page.
_TOGETHER_MAX: Final = 8
#: The column that takes the room that is left.
_WIDE: Final = ("item", "party_name", "reason", "reference")


def shown(table: Table, layout: Layout, note: str) -> dict[str, Any]:
    """A table for the template; `note` are the operator's words on it."""
    columns = tuple(_columns(table))
    keys = [column.key for column in columns]
    grouped = table.group is not None
    totals = table.key in TOTALS or (len(table.rows) > 1 and any(column.total for column in columns))
    wide = next((key for key in _WIDE if key in keys), keys[0])
    return {
        "title": TITLES[table.key],
        "note": " ".join(filter(None, (NOTES.get(table.key, "").format(currency=layout.period.currency), note))),
        "columns": [
            {"title": COLUMNS[column.key], "right": column.kind in _RIGHT, "wide": column.key == wide}
            for column in columns
        ],
        "groups": [
            {
                "title": words_of(name) if grouped else "",
                "rows": [_row(table, columns, row, layout) for row in rows],
                "sums": _sums(table, columns, rows, f"{words_of(name)}, total", layout) if grouped else None,
            }
            for name, rows in _groups(table)
        ],
        "sums": _sums(table, columns, table.rows, TOTALS.get(table.key, "Total"), layout) if totals else None,
        # A short table is not torn apart.
        "together": len(table.rows) + 2 * grouped * len(_groups(table)) <= _TOGETHER_MAX,
    }


def _columns(table: Table) -> Iterator[Column]:
    keys = [column.key for column in table.columns]
    for column in table.columns:
        if column.key in _LEFT_OUT.get(table.key, ()) or (column.key == "party" and "party_name" in keys):
            continue
        yield column


def _row(table: Table, columns: tuple[Column, ...], row: Row, layout: Layout) -> list[Shown]:
    values = {column.key: value for column, value in zip(table.columns, row, strict=True)}
    return [_cell(column, values, layout) for column in columns]


def _cell(column: Column, values: Mapping[str, Cell], layout: Layout) -> Shown:
    match column.key:
        case "party_name":
            # Names are the parties' own choice; ids are nobody else's.
            return {"name": breakable(str(values["party_name"])), "id": str(values["party"])}
        case "reference":
            return in_fours(str(values["reference"]))
        case "purpose":
            return _purpose(values)
        case "item" if values.get("why"):
            return f"{_ITEMS[str(values['item']), str(values['why'])]} ({values['party']})"
        case "points" if values["points"] is None:
            return ""
        case _:
            return layout.cell(column, values[column.key])


def _purpose(values: Mapping[str, Cell]) -> str:
    """What a charge is for; of a reimbursement, which of two there may be with one party."""
    code, amount, reversal = values["purpose"], values["amount"], bool(values["reversal"])
    assert isinstance(amount, int), "a charge is an amount"
    text = words_of(str(code))
    if code == Purpose.REIMBURSEMENT and amount:
        text = f"{text} {'received' if (amount > 0) is not reversal else 'owed'}"
    return f"{text}, reversed" if reversal else text


def _sums(table: Table, columns: tuple[Column, ...], rows: tuple[Row, ...], label: str, layout: Layout) -> list[Shown]:
    sums: list[Shown] = [
        layout.cell(column, sum_of(table, column.key, rows)) if column.total else "" for column in columns
    ]
    return [label, *sums[1:]]


def _groups(table: Table) -> list[tuple[str, tuple[Row, ...]]]:
    if table.group is None:
        return [("", table.rows)]
    place = [column.key for column in table.columns].index(table.group)
    return [(name, tuple(rows)) for name, rows in groupby(table.rows, key=lambda row: str(row[place]))]
