"""Books as files: CSV, one table a file, and a workbook whose sums are formulas."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from partner_sdk.settlement import Books
from settlement.report.books import COLUMNS, tables_of
from settlement.report.window import Rows

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

#: Columns that are worked out of others of their row: of each, what adds and what is taken off.
_FORMULAS: Final[Mapping[str, Mapping[str, tuple[Sequence[str], Sequence[str]]]]] = {
    "points": {
        "closing": (
            ("opening", "issued", "redeem_reversed", "given"),
            ("issue_reversed", "redeemed", "expired", "taken"),
        )
    },
    "deferred": {
        "closing": (("opening", "sold", "granted", "received"), ("cancelled", "donated", "recognised", "breakage"))
    },
    "cohorts": {"deferred": (("allocated",), ("recognised", "breakage"))},
}
#: Tables whose figures add up over all rows, and the columns that do.
_TOTALS: Final[Mapping[str, Sequence[str]]] = {
    "liability": COLUMNS["liability"][2:],
    "cohorts": COLUMNS["cohorts"][4:],
}
_TEXT: Final = ("issuer", "expires", "origin", "as_of_month", "note")


def csv_files(books: Books) -> dict[str, bytes]:
    """`books-12-cohorts.csv` and so on, by name."""
    files = {}
    for name, rows in tables_of(books).items():
        file = io.StringIO()
        writer = csv.DictWriter(file, COLUMNS[name])
        writer.writeheader()
        writer.writerows(rows)
        files[f"books-{books.window}-{name}.csv"] = file.getvalue().encode()
    return files


def workbook(books: Books) -> bytes:
    """One sheet for each table, and one for the assumptions.

    What closes an account, and what is a total, is a formula. A spreadsheet counts with 15 digits: amounts of a
    thousand million and more lose their last millionths there, which CSV keeps.
    """
    # Nothing else needs it, and it takes a moment to load.
    import xlsxwriter

    data = io.BytesIO()
    book = xlsxwriter.Workbook(data, {"in_memory": True})
    # The same books are the same bytes.
    midnight = datetime.combine(books.day, datetime.min.time())
    book.set_properties({"title": f"Books, window {books.window}", "created": midnight})
    formats = {
        "head": book.add_format({"bold": True, "bottom": 1}),
        "money": book.add_format({"num_format": "#,##0.000000"}),
        "points": book.add_format({"num_format": "#,##0"}),
        "total_money": book.add_format({"num_format": "#,##0.000000", "bold": True, "top": 1}),
        "total_points": book.add_format({"num_format": "#,##0", "bold": True, "top": 1}),
    }
    for name, rows in tables_of(books).items():
        sheet = book.add_worksheet(name.capitalize())
        _fill(sheet, name, rows, formats)
    sheet = book.add_worksheet("Assumptions")
    sheet.set_column(0, 0, 120, book.add_format({"text_wrap": True, "valign": "top"}))
    for row, text in enumerate((f"Amounts in {books.currency}.", *books.assumptions)):
        sheet.write_string(row, 0, text)
    book.close()
    return data.getvalue()


def write_files(files: Mapping[str, bytes], folder: Path) -> list[Path]:
    """Write files into a folder, replacing older ones. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, data in files.items():
        path = folder / name
        path.write_bytes(data)
        paths.append(path)
    return paths


def _fill(sheet: Worksheet, name: str, rows: Rows, formats: Mapping[str, Any]) -> None:
    columns = COLUMNS[name]
    letters = {column: _letter(place) for place, column in enumerate(columns)}
    sheet.freeze_panes(1, 0)
    for place, column in enumerate(columns):
        sheet.set_column(place, place, 18 if column != "note" else 60)
        sheet.write_string(0, place, column.replace("_", " "), formats["head"])
    for line, row in enumerate(rows, 1):
        for place, column in enumerate(columns):
            value = row[column]
            if column in _TEXT:
                sheet.write_string(line, place, str(value))
                continue
            number = Decimal(value)
            kind = formats["points" if isinstance(value, int) else "money"]
            formula = _FORMULAS.get(name, {}).get(column)
            if formula is None:
                sheet.write_number(line, place, float(number), kind)
            else:
                sheet.write_formula(line, place, _formula(formula, letters, line + 1), kind, float(number))
    if not rows:
        return
    for column in _TOTALS.get(name, ()):
        of_points = isinstance(rows[0][column], int)
        total = sum((Decimal(row[column]) for row in rows), Decimal(0))
        text = f"=SUM({letters[column]}2:{letters[column]}{len(rows) + 1})"
        kind = formats["total_points" if of_points else "total_money"]
        sheet.write_formula(len(rows) + 1, columns.index(column), text, kind, float(total))


def _formula(parts: tuple[Sequence[str], Sequence[str]], letters: Mapping[str, str], line: int) -> str:
    added, taken = ([f"{letters[column]}{line}" for column in columns] for columns in parts)
    # Whole millionths, whatever the spreadsheet's numbers make of them.
    return f"=ROUND({'+'.join(added)}-{'-'.join(taken)},6)"


def _letter(place: int) -> str:
    assert place < 26, "no table has more columns"
    return chr(ord("A") + place)
