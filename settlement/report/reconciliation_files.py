"""Differences and corrections as files: CSV, XLSX, Parquet, JSON. Text of others never becomes a formula."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from partner_sdk.settlement import Reconciliation
from settlement.report.cells import inert
from settlement.report.reconciliation import (
    CORRECTION_COLUMNS,
    DIFFERENCE_COLUMNS,
    Cell,
    correction_rows,
    difference_rows,
    summary_json,
)

_Rows = Sequence[Mapping[str, Cell]]
_Columns = Mapping[str, type]


def write_differences(found: Reconciliation, path: Path) -> Path:
    """Write every listed difference to a `.csv`, `.xlsx` or `.parquet` file, replacing an older one.

    Raises ValueError for another ending, OSError.
    """
    return _write(path, difference_rows(found.differences), DIFFERENCE_COLUMNS, _DIFFERENCES)


def write_corrections(found: Reconciliation, path: Path) -> Path:
    """Write what to do about each difference to a `.json` or `.csv` file, replacing an older one.

    Raises ValueError for another ending, OSError.
    """
    rows = correction_rows(found.differences)
    if path.suffix.lower() == ".json":
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"reconciliation": summary_json(found), "corrections": rows}, indent=2)
        path.write_text(text + "\n", encoding="utf-8")
        return path
    return _write(path, rows, CORRECTION_COLUMNS, {".csv": _write_csv})


def _write(
    path: Path, rows: _Rows, columns: _Columns, writers: Mapping[str, Callable[[Path, _Rows, _Columns], None]]
) -> Path:
    writer = writers.get(path.suffix.lower())
    if writer is None:
        raise ValueError(f"{path} must end in {' or '.join(sorted(writers))}.")
    path.parent.mkdir(parents=True, exist_ok=True)
    writer(path, rows, columns)
    return path


def _write_csv(path: Path, rows: _Rows, columns: _Columns) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(columns))
        writer.writeheader()
        for row in rows:
            writer.writerow({name: _text(cell) for name, cell in row.items()})


def _write_xlsx(path: Path, rows: _Rows, columns: _Columns) -> None:
    # Nothing else needs it, and it takes a moment to load.
    import xlsxwriter

    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(path, options) as book:
        sheet = book.add_worksheet("Differences")
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        sheet.freeze_panes(1, 0)
        sheet.write_row(0, 0, list(columns), book.add_format({"bold": True}))
        for line, row in enumerate(rows, 1):
            for place, name in enumerate(columns):
                cell = row[name]
                if isinstance(cell, datetime):
                    sheet.write_datetime(line, place, cell.astimezone(UTC).replace(tzinfo=None), moment)
                elif isinstance(cell, int):
                    sheet.write_number(line, place, cell)
                elif cell:
                    sheet.write_string(line, place, inert(cell))
        if rows:
            sheet.autofilter(0, 0, len(rows), len(columns) - 1)


def _write_parquet(path: Path, rows: _Rows, columns: _Columns) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {int: pa.int64(), str: pa.string(), datetime: pa.timestamp("us", tz="UTC")}
    schema = pa.schema([(name, types[kind]) for name, kind in columns.items()])
    pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), path, compression="zstd")


def _text(cell: Cell) -> str | int:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.isoformat()
    return inert(cell) if isinstance(cell, str) else cell


_DIFFERENCES: Final[Mapping[str, Callable[[Path, _Rows, _Columns], None]]] = {
    ".csv": _write_csv,
    ".xlsx": _write_xlsx,
    ".parquet": _write_parquet,
}
