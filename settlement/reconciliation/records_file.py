"""A file of records, whatever its format."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa

from partner_sdk.settlement import RecordsMapping
from settlement.reconciliation.csv_file import read_csv, sample_csv
from settlement.reconciliation.header import check_width
from settlement.reconciliation.limits import Limits
from settlement.reconciliation.parquet_file import read_parquet, sample_parquet
from settlement.reconciliation.problems import RecordsError
from settlement.reconciliation.workbook import read_workbook, sample_workbook

_ZIP: Final = b"PK\x03\x04"
_PARQUET: Final = b"PAR1"
#: How a file begins that is none of these, and what to do about it.
_STRANGE: Final = (
    (
        b"\xd0\xcf\x11\xe0",
        "The file is an XLS workbook, or an encrypted one. Save it as XLSX without a password, or as CSV.",
    ),
    (b"PARE", "The Parquet file is encrypted. Write it without encryption."),
    (b"\x1f\x8b", "The file is compressed with gzip. Unpack it first."),
    (b"%PDF", "The file is a PDF. Export the records as CSV, XLSX or Parquet."),
    (b"<?xml", "The file is XML. Export the records as CSV, XLSX or Parquet."),
    (b"{", "The file is JSON. Export the records as CSV, XLSX or Parquet."),
    (b"PK\x05\x06", "The file is an empty ZIP archive."),
)


#: How many rows are looked at to guess a mapping.
SAMPLE_ROWS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Sample:
    """What a file looks like."""

    #: `csv`, `xlsx` or `parquet`.
    format: str
    sheets: tuple[str, ...]
    #: The first rows as text, from the first one of the file.
    rows: tuple[tuple[str, ...], ...]


def look_at(path: Path, mapping: RecordsMapping, scratch: Path, limits: Limits) -> Sample:
    """The first rows of a file, read as far as the mapping says how. Raises RecordsError."""
    kind = format_of(path)
    sheets: tuple[str, ...] = ()
    if kind == "parquet":
        rows = sample_parquet(path, limits, SAMPLE_ROWS)
    elif kind == "xlsx":
        sheets, rows = sample_workbook(path, mapping, limits, SAMPLE_ROWS)
    else:
        rows = sample_csv(path, mapping, scratch, SAMPLE_ROWS)
    for row in rows:
        check_width(row, limits)
    return Sample(kind, sheets, tuple(map(tuple, rows)))


def read_rows(path: Path, mapping: RecordsMapping, scratch: Path, limits: Limits) -> pa.Table:
    """All rows of a file, in the form of `partner.ROWS`. Raises RecordsError."""
    kind = format_of(path)
    if kind == "parquet":
        return read_parquet(path, mapping, limits)
    if kind == "xlsx":
        return read_workbook(path, mapping, limits)
    return read_csv(path, mapping, scratch, limits)


def format_of(path: Path) -> str:
    """`csv`, `xlsx` or `parquet`, by how the file begins. Raises RecordsError for what is certainly something else."""
    with path.open("rb") as file:
        head = file.read(8)
    for begin, text in _STRANGE:
        if head.startswith(begin):
            raise RecordsError(text)
    if head.startswith(_PARQUET):
        return "parquet"
    return "xlsx" if head.startswith(_ZIP) else "csv"
