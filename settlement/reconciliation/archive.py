"""What is inside a workbook, before anything opens it: unpacked once with the bytes counted, and thrown away.

What a ZIP file says of itself is not believed: sizes may be wrong, and parts of it may be unpacked over and over.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from pathlib import Path
from typing import Final

from settlement.reconciliation.limits import MIB, Limits
from settlement.reconciliation.problems import RecordsError

_MEMBERS_MAX: Final = 10_000
_CHUNK: Final = 1 << 18
#: Small files compress as well as they like.
_RATIO_FROM: Final = 32 * MIB
_ENCRYPTED: Final = 0x1
#: A row that says its number, and a cell that says its column; with or without a namespace's prefix. Other attributes
#: may come before; no further than the next tag, so that nothing is looked at twice.
_BEFORE: Final = rb"""(?:[^<>"']|"[^"<]*"|'[^'<]*')*?\sr\s*=\s*["']"""
_ROW: Final = re.compile(rb"<(?:[\w.-]+:)?row(?=\s)" + _BEFORE + rb"(\d{1,10})\b")
_CELL: Final = re.compile(rb"<(?:[\w.-]+:)?c(?=\s)" + _BEFORE + rb"([A-Za-z]{1,5})\d")
#: No tag, and no text between two of them, is longer: a cell has at most 32,767 characters.
_TAG_MAX: Final = MIB


def check_workbook(path: Path, limits: Limits) -> None:
    """Raises RecordsError for what is no workbook, is encrypted, or becomes too large when it is unpacked."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if "xl/workbook.xml" not in {member.filename for member in members}:
                raise RecordsError("The file is a ZIP archive but no workbook. Save it as XLSX or CSV.")
            if len(members) > _MEMBERS_MAX:
                raise RecordsError(f"The workbook has {len(members):,} parts; {_MEMBERS_MAX:,} are the most.")
            if any(member.flag_bits & _ENCRYPTED for member in members):
                raise RecordsError("The workbook is encrypted. Save it without a password.")
            _unpack(archive, members, path.stat().st_size, limits)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError) as error:
        raise RecordsError(f"The workbook is damaged: {error}. Save it again, or as CSV.") from error


def _unpack(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], size: int, limits: Limits) -> None:
    total = 0
    for member in members:
        # Any part can be a sheet: what is one is said elsewhere in the archive.
        extent = _Extent(limits)
        with archive.open(member) as part:
            while data := part.read(_CHUNK):
                total += len(data)
                if total > limits.unpacked_bytes or (total > _RATIO_FROM and total > size * limits.unpacked_ratio):
                    raise RecordsError(
                        f"The workbook becomes larger than {total // MIB:,} MiB when it is unpacked, from {size:,}"
                        " bytes; that much is not read. Save what is to be reconciled as CSV."
                    )
                extent.see(data)
        if extent.is_unseen:
            raise RecordsError("The workbook has a tag or a text of more than a MiB. Save it as XLSX or CSV again.")


class _Extent:
    """The rectangle in which a sheet's cells lie. A reader takes memory for all of it, and two cells span it."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._rest = b""
        #: Whether a tag was too long to be looked at.
        self.is_unseen = False

    def see(self, data: bytes) -> None:
        """Raises RecordsError for rows or columns beyond what is read."""
        text = self._rest + data
        for match in _CELL.finditer(text):
            if len(match[1]) > 1 and _column(match[1]) > self._limits.columns:
                column = match[1].decode().upper()
                raise RecordsError(
                    f"The sheet has a cell in column {column}; {self._limits.columns} columns are the most."
                    " Delete what is right of the records."
                )
        for match in _ROW.finditer(text):
            if int(match[1]) > self._limits.rows + 1_000:
                raise RecordsError(f"The sheet has a row {int(match[1]):,}; {self._limits.rows:,} rows are the most.")
        # The next part may end what begins here.
        rest = text[max(text.rfind(b"<"), 0) :]
        self.is_unseen |= len(rest) > _TAG_MAX
        self._rest = rest[-_TAG_MAX:]


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
