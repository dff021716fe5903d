"""A reconciliation as people want it: rows for tables and files, JSON, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from rich.table import Table

from partner_sdk.settlement import Difference, DifferenceKind, Reconciliation, RecordsFile, RecordsMapping
from settlement.report.cells import printable
from settlement.report.tables import moment_text, rows_table
from settlement.report.window import Rows

#: Columns of a file of differences, and how they are typed there.
DIFFERENCE_COLUMNS: Final[dict[str, type]] = {
    "number": int,
    "difference": str,
    "row": int,
    "other_row": int,
    "entry": int,
    "other_entry": int,
    "window": int,
    "transaction_id": str,
    "reference": str,
    "record_kind": str,
    "record_points": int,
    "record_time": datetime,
    "record_status": str,
    "entry_kind": str,
    "entry_points": int,
    "entry_time": datetime,
    "reason": str,
    "explanation": str,
    "action": str,
    "action_points": int,
    "what_to_do": str,
}
CORRECTION_COLUMNS: Final[dict[str, type]] = {
    "number": int,
    "difference": str,
    "action": str,
    "points": int,
    "transaction_id": str,
    "entry": int,
    "row": int,
    "window": int,
    "what_to_do": str,
}
_SAMPLE_ROWS: Final = 5
_SAMPLE_CHARS: Final = 28

Cell = str | int | datetime | None


def difference_rows(differences: Iterable[Difference]) -> list[dict[str, Cell]]:
    """Everything about every difference, by column; None where there is nothing."""
    return [
        {
            "number": item.number,
            "difference": item.kind.name,
            "row": item.row,
            "other_row": item.other_row,
            "entry": item.sequence,
            "other_entry": item.other_sequence,
            "window": item.window,
            "transaction_id": item.transaction_id,
            "reference": item.reference,
            "record_kind": item.record_kind and item.record_kind.value,
            "record_points": item.record_points,
            "record_time": item.record_at,
            "record_status": item.record_status and item.record_status.value,
            "entry_kind": item.entry_kind and item.entry_kind.value,
            "entry_points": item.entry_points,
            "entry_time": item.entry_at,
            "reason": item.reason,
            "explanation": item.explanation,
            "action": item.correction.action.name,
            "action_points": item.correction.points,
            "what_to_do": item.correction.text,
        }
        for item in differences
    ]


def correction_rows(differences: Iterable[Difference]) -> list[dict[str, Cell]]:
    """What to do about each difference, by column."""
    return [
        {
            "number": item.number,
            "difference": item.kind.name,
            "action": item.correction.action.name,
            "points": item.correction.points,
            "transaction_id": item.transaction_id,
            "entry": item.sequence,
            "row": item.row,
            "window": item.window,
            "what_to_do": item.correction.text,
        }
        for item in differences
    ]


def summary_json(found: Reconciliation) -> dict[str, Any]:
    """A reconciliation without its differences, for machines."""
    return {
        "reconciliation_id": found.reconciliation_id,
        "party": found.party_id,
        "windows": list(found.windows),
        "file": found.file_name,
        "file_sha256": found.file_digest.hex(),
        "rows": found.rows,
        "rows_left_out": found.rows_left_out,
        "entries": found.entries,
        "matched": {
            "by_id": found.matched_by_id,
            "by_reference": found.matched_by_reference,
            "by_time": found.matched_by_time,
        },
        "agreed_declined": found.agreed_declined,
        "differences": found.difference_count,
        "counts": {kind.name: found.counts.get(kind, 0) for kind in DifferenceKind},
        "sequence": found.sequence,
        "recorded_by": found.recorded_by,
        "recorded_at": found.recorded_at.isoformat() if found.recorded_at else None,
        "superseded": found.superseded,
    }


def reconciliation_json(found: Reconciliation) -> dict[str, Any]:
    """A reconciliation with its differences, for machines: moments in ISO 8601; what is not there is null."""
    rows = difference_rows(found.differences)
    return {**summary_json(found), "listed": [{name: _plain(cell) for name, cell in row.items()} for row in rows]}


def reconciliation_tables(found: Reconciliation, most: int) -> list[Table]:
    """What it came to, and the first differences."""
    windows = ", ".join(map(str, found.windows))
    heading = f"Records of {found.party_id} and windows {windows}, as of entry {found.sequence}"
    figures = {
        "rows in the file": found.rows,
        "entries of these windows": found.entries,
        "agree, by id": found.matched_by_id,
        "agree, by reference, points and time": found.matched_by_reference,
        "agree, by points and time": found.matched_by_time,
        "agree that nothing happened": found.agreed_declined,
        "left out": found.rows_left_out,
        **{kind.name: found.counts[kind] for kind in DifferenceKind if found.counts.get(kind)},
    }
    rows: Rows = [{"what": what, "count": count} for what, count in figures.items()]
    tables = [rows_table(heading, rows, ("what", "count"))]
    if found.differences:
        tables.append(_differences_table(found, most))
    return tables


def reconciliations_table(found: Iterable[Reconciliation]) -> Table:
    """Recorded reconciliations, one line each."""
    rows: Rows = [
        {
            "reconciliation": item.reconciliation_id or "–",
            "party": item.party_id,
            "windows": ", ".join(map(str, item.windows)),
            "differences": item.difference_count,
            "state": "superseded" if item.superseded else "open" if item.difference_count else "agrees",
            "recorded": moment_text(item.recorded_at),
            "file": printable(item.file_name) or "–",
        }
        for item in found
    ]
    columns = ("reconciliation", "party", "windows", "differences", "state", "recorded", "file")
    return rows_table("Reconciliations", rows, columns)


def mapping_tables(file: RecordsFile | None, mapping: RecordsMapping) -> list[Table]:
    """How a file would be read, and its first rows, for somebody to look at."""
    read = {role: getattr(mapping, role) or "–" for role in ("id", "kind", "points", "reference", "time", "status")}
    read |= {f"kind {word!r}": kind.value if kind else "left out" for word, kind in mapping.kinds.items()}
    read |= {f"status {word!r}": status.value for word, status in mapping.statuses.items()}
    read |= {
        "negative points": mapping.negative.value,
        "times": f"{mapping.time_format}, on the clock of {mapping.time_zone or 'the network'}",
        "times may differ by": f"{mapping.tolerance_s} s",
        "numbers": f"decimal mark {mapping.decimal_mark!r}, thousands mark {mapping.thousands_mark!r}",
        "header in row": str(mapping.header_row),
    }
    lines: Rows = [{"what": printable(what), "is": printable(text)} for what, text in read.items()]
    tables = [rows_table("How the records are read", lines, ("what", "is"))]
    if file is not None and file.rows:
        names = [f"{place} {printable(column)[:_SAMPLE_CHARS]}" for place, column in enumerate(file.columns, 1)]
        sample: Rows = []
        for row in file.rows[:_SAMPLE_ROWS]:
            cells = (printable(cell)[:_SAMPLE_CHARS] for cell in row)
            sample.append({**dict.fromkeys(names, ""), **dict(zip(names, cells, strict=False))})
        tables.append(rows_table("The first rows", sample, names))
    return tables


def _differences_table(found: Reconciliation, most: int) -> Table:
    table = Table(title="Differences", title_justify="left", title_style="bold", show_lines=True)
    for column in ("#", "difference", "row", "entry"):
        table.add_column(column, justify="left" if column == "difference" else "right", no_wrap=True)
    table.add_column("explanation", ratio=3)
    table.add_column("what to do", ratio=2)
    for item in found.differences[:most]:
        table.add_row(
            f"{item.number:,}",
            item.kind.name,
            str(item.row or "–"),
            str(item.sequence or "–"),
            printable(item.explanation),
            printable(item.correction.text),
        )
    left = found.difference_count - min(most, len(found.differences))
    if left:
        table.caption = f"and {left:,} more"
    return table


def _plain(cell: Cell) -> str | int | None:
    return cell.isoformat() if isinstance(cell, datetime) else cell
