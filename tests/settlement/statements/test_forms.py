"""Every form of a statement tells the same figures, and none of them can be led astray by a name."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from decimal import Decimal
from typing import Any

import openpyxl
import pypdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coalition.form import checks
from partner_sdk.statement import Statement, decimal_of
from settlement.clearing.movements import Movement, MovementKind
from settlement.statements.csv_file import csv_file, facts_of
from settlement.statements.layout import Layout
from settlement.statements.page import page_of
from settlement.statements.pdf_file import pdf_file
from settlement.statements.table import Kind, Table, sum_of
from settlement.statements.tables import tables_of
from settlement.statements.words import TOTALS
from settlement.statements.xlsx_file import xlsx_file
from tests.partner_sdk.test_statement import MOVED, sign
from tests.settlement.statements.made_up import NAMES, PARTIES, make, statements

EXACT = Decimal("0.000001")


def rows_of(data: bytes) -> list[dict[str, str]]:
    """The rows of a CSV file, as a spreadsheet's import reads them."""
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def workbook(data: bytes, *, values: bool) -> openpyxl.Workbook:
    """A workbook, with values or with formulas."""
    return openpyxl.load_workbook(io.BytesIO(data), data_only=values)


def text_in(data: bytes) -> str:
    """What a PDF reads as, white space closed up."""
    return "".join("".join(page.extract_text().split()) for page in pypdf.PdfReader(io.BytesIO(data)).pages)


def amount(value: Any) -> Decimal:
    """A number of a spreadsheet, as far as amounts have digits."""
    return Decimal(repr(value)).quantize(EXACT)


@settings(max_examples=25)
@given(statements())
def test_csv_tells_the_figures(statement: Statement) -> None:
    """Each table is there row by row, and its amounts add up to ours as decimals."""
    rows = rows_of(csv_file(statement))
    facts = {row["item"]: row["value"] for row in rows if row["table"] == "statement"}
    figures = statement.figures
    assert facts["net"] == decimal_of(figures.net_micros, 6)
    assert facts["digest"] == figures.digest.hex()
    for table in tables_of(statement):
        found = [row for row in rows if row["table"] == table.key]
        assert len(found) == len(table.rows)
        for column in table.columns:
            if column.total:
                digits = {Kind.MICROS: 6, Kind.MINOR: figures.period.currency_exponent}.get(column.kind, 0)
                expected = Decimal(sum_of(table, column.key)).scaleb(-digits)
                assert sum(Decimal(row[column.key]) for row in found) == expected


@settings(max_examples=15)
@given(statements())
def test_no_text_in_a_csv_is_a_formula(statement: Statement) -> None:
    """A cell that begins like a formula is a number."""
    for row in rows_of(csv_file(statement)):
        for cell in row.values():
            if cell.lstrip().startswith(("=", "+", "-", "@", "|", "%")):
                Decimal(cell)


@pytest.mark.parametrize("name", [" =1+1", "\u00a0@x", "|calc", "%x", "a\tb", "a\r\n=1+1"])
def test_no_name_in_a_csv_is_a_formula(name: str) -> None:
    """Also not one behind a space, or one that a spreadsheet would break in two."""
    statement = make("florist", MOVED)
    figures = replace(statement.figures, period=replace(statement.figures.period, party_name=name))
    assert facts_of(replace(statement, figures=figures))["party_name"] == f"'{name}"


@settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow])
@given(statements())
def test_workbook_tells_the_figures(statement: Statement) -> None:
    """Rows are the figures, sums are formulas, and what is kept beside each formula is our own sum."""
    data = xlsx_file(statement)
    values, formulas = workbook(data, values=True), workbook(data, values=False)
    names = {"pools": "Prefunding"}
    for table in tables_of(statement):
        name = names.get(table.key, table.key.capitalize())
        if name not in values.sheetnames:
            assert not table.rows
            continue
        check_sheet(statement, table, values[name], formulas[name])
    summary = {row[0]: row for row in values["Summary"].iter_rows(values_only=True)}
    assert summary["Payable"][2] == decimal_of(
        statement.figures.settlement.payable_minor, statement.figures.period.currency_exponent
    )
    assert amount(summary["Difference to the sum of the charges"][1]) == 0


def check_sheet(statement: Statement, table: Table, values: Any, formulas: Any) -> None:
    """One sheet against its table."""
    sums = max(len(table.rows), 1) + 2
    for place, column in enumerate(table.columns, 1):
        for number, row in enumerate(table.rows, 2):
            cell, expected = values.cell(number, place), row[place - 1]
            if column.kind is Kind.MICROS and isinstance(expected, int):
                assert amount(cell.value) == Decimal(expected).scaleb(-6)
            elif column.kind is Kind.TEXT and expected:
                assert formulas.cell(number, place).data_type == "s"
                assert cell.value == expected
        if column.total:
            assert formulas.cell(sums, place).value.startswith("=")
            digits = {Kind.MICROS: 6, Kind.MINOR: statement.figures.period.currency_exponent}.get(column.kind, 0)
            assert amount(values.cell(sums, place).value) == Decimal(sum_of(table, column.key)).scaleb(-digits)
    if table.key in TOTALS:
        assert values.cell(sums, 1).value == TOTALS[table.key]


def test_text_in_a_workbook_is_never_a_formula() -> None:
    """A name that begins with an equals sign is the name."""
    sheet = workbook(xlsx_file(make("florist", MOVED)), values=False)["Accepted"]
    assert NAMES["florist"].name.startswith("=")
    texts = [cell for row in sheet.iter_rows() for cell in row if cell.data_type == "s"]
    formulas = [cell.value for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    assert texts
    assert all(formula.startswith(("=SUM(", "=ROUND(")) for formula in formulas)


@pytest.mark.parametrize("party_id", PARTIES)
def test_pages_tell_the_figures(party_id: str) -> None:
    """Net position, every amount, what is payable and the digest stand on the pages, whatever parties are called."""
    statement = make(party_id, MOVED, carried=4_321)
    signed = sign(statement)
    data = pdf_file(statement, signed)
    reader, text = pypdf.PdfReader(io.BytesIO(data)), text_in(data)
    figures, layout = statement.figures, Layout(statement.figures.period)
    for charge in figures.charges:
        assert "".join(layout.micros(charge.amount_micros)).replace(" ", "") in text
    assert "".join(layout.micros(figures.net_micros)) in text
    assert f"USD{layout.minor(abs(figures.settlement.payable_minor))}" in text
    assert figures.digest.hex() in text
    assert f"Page1of{len(reader.pages)}" in text
    assert f"Page{len(reader.pages)}of{len(reader.pages)}" in text
    assert statement.lines is not None
    for line in statement.lines:
        assert f"{line.sequence}{layout.moment(line.committed_at).replace(' ', '')}" in text
    assert reader.attachments == {f"{figures.statement_id}.json": [signed]}


def test_page_tells_what_was_carried_and_which_way_a_reimbursement_goes() -> None:
    """What came from earlier runs stands beside what is payable; with one party there are reimbursements both ways."""
    page = page_of(make("florist", MOVED, carried=4_321))
    assert ["Carried in", "USD 0.004321"] in page["headline"]["facts"]
    assert all(label != "Carried in" for label, _ in page_of(make("florist", MOVED))["headline"]["facts"])
    (charges,) = (table for table in page["tables"] if table["title"] == "Charges")
    shown = {row[0]: "".join(row[-1]) for group in charges["groups"] for row in group["rows"]}
    assert {"Reimbursement owed", "Reimbursement received"} <= shown.keys()
    assert shown["Reimbursement owed"].startswith("−")
    assert not shown["Reimbursement received"].startswith("−")


def test_what_no_font_has_is_a_question_mark() -> None:
    """A name in a script that no font at hand has does not keep a statement from being made; the id tells who it is."""
    pharmacy, shelter = (
        pypdf.PdfReader(io.BytesIO(pdf_file(make(name, MOVED), b"{}"))) for name in ("pharmacy", "shelter")
    )
    assert pharmacy.metadata is not None
    assert pharmacy.metadata.title == "Statement of ???? Аптека Φαρμακείο, window 3"
    assert "pharmacy·partner" in "".join(pharmacy.pages[0].extract_text().split())
    assert "shelter·charity" in "".join(shelter.pages[0].extract_text().split())


#: What a party may be called.
NAME = st.text(min_size=1, max_size=80).map(lambda name: checks._UNPRINTABLE.sub("", name)).filter(bool)


@settings(max_examples=10, deadline=None)
@given(NAME | st.text("Ww" + "-", min_size=80, max_size=80), st.integers(-(10**17), 10**17))
def test_pages_hold_any_name_and_figure(name: str, owed: int) -> None:
    """Whatever letters a name has, and however large a figure is, a statement comes of it, with its figure on it."""
    pair = ("grocer", "florist") if owed >= 0 else ("florist", "grocer")
    statement = make("florist", [Movement(MovementKind.OBLIGATION, *pair, direct_micros=abs(owed))])
    period = replace(statement.figures.period, party_name=name, operator_name=name)
    named = replace(statement, figures=replace(statement.figures, period=period))
    assert "".join(Layout(period).micros(owed)) in text_in(pdf_file(named, b"{}"))


def test_pages_are_archivable_and_accessible() -> None:
    """The document says that it is PDF/A-3a and PDF/UA-1, is tagged and has a language."""
    data = pdf_file(make("grocer", MOVED), b"{}")
    metadata = pypdf.PdfReader(io.BytesIO(data)).xmp_metadata
    assert metadata is not None
    xmp = metadata.stream.get_data().decode()
    assert "<pdfaid:part>3</pdfaid:part><pdfaid:conformance>A</pdfaid:conformance>" in xmp
    assert "<pdfuaid:part>1</pdfuaid:part>" in xmp
    root = pypdf.PdfReader(io.BytesIO(data)).trailer["/Root"].get_object()
    assert root["/MarkInfo"]["/Marked"].value is True
    assert root["/Lang"] == "en"


def test_forms_are_the_same_every_time() -> None:
    """A statement has one PDF, one workbook and one table."""
    statement = make("grocer", MOVED)
    signed = sign(statement)
    assert pdf_file(statement, signed) == pdf_file(statement, signed)
    assert xlsx_file(statement) == xlsx_file(statement)
    assert csv_file(statement) == csv_file(statement)
    assert sign(statement) == signed
