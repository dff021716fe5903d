"""Sheets of a workbook: a table on each, sums below it as formulas with their values beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from settlement.statements.table import Cell, Column, Kind, Row, Table, sum_of
from settlement.statements.words import COLUMNS, TOTALS, words_of

_MICROS_PER_UNIT: Final = 10**6
_MICRO_DIGITS: Final = 6
_RATE_ONE: Final = 10_000
#: Below this, the error of adding doubles up one by one stays below half a millionth: with n figures of the sum S of
#: their sizes it is at most n * S / 2**53.
_PLAIN_SUM_MAX: Final = 2**52
_A4: Final = 9
_WIDTHS: Final = {Kind.MICROS: 19, Kind.MINOR: 15, Kind.POINTS: 14, Kind.MOMENT: 20, Kind.NUMBER: 10, Kind.RATE: 9}
_WIDTH_MIN: Final = 10
_WIDTH_MAX: Final = 44
_QUANTITIES: Final = (Kind.POINTS, Kind.MICROS, Kind.MINOR)

#: What follows from other cells of its row, in which it is a formula of theirs.
_ROW_FORMULAS: Final = {
    ("accepted", "amount"): "ROUND({reimbursement}+{top_up},6)",
    ("pools", "closing"): "ROUND(SUM({opening}:{drawn}),6)",
}
_NO_FORMULAS: Final[Mapping[str, list[str]]] = MappingProxyType({})


class Place(NamedTuple):
    """Where a table's rows stand on a sheet."""

    sheet: str
    keys: tuple[str, ...]
    #: As people count rows, from 1; at least one, so that a range is never empty.
    first: int
    last: int

    def cells(self, key: str) -> str:
        """The absolute range of a column, as other sheets name it."""
        name = xl_col_to_name(self.keys.index(key))
        return f"'{self.sheet}'!${name}${self.first}:${name}${self.last}"

    def cell(self, key: str, row: int) -> str:
        """One cell of it, rows counted from 0."""
        return f"'{self.sheet}'!${xl_col_to_name(self.keys.index(key))}${self.first + row}"

    def total(self, key: str) -> str:
        """The cell below it."""
        return f"'{self.sheet}'!${xl_col_to_name(self.keys.index(key))}${self.last + 1}"


class Book:
    """A workbook that is being written, and how its cells look."""

    def __init__(self, file: Any, made_at: datetime, zone: ZoneInfo, minor_digits: int) -> None:
        # Rows are written in order and leave memory at once.
        self._workbook = xlsxwriter.Workbook(file, {"constant_memory": True, "strings_to_urls": False})
        self._workbook.set_properties({"created": made_at.replace(tzinfo=None)})
        self._zone = zone
        self.minor_digits: Final = minor_digits
        numbers = {
            Kind.POINTS: "#,##0",
            Kind.NUMBER: "0",
            Kind.MICROS: "#,##0.000000",
            Kind.MINOR: f"#,##0.{'0' * minor_digits}" if minor_digits else "#,##0",
            Kind.RATE: "0.00%",
            Kind.MOMENT: "yyyy-mm-dd hh:mm:ss",
        }
        self._plain = {kind: self._workbook.add_format({"num_format": number}) for kind, number in numbers.items()}
        self._strong = {
            kind: self._workbook.add_format({"num_format": number, "bold": True, "top": 1})
            for kind, number in numbers.items()
        }
        self.bold = self._workbook.add_format({"bold": True})
        self.title = self._workbook.add_format({"bold": True, "font_size": 14})
        self.faint = self._workbook.add_format({"font_color": "#5A6570"})
        self.exact = self._workbook.add_format({"font_color": "#5A6570", "indent": 2})
        self._left = {
            kind: self._workbook.add_format({"num_format": number, "align": "left"}) for kind, number in numbers.items()
        }
        head = {"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"}
        self._head = self._workbook.add_format(head)
        self._head_right = self._workbook.add_format({**head, "align": "right"})
        self._sum_label = self._workbook.add_format({"bold": True, "top": 1})

    def sheet(self, name: str, footer: str) -> Any:
        """A new sheet, ready to be printed."""
        sheet = self._workbook.add_worksheet(name)
        sheet.set_paper(_A4)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        # An ampersand begins a code in a footer.
        sheet.set_footer(f"&L{footer.replace('&', '&&')}&R&P / &N")
        return sheet

    def write(self, sheet: Any, row: int, column: int, kind: Kind, value: Cell, *, left: bool = False) -> None:
        """One cell. Text is always text, whatever it begins with."""
        formats = self._left if left else self._plain
        if value is None or value == "":
            return
        if isinstance(value, datetime):
            sheet.write_datetime(row, column, value.astimezone(self._zone).replace(tzinfo=None), formats[kind])
        elif kind is Kind.CODE:
            sheet.write_string(row, column, words_of(str(value)))
        elif kind is Kind.TRUTH:
            sheet.write_string(row, column, "yes" if value else "no")
        elif isinstance(value, int):
            sheet.write_number(row, column, self._number(kind, value), formats[kind])
        else:
            sheet.write_string(row, column, value)

    def formula(
        self, sheet: Any, row: int, column: int, kind: Kind, formula: str, value: int, *, strong: bool = True
    ) -> None:
        """A formula, and what it comes to."""
        style = (self._strong if strong else self._plain)[kind]
        sheet.write_formula(row, column, f"={formula}", style, self._number(kind, value))

    def table(self, table: Table, name: str, footer: str, formulas: Mapping[str, list[str]] = _NO_FORMULAS) -> Place:
        """A sheet with a table: headings that stay, rows, sums. `formulas` has those of whole columns, row by row.

        In a formula the keys of columns, in braces, stand for the cells of its row.
        """
        sheet = self.sheet(name, footer)
        place = Place(name, tuple(column.key for column in table.columns), 2, max(len(table.rows), 1) + 1)
        for number, column in enumerate(table.columns):
            sheet.set_column(number, number, _width(table, number, column))
        for number, column in enumerate(table.columns):
            right = column.kind in _WIDTHS and column.kind is not Kind.MOMENT
            sheet.write_string(0, number, COLUMNS[column.key], self._head_right if right else self._head)
        sheet.freeze_panes(1, 0)
        sheet.repeat_rows(0)
        for index, row in enumerate(table.rows, 1):
            given = {key: column[index - 1] for key, column in formulas.items()}
            self._row(sheet, table, index, row, given)
        if any(column.total for column in table.columns):
            self._sums(sheet, table, place)
        if table.rows:
            sheet.autofilter(0, 0, len(table.rows), len(table.columns) - 1)
        return place

    def close(self) -> None:
        """Write the file."""
        self._workbook.close()

    def sum_formula(self, kind: Kind, cells: str, values: Iterable[int]) -> str:
        """The sum of a range whose cells have these values."""
        if kind is Kind.POINTS:
            return f"SUM({cells})"
        digits = _MICRO_DIGITS if kind is Kind.MICROS else self.minor_digits
        if _adds_up(values):
            return f"ROUND(SUM({cells}),{digits})"
        # Whole numbers are added up without any error.
        return f"SUMPRODUCT(ROUND({cells}*1E{digits},0))/1E{digits}"

    def sum_where(self, cells: str, values: Iterable[int], conditions: Iterable[tuple[str, str]]) -> str:
        """The sum of those cells of a range of amounts for which other ranges hold certain words."""
        if _adds_up(values):
            tests = "".join(f',{where},"{words}"' for where, words in conditions)
            return f"ROUND(SUMIFS({cells}{tests}),{_MICRO_DIGITS})"
        tests = "".join(f'({where}="{words}")*' for where, words in conditions)
        return f"SUMPRODUCT({tests}ROUND({cells}*1E{_MICRO_DIGITS},0))/1E{_MICRO_DIGITS}"

    def _row(self, sheet: Any, table: Table, index: int, row: Row, formulas: Mapping[str, str]) -> None:
        cells = {column.key: f"{xl_col_to_name(number)}{index + 1}" for number, column in enumerate(table.columns)}
        for number, (column, value) in enumerate(zip(table.columns, row, strict=True)):
            formula = formulas.get(column.key) or _ROW_FORMULAS.get((table.key, column.key), "")
            if formula and isinstance(value, int):
                self.formula(sheet, index, number, column.kind, formula.format(**cells), value, strong=False)
            else:
                self.write(sheet, index, number, column.kind, value)

    def _sums(self, sheet: Any, table: Table, place: Place) -> None:
        row = place.last
        for number, column in enumerate(table.columns):
            if column.total:
                cells = f"{xl_col_to_name(number)}{place.first}:{xl_col_to_name(number)}{place.last}"
                values = [value for value in table.values(column.key) if isinstance(value, int)]
                total = self.sum_formula(column.kind, cells, values)
                self.formula(sheet, row, number, column.kind, total, sum_of(table, column.key))
            elif number == 0:
                sheet.write_string(row, 0, TOTALS.get(table.key, "Total"), self._sum_label)
            else:
                sheet.write_blank(row, number, None, self._sum_label)

    def _number(self, kind: Kind, value: int) -> float | int:
        """The nearest number that a spreadsheet has; the one place where an amount becomes a float."""
        match kind:
            case Kind.MICROS:
                return value / _MICROS_PER_UNIT
            case Kind.MINOR:
                return value / int(10**self.minor_digits)
            case Kind.RATE:
                return value / _RATE_ONE
            case _:
                return value


def _adds_up(values: Iterable[int]) -> bool:
    sizes = [abs(value) for value in values]
    return len(sizes) * sum(sizes) < _PLAIN_SUM_MAX


def _width(table: Table, number: int, column: Column) -> int:
    if column.kind in _WIDTHS:
        return _WIDTHS[column.kind]
    longest = max((len(words_of(str(row[number]))) for row in table.rows), default=0)
    return min(max(longest, len(COLUMNS[column.key]), _WIDTH_MIN) + 2, _WIDTH_MAX)
