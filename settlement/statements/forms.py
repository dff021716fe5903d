"""The forms of a statement."""

from __future__ import annotations

from enum import IntEnum, unique
from pathlib import Path
from typing import Final

from coalition.keys import SigningKey
from partner_sdk.statement import Statement, sign_statement
from settlement.statements.csv_file import csv_file
from settlement.statements.pdf_file import PDF_LINES_MAX, pdf_file
from settlement.statements.xlsx_file import xlsx_file

#: Lines of one statement; some forms take fewer. A workbook of so many takes five seconds of a processor.
LINES_MAX: Final = 50_000


@unique
class Form(IntEnum):
    """Numbered as StatementForm on the wire."""

    JSON = 1
    PDF = 2
    XLSX = 3
    CSV = 4

    @property
    def lines_max(self) -> int:
        """The most lines that it takes."""
        return PDF_LINES_MAX if self is Form.PDF else LINES_MAX


def file_of(statement: Statement, form: Form, key: SigningKey, fonts: Path | None) -> bytes:
    """A statement in one of its forms. `key` is the one that it names; `fonts` a folder of fonts for the PDF."""
    match form:
        case Form.JSON:
            return sign_statement(statement, key)
        case Form.PDF:
            return pdf_file(statement, sign_statement(statement, key), fonts)
        case Form.XLSX:
            return xlsx_file(statement)
        case Form.CSV:
            return csv_file(statement)
