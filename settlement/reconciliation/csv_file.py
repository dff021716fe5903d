"""CSV, strictly: every row has as many cells as the header, and what is quoted ends."""

from __future__ import annotations

import csv
import io
import mmap
import re
from array import array
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.csv

from partner_sdk.settlement import RecordsMapping
from settlement.reconciliation.header import check_width, places
from settlement.reconciliation.limits import Limits
from settlement.reconciliation.partner import ROWS
from settlement.reconciliation.problems import RecordsError, quoted
from settlement.reconciliation.text_file import as_utf8

_DELIMITERS: Final = (",", ";", "\t", "|")
_SAMPLE_BYTES: Final = 1 << 20
_ALIKE_ROWS: Final = 50
#: No row is longer.
_BLOCK: Final = 1 << 20
#: Stands in every cell of a row that is put after the last one. A quotation mark that is not closed swallows it.
_END: Final = "\x1e"
_BAD_ROW: Final = re.compile(r"Row #(\d+): Expected (\d+) columns, got (\d+): (.*)", re.DOTALL)
_BAD_TEXT: Final = re.compile(r"In CSV column #(\d+): Row #(\d+)")


@dataclass(frozen=True, slots=True)
class _Dialect:
    """How a file is written, and where its rows begin."""

    delimiter: str
    columns: tuple[str, ...]
    #: Bytes up to the first row after the header.
    begin: int


def sample_csv(path: Path, mapping: RecordsMapping, scratch: Path, most: int) -> list[list[str]]:
    """The first rows, from row 1, up to `most`. Raises RecordsError."""
    text = as_utf8(path, mapping.encoding, scratch)
    with text.open("rb") as file:
        delimiter = _delimiter(file.read(_SAMPLE_BYTES), mapping)
        file.seek(0)
        return [row for _, row in zip(range(most), _rows(file, delimiter), strict=False)]


def read_csv(path: Path, mapping: RecordsMapping, scratch: Path, limits: Limits) -> pa.Table:
    """The rows, in the form of ROWS. Raises RecordsError."""
    text = as_utf8(path, mapping.encoding, scratch)
    dialect = _dialect(text, mapping)
    check_width(dialect.columns, limits)
    where = places(dialect.columns, mapping)
    _refuse_too_many(text, limits)
    table = _parsed(text, dialect, where, mapping.header_row)
    if table.num_rows > limits.rows:
        raise RecordsError(
            f"The file has {table.num_rows:,} rows; {limits.rows:,} are the most. Reconcile it in parts."
        )
    return table


def _parsed(path: Path, dialect: _Dialect, where: dict[str, int], header_row: int) -> pa.Table:
    names = [f"c{place}" for place in range(len(dialect.columns))]
    try:
        with path.open("rb") as file:
            table = pyarrow.csv.read_csv(
                _Ended(file, dialect),
                read_options=pyarrow.csv.ReadOptions(use_threads=False, block_size=_BLOCK, column_names=names),
                parse_options=pyarrow.csv.ParseOptions(
                    delimiter=dialect.delimiter,
                    newlines_in_values=True,
                    ignore_empty_lines=False,
                ),
                convert_options=pyarrow.csv.ConvertOptions(
                    include_columns=sorted({names[place] for place in where.values()}),
                    column_types={names[place]: ROWS.field(role).type for role, place in where.items()},
                    strings_can_be_null=False,
                ),
            )
    except pa.ArrowInvalid as error:
        raise _fault(path, dialect, header_row, str(error)) from error
    last = table.num_rows - 1
    if table[names[where["points"]]][last].as_py() != _END:
        raise RecordsError(
            f"Row {header_row + last + 1:,}: a quotation mark is opened and not closed before the end of the file."
        )
    table = table.slice(0, last)
    first = header_row + 1
    columns = [
        _counted(first, last)
        if field.name == "row"
        else (table[names[where[field.name]]] if field.name in where else pa.nulls(last, field.type))
        for field in ROWS
    ]
    return pa.table(columns, schema=ROWS)


def _counted(first: int, count: int) -> pa.Array:
    """So many numbers from `first` on; without a list of them."""
    return pa.Array.from_buffers(pa.int64(), count, [None, pa.py_buffer(array("q", range(first, first + count)))])


def _fault(path: Path, dialect: _Dialect, header_row: int, text: str) -> RecordsError:
    """What is wrong, from what the parser says. It would tell a function as well, but passes over rows for which that
    fails, as it does for text that is not UTF-8."""
    found = _BAD_ROW.search(text)
    if found is not None:
        number, expected, actual = (int(found[group]) for group in (1, 2, 3))
        return RecordsError(
            f"Row {header_row + number:,} has {actual} cells, the header has {expected}:"
            f" {quoted(found[4].replace(_END, ''))}. Is there a delimiter too few or too many, a quotation mark missing"
            ", or a line that is no record?"
        )
    found = _BAD_TEXT.search(text)
    if found is not None:
        place, number = int(found[1]), int(found[2])
        column = dialect.columns[place] if place < len(dialect.columns) else str(place + 1)
        return RecordsError(
            f"Row {header_row + number:,}, column {quoted(column)}: not UTF-8. Say in the mapping which encoding the"
            " file has, latin-1 or windows-1252 for example."
        )
    row = header_row + _longest_row(path, dialect)
    return RecordsError(f"Row {row:,} is longer than {_BLOCK:,} bytes. Is a quotation mark missing?")


def _longest_row(path: Path, dialect: _Dialect) -> int:
    """The first row that is too long; a second and slow look, for the message only."""
    with path.open("rb") as file:
        file.seek(dialect.begin)
        number = 0
        rows = _rows(file, dialect.delimiter)
        try:
            for number, row in enumerate(rows, 1):
                if sum(map(len, row)) > _BLOCK // 2:
                    return number
        except RecordsError:
            return number + 1
    return number


def _dialect(path: Path, mapping: RecordsMapping) -> _Dialect:
    with path.open("rb") as file:
        delimiter = _delimiter(file.read(_SAMPLE_BYTES), mapping)
        file.seek(0)
        counted = _Counted(file)
        rows = _rows(counted, delimiter)
        columns: list[str] = []
        for _ in range(mapping.header_row):
            found = next(rows, None)
            if found is None:
                raise RecordsError(f"The file has no row {mapping.header_row}, which the mapping says is the header.")
            columns = found
        return _Dialect(delimiter, tuple(columns), counted.count)


def _delimiter(head: bytes, mapping: RecordsMapping) -> str:
    """The mapping's, or else the one by which most of the first rows have the same number of cells, and many."""
    if not head.strip():
        raise RecordsError("The file is empty.")
    if mapping.delimiter:
        return mapping.delimiter

    def cells(delimiter: str) -> int:
        rows: list[list[str]] = []
        with suppress(RecordsError):
            for row in _rows(io.BytesIO(head), delimiter):
                rows.append(row)
                if len(rows) > _ALIKE_ROWS:
                    break
        # The last one may be cut off.
        widths = Counter(len(row) for row in (rows[:-1] or rows) if row)
        (usual, count), *_ = widths.most_common(1) or [(0, 0)]
        return usual if 2 * count >= widths.total() else 1

    return max(_DELIMITERS, key=cells)


def _rows(lines: Iterator[bytes] | io.BufferedReader | io.BytesIO | _Counted, delimiter: str) -> Iterator[list[str]]:
    """Rows of cells, as a spreadsheet counts them. Raises RecordsError for what is no CSV."""
    reader = csv.reader((line.decode(errors="replace") for line in lines), delimiter=delimiter)
    number = 0
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise RecordsError(f"Row {number + 1:,} is no CSV: {error}. Is a quotation mark missing?") from error
        number += 1
        yield row


def _refuse_too_many(path: Path, limits: Limits) -> None:
    """Before memory is spent on them. Rows may have lines in their cells, so there is some room."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        lines = sum(data[start : start + _BLOCK].count(b"\n") for start in range(0, len(data), _BLOCK))
    if lines > 2 * limits.rows:
        raise RecordsError(f"The file has {lines:,} lines; {limits.rows:,} rows are the most. Reconcile it in parts.")


class _Counted:
    """Lines, and how many bytes they were."""

    def __init__(self, file: io.BufferedReader) -> None:
        self._file = file
        self.count = 0

    def __iter__(self) -> Iterator[bytes]:
        for line in self._file:
            self.count += len(line)
            yield line


class _Ended(io.RawIOBase):
    """The rows after the header, and one more that shows that the last of them has ended."""

    def __init__(self, file: io.BufferedReader, dialect: _Dialect) -> None:
        super().__init__()
        self._file = file
        end = file.seek(0, io.SEEK_END)
        self._last = b""
        if end > dialect.begin:
            file.seek(end - 1)
            self._last = b"" if file.read(1) == b"\n" else b"\n"
        self._last += dialect.delimiter.join([_END] * len(dialect.columns)).encode()
        file.seek(dialect.begin)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self._file.readinto(buffer)
        if count:
            return count
        part, self._last = self._last[: len(buffer)], self._last[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)
