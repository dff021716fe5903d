"""Files of records for tests, right ones and hostile ones."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter


def workbook(rows: Sequence[Sequence[Any]], sheet: str = "Records", at: tuple[int, int] = (0, 0)) -> bytes:
    """A workbook with one sheet; numbers are numbers, datetimes are dates."""
    data = io.BytesIO()
    book = xlsxwriter.Workbook(data, {"default_date_format": "yyyy-mm-dd hh:mm:ss", "remove_timezone": True})
    page = book.add_worksheet(sheet)
    for place, row in enumerate(rows):
        page.write_row(at[0] + place, at[1], row)
    book.close()
    return data.getvalue()


def parquet(table: pa.Table, **options: Any) -> bytes:
    """A Parquet file."""
    data = io.BytesIO()
    pq.write_table(table, data, **options)
    return data.getvalue()


def archive(members: dict[str, bytes]) -> bytes:
    """A ZIP file that says it is a workbook."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in {"xl/workbook.xml": b"<workbook/>", **members}.items():
            file.writestr(name, content)
    return data.getvalue()


def rewritten(data: bytes, old: bytes, new: bytes) -> bytes:
    """The same ZIP file with one text in place of another, in its members and their names."""
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as file, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as other:
        for name in file.namelist():
            other.writestr(name.replace(old.decode(), new.decode()), file.read(name).replace(old, new))
    return changed.getvalue()


def encrypted(data: bytes) -> bytes:
    """The same ZIP file with the mark of an encrypted member."""
    changed = bytearray(data)
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = changed.find(signature)
        while place >= 0:
            changed[place + offset] |= 1
            place = changed.find(signature, place + 1)
    return bytes(changed)
