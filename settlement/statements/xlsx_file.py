"""A statement as a workbook that adds up by itself: its sums are formulas, with our own sums kept as their values.

Amounts are numbers in units of the currency. A spreadsheet keeps a number to fifteen digits; so figures are exact, and
sums are ours to the last of six decimals, up to a thousand million units of the currency. The sheet `Summary` has exact
text beside its numbers for what is beyond that.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

from partner_sdk.statement import Section, Side, Statement, decimal_of
from settlement.statements.table import Cell, Kind, Table, sum_of
from settlement.statements.tables import tables_of
from settlement.statements.words import TOTALS, words_of
from settlement.statements.xlsx_sheets import Book, Place

_MICRO_DIGITS: Final = 6
_SHEETS: Final = {
    "charges": "Charges",
    "elsewhere": "Elsewhere",
    "accepted": "Accepted",
    "points": "Points",
    "donated": "Donated",
    "donations": "Donations",
    "pools": "Prefunding",
    "settlement": "Settlement",
    "payments": "Payments",
    "tax": "Tax",
    "disputes": "Disputes",
    "lines": "Lines",
}
_NOTES: Final = (
    "Positive amounts are owed to the party, negative ones by it. Only what is payable is rounded.",
    "Spreadsheets keep numbers to 15 digits; beside the sums on this sheet their exact figures stand as text.",
    "The signed file of this statement (JSON) is what counts; its figures have the SHA-256 above.",
)
#: Sheets that come without rows, too.
_ALWAYS: Final = ("charges", "elsewhere", "accepted", "points", "settlement")


def xlsx_file(statement: Statement) -> bytes:
    """The workbook; the same bytes every time."""
    figures, file = statement.figures, io.BytesIO()
    book = Book(file, statement.made_at, ZoneInfo(figures.period.time_zone), figures.period.currency_exponent)
    tables = {table.key: table for table in tables_of(statement)}
    summary = book.sheet("Summary", figures.statement_id)
    places: dict[str, Place] = {}
    for key, name in _SHEETS.items():
        if statement.lines is not None if key == "lines" else tables[key].rows or key in _ALWAYS:
            formulas = _tax_formulas(book, statement, places["charges"]) if key == "tax" else {}
            places[key] = book.table(tables[key], name, figures.statement_id, formulas)
    _Summary(book, summary, statement, tables, places).write()
    book.close()
    return file.getvalue()


def _tax_formulas(book: Book, statement: Statement, charges: Place) -> dict[str, list[str]]:
    """Bases out of the charges, and taxes out of bases and rates."""
    amounts = [charge.amount_micros for charge in statement.figures.charges]
    bases = []
    for line in statement.figures.tax:
        words = ((charges.cells("section"), words_of(line.section)), (charges.cells("side"), words_of(line.side)))
        found = book.sum_where(charges.cells("amount"), amounts, words)
        bases.append(found if line.side is Side.SUPPLIED else f"-{found}")
    return {"base": bases, "tax": [f"ROUND({{base}}*{{rate}},{book.minor_digits})"] * len(bases)}


class _Summary:
    """The first sheet: whose statement it is, and what it comes to, out of the other sheets."""

    def __init__(
        self, book: Book, sheet: Any, statement: Statement, tables: Mapping[str, Table], places: Mapping[str, Place]
    ) -> None:
        self._book = book
        self._sheet = sheet
        self._statement = statement
        self._tables = tables
        self._places = places
        self._row = 0

    def write(self) -> None:
        """All of it."""
        figures = self._statement.figures
        self._sheet.set_column(0, 0, 34)
        self._sheet.set_column(1, 1, 24)
        self._sheet.set_column(2, 2, 70)
        self._sheet.write_string(0, 0, f"Statement of {figures.period.party_name}", self._book.title)
        self._row = 2
        self._facts()
        self._heading("Net position", figures.period.currency)
        self._sections()
        self._heading("Settlement", figures.period.currency)
        self._settlement()
        if figures.points is not None:
            self._heading("Own points", "points")
            place = self._places["points"]
            self._link(words_of("opening"), Kind.POINTS, figures.points.opening, place.cell("points", 0))
            self._link(TOTALS["points"], Kind.POINTS, figures.points.closing, place.total("points"))
        for text in _NOTES:
            self._row += 1
            self._sheet.write_string(self._row, 0, text, self._book.faint)

    def _facts(self) -> None:
        statement = self._statement
        figures, period = statement.figures, statement.figures.period
        due_on = figures.settlement.due_on
        facts: list[tuple[str, Kind, Cell]] = [
            ("Statement", Kind.TEXT, figures.statement_id),
            ("Operator", Kind.TEXT, f"{period.operator_name} ({period.operator_id})"),
            ("Network", Kind.TEXT, period.network_id),
            ("Party", Kind.TEXT, f"{period.party_name} ({period.party_id}, {period.party_kind.value})"),
            ("Window", Kind.NUMBER, period.window),
            ("State", Kind.CODE, period.window_state),
            ("From", Kind.MOMENT, period.opened_at),
            ("To", Kind.MOMENT, period.closed_at),
            ("First entry of the journal", Kind.NUMBER, period.first_sequence),
            ("Last entry", Kind.NUMBER, period.last_sequence),
            ("Prepared", Kind.MOMENT, statement.made_at),
            ("Time zone", Kind.TEXT, period.time_zone),
            ("Currency", Kind.TEXT, period.currency),
            ("Run", Kind.TEXT, figures.settlement.run_id),
            ("Payments due", Kind.TEXT, due_on.isoformat() if due_on else ""),
            ("SHA-256 of the figures", Kind.TEXT, figures.digest.hex()),
            ("Note on tax", Kind.TEXT, figures.tax_note),
        ]
        for label, kind, value in facts:
            if value is not None and value != "":
                self._label(label)
                self._book.write(self._sheet, self._row, 1, kind, value, left=True)
                self._row += 1

    def _sections(self) -> None:
        charges, place = self._tables["charges"], self._places["charges"]
        amounts = [charge.amount_micros for charge in self._statement.figures.charges]
        first, sums = self._row + 1, []
        for section in Section:
            words = ((place.cells("section"), words_of(section)),)
            found = sum_of(charges, "amount", [row for row in charges.rows if row[0] == section])
            self._link(
                words_of(section), Kind.MICROS, found, self._book.sum_where(place.cells("amount"), amounts, words)
            )
            sums.append(found)
        total = self._book.sum_formula(Kind.MICROS, f"B{first}:B{self._row}", sums)
        self._link("Net position", Kind.MICROS, sum(sums), total, strong=True)
        net = f"B{self._row}"
        self._link("Difference to the sum of the charges", Kind.MICROS, 0, f"ROUND({net}-{place.total('amount')},6)")
        if "lines" in self._places:
            lines = self._places["lines"].total("amount")
            self._link("Difference to the sum of the lines", Kind.MICROS, 0, f"ROUND({net}-{lines},6)")

    def _settlement(self) -> None:
        table, place = self._tables["settlement"], self._places["settlement"]
        amounts = [value for value in table.values("amount") if isinstance(value, int)]
        for item in ("net", "carried_in", "carried_out"):
            words = ((place.cells("item"), words_of(item)),)
            found = sum_of(table, "amount", [row for row in table.rows if row[0] == item])
            self._link(words_of(item), Kind.MICROS, found, self._book.sum_where(place.cells("amount"), amounts, words))
        payable = self._statement.figures.settlement.payable_minor
        digits = self._book.minor_digits
        self._link("Payable", Kind.MINOR, payable, f"ROUND({place.total('amount')},{digits})", strong=True)

    def _heading(self, text: str, unit: str) -> None:
        self._row += 1
        self._sheet.write_string(self._row, 0, text, self._book.bold)
        self._sheet.write_string(self._row, 1, unit, self._book.bold)
        self._sheet.write_string(self._row, 2, "exact", self._book.exact)
        self._row += 1

    def _label(self, text: str) -> None:
        self._sheet.write_string(self._row, 0, text)

    def _link(self, label: str, kind: Kind, value: int, formula: str, *, strong: bool = False) -> None:
        """A figure out of other cells, and its exact text."""
        self._label(label)
        self._book.formula(self._sheet, self._row, 1, kind, formula, value, strong=strong)
        digits = {Kind.MICROS: _MICRO_DIGITS, Kind.MINOR: self._book.minor_digits}.get(kind, 0)
        self._sheet.write_string(self._row, 2, decimal_of(value, digits), self._book.exact)
        self._row += 1
