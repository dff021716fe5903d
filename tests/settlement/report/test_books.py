"""Books as tables and files: every figure, in numbers that add up by themselves."""

from __future__ import annotations

import csv
import io
import os
import shutil
import subprocess
from datetime import date
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from coalition.v1 import settlement_books_pb2 as pb
from partner_sdk._settlement_books import books_of
from partner_sdk.settlement import Books
from settlement.books.assumptions import assumptions
from settlement.books.books import keep_books
from settlement.books.estimates import Estimator
from settlement.report.books import COLUMNS, books_json, books_tables, tables_of
from settlement.report.books_files import csv_files, workbook, write_files
from settlement.rpc.books_messages import issuer_message
from tests.settlement.books.made_up import MICROS_PER_MINOR, monthly, value_of
from tests.settlement.books.test_estimates import programme


@pytest.fixture(scope="module")
def books() -> Books:
    """A year of a programme, as it comes from the service."""
    windows = monthly(9)
    found = keep_books(programme(9), windows, value_of, MICROS_PER_MINOR, Estimator())
    return books_of(
        pb.GetBooksResponse(
            window=windows[-1].number,
            day=windows[-1].day,
            currency="USD",
            currency_exponent=2,
            issuers=map(issuer_message, found),
            assumptions=assumptions(windows[-1]),
            ledgers=["grocer"],
        )
    )


def test_books_come_as_they_were_sent(books: Books) -> None:
    """Dates, cohorts that never expire and estimates arrive as what they are."""
    (grocer,) = books.issuers
    assert books.day == date(2017, 9, 30)
    assert grocer.cohorts[-1].expires_on is None
    assert grocer.cohorts[0].expires_on == date(2017, 3, 31)
    assert grocer.estimates[0].reason is None
    assert grocer.outstanding_points == grocer.movements[-1].points.closing
    assert grocer.deferred_micros == grocer.movements[-1].deferral.closing_micros
    assert grocer.value_of_outstanding_micros == grocer.outstanding_points * grocer.value_micros


def test_groups_come_to_all_that_is_outstanding(books: Books) -> None:
    """By issuer, by cohort, and at the end of the last window there is the same number of points and of money."""
    rows = tables_of(books)
    (liability,) = rows["liability"]
    last = rows["points"][-1], rows["deferred"][-1]
    assert liability["outstanding"] == sum(int(row["outstanding"]) for row in rows["cohorts"]) == last[0]["closing"]
    deferred = sum((Decimal(row["deferred"]) for row in rows["cohorts"]), Decimal(0))
    assert Decimal(liability["deferred"]) == deferred == Decimal(last[1]["closing"])
    for row in rows["cohorts"]:
        parts = (Decimal(row[name]) for name in ("recognised", "breakage", "deferred"))
        assert Decimal(row["allocated"]) == sum(parts)
    assert books_json(books)["cohorts"] == rows["cohorts"]


def test_terminal_shows_the_last_window(books: Books) -> None:
    """Six tables: liability, two movements, by expiry, by age, and estimates; every row has all columns."""
    tables = books_tables(books)
    assert [table.row_count for table in tables] == [1, 1, 1, 4, 4, 1]
    for name, rows in tables_of(books).items():
        assert all(set(row) == set(COLUMNS[name]) for row in rows)


def test_csv_has_every_row(books: Books, tmp_path: Path) -> None:
    """One file for each table, which spreadsheets read as it stands."""
    paths = write_files(csv_files(books), tmp_path / "new")
    assert [path.name for path in paths] == [f"books-9-{name}.csv" for name in COLUMNS]
    for path, rows in zip(paths, tables_of(books).values(), strict=True):
        read = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))
        assert read == [{name: str(value) for name, value in row.items()} for row in rows]


def test_workbook_is_the_same_bytes_again(books: Books) -> None:
    """A file that is exported again differs only where the books do."""
    assert workbook(books) == workbook(books)


def test_formulas_come_to_the_figures(books: Books, tmp_path: Path) -> None:
    """LibreOffice works the formulas out to what was written beside them: closings, and totals."""
    soffice = shutil.which("soffice")
    if soffice is None:
        missing = "LibreOffice (soffice) is not installed, which works the formulas out."
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    path = tmp_path / "books.xlsx"
    path.write_bytes(workbook(books))
    given = openpyxl.load_workbook(path, data_only=True)
    formulas = openpyxl.load_workbook(path)
    home = (tmp_path / "home").as_uri()
    subprocess.run(
        [
            soffice,
            f"-env:UserInstallation={home}",
            "--headless",
            "--convert-to",
            "xlsx:Calc MS Excel 2007 XML",
            "--outdir",
            str(tmp_path / "worked-out"),
            str(path),
        ],
        check=True,
        capture_output=True,
        timeout=110,
    )
    worked_out = openpyxl.load_workbook(tmp_path / "worked-out" / "books.xlsx", data_only=True)
    count = 0
    for sheet in formulas.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                if isinstance(cell.value, str) and cell.value.startswith("="):
                    count += 1
                    expected = given[sheet.title][cell.coordinate].value
                    assert worked_out[sheet.title][cell.coordinate].value == pytest.approx(expected, abs=5e-7)
    rows = tables_of(books)
    totals = len(COLUMNS["liability"]) - 2 + len(COLUMNS["cohorts"]) - 4
    assert count == len(rows["points"]) + len(rows["deferred"]) + len(rows["cohorts"]) + totals
