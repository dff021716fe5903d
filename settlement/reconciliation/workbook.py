"""XLSX workbooks. Their cells have types: numbers and dates are taken as such, text as the mapping says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError, WorksheetNotFound

from partner_sdk.settlement import RecordsMapping
from settlement.reconciliation.archive import check_workbook
from settlement.reconciliation.header import check_width, places
from settlement.reconciliation.limits import Limits
from settlement.reconciliation.partner import ROWS
from settlement.reconciliation.problems import RecordsError, bad_cells, quoted

#: A range of cells takes so much memory before a single one is looked at.
_CELLS_MAX: Final = 60_000_000


def sample_workbook(
    path: Path, mapping: RecordsMapping, limits: Limits, most: int
) -> tuple[tuple[str, ...], list[list[str]]]:
    """The sheets, and the first rows of the one that is mapped, from row 1, up to `most`. Raises RecordsError."""
    check_workbook(path, limits)
    with _opened(path) as book:
        rows = _sheet(book, mapping).iter_rows()
        return tuple(book.sheet_names), [list(map(_text, row)) for _, row in zip(range(most), rows, strict=False)]


def read_workbook(path: Path, mapping: RecordsMapping, limits: Limits) -> pa.Table:
    """The rows of one sheet, in the form of ROWS. Raises RecordsError."""
    check_workbook(path, limits)
    with _opened(path) as book:
        rows = _numbered(_sheet(book, mapping))
        columns = _header(rows, mapping)
        check_width(columns, limits)
        where = places(columns, mapping)
        numbers: list[int] = []
        cells: dict[str, list[Any]] = {role: [] for role in where}
        for number, row in rows:
            numbers.append(number)
            for role, place in where.items():
                cells[role].append(row[place])
    if len(numbers) > limits.rows:
        raise RecordsError(f"The sheet has {len(numbers):,} rows; {limits.rows:,} are the most. Reconcile it in parts.")
    return _table(numbers, cells, mapping)


def _opened(path: Path) -> CalamineWorkbook:
    try:
        return CalamineWorkbook.from_path(path)
    except PasswordError as error:
        raise RecordsError("The workbook is encrypted. Save it without a password.") from error
    except (CalamineError, OSError, ValueError) as error:
        raise RecordsError(f"The workbook cannot be read: {error}. Save it again as XLSX, or as CSV.") from error


def _sheet(book: CalamineWorkbook, mapping: RecordsMapping) -> CalamineSheet:
    try:
        if mapping.sheet:
            sheet = book.get_sheet_by_name(mapping.sheet)
        else:
            sheet = book.get_sheet_by_index(0)
    except WorksheetNotFound as error:
        names = ", ".join(map(quoted, book.sheet_names))
        raise RecordsError(f"There is no sheet {quoted(mapping.sheet)}. The workbook has {names}.") from error
    except (CalamineError, OSError, ValueError) as error:
        raise RecordsError(f"The sheet cannot be read: {error}. Save the workbook again, or as CSV.") from error
    if sheet.height * sheet.width > _CELLS_MAX:
        raise RecordsError(
            f"The sheet is {sheet.height:,} rows by {sheet.width:,} columns. Delete what is not part of the records."
        )
    return sheet


def _numbered(sheet: CalamineSheet) -> Iterator[tuple[int, list[Any]]]:
    """Rows with their numbers, from row 1; empty columns on the left are not among their cells."""
    yield from enumerate(sheet.iter_rows(), 1)


def _header(rows: Iterator[tuple[int, list[Any]]], mapping: RecordsMapping) -> tuple[str, ...]:
    for number, row in rows:
        if number == mapping.header_row:
            return tuple(map(_text, row))
    raise RecordsError(f"The sheet has no row {mapping.header_row}, which the mapping says is the header.")


def _table(numbers: Sequence[int], cells: dict[str, list[Any]], mapping: RecordsMapping) -> pa.Table:
    columns: dict[str, Any] = {"row": numbers}
    if "time" in cells:
        columns["clock"] = [_clock(value) for value in cells["time"]]
    for role, values in cells.items():
        columns[role] = list(map(_text, values))
    wrong = [(number, _text(value)) for number, value in zip(numbers, cells["points"], strict=True) if _is_part(value)]
    if wrong:
        raise bad_cells(mapping.points, wrong, len(wrong), "has parts of points in", "Points are whole numbers.")
    return pa.table(
        [
            pa.array(columns[field.name], field.type) if field.name in columns else pa.nulls(len(numbers), field.type)
            for field in ROWS
        ],
        schema=ROWS,
    )


def _is_part(value: Any) -> bool:
    return isinstance(value, float) and not value.is_integer()


def _clock(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    return datetime(value.year, value.month, value.day) if isinstance(value, date) else None  # noqa: DTZ001


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, bool):
        return str(value).upper()
    return value.isoformat() if isinstance(value, date | time) else str(value)
