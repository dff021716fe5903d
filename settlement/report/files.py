"""Reports as files: CSV for spreadsheets, one table a file, and JSON."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from partner_sdk.settlement import WindowReport
from settlement.report.window import COLUMNS, Rows, report_json, tables_of


def write_csv(report: WindowReport, folder: Path) -> list[Path]:
    """Write `window-3-obligations.csv` and so on into `folder`, replacing older ones. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    return [
        _write(folder / f"window-{report.window.number}-{name}.csv", name, rows)
        for name, rows in tables_of(report).items()
    ]


def write_json(report: WindowReport, path: Path) -> Path:
    """Write everything into one file, replacing an older one. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report_json(report), indent=2) + "\n", encoding="utf-8")
    return path


def _write(path: Path, name: str, rows: Rows) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS[name])
        writer.writeheader()
        writer.writerows(rows)
    return path
