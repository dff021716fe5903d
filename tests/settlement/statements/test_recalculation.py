"""A spreadsheet that works a statement's formulas out anew comes to our figures."""

from __future__ import annotations

import io
import os
import random
import shutil
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from partner_sdk.statement import Statement
from settlement.clearing.movements import Movement, MovementKind
from settlement.statements.tax import TaxRates
from settlement.statements.xlsx_file import xlsx_file
from tests.partner_sdk.test_statement import MOVED
from tests.settlement.statements.made_up import make

SOFFICE = shutil.which("soffice")


def many(count: int, micros_max: int) -> list[Movement]:
    """So many redemptions of so much."""
    chance = random.Random(count)
    return [
        Movement(
            MovementKind.REDEEM,
            *chance.choice((("grocer", "florist"), ("florist", "grocer"))),
            chance.randrange(1, 10**6),
            0,
            *(chance.randrange(micros_max) for _ in range(3)),
        )
        for _ in range(count)
    ]


CASES = {
    "every-kind": make("grocer", MOVED, carried=-4_321, rates=TaxRates(2_000, 725)),
    "operator": make("operator", MOVED, rates=TaxRates(1_900, 0)),
    "nothing": make("florist", []),
    "yen": make("grocer", MOVED, exponent=0),
    # Added up one by one, doubles of this size go wrong in the sixth decimal.
    "large": make("grocer", many(600, 10**12), rates=TaxRates(2_000, 725)),
}


def cells_of(data: bytes, *, values: bool) -> dict[tuple[str, str], Any]:
    """The cells of a workbook by sheet and name."""
    book = openpyxl.load_workbook(io.BytesIO(data), data_only=values)
    return {
        (sheet.title, cell.coordinate): cell.value
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if cell.value is not None
    }


def without_values(data: bytes) -> bytes:
    """The workbook without what its formulas come to, so that whoever opens it has to work them out."""
    book, file = openpyxl.load_workbook(io.BytesIO(data)), io.BytesIO()
    book.save(file)
    return file.getvalue()


def recalculated(books: dict[str, bytes], folder: Path) -> dict[str, bytes]:
    """The workbooks after a spreadsheet program has opened and saved them."""
    assert SOFFICE is not None
    for name, data in books.items():
        (folder / f"{name}.xlsx").write_bytes(without_values(data))
    subprocess.run(
        [
            *(SOFFICE, "--headless", f"-env:UserInstallation=file://{folder}/profile"),
            *("--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", str(folder / "out")),
            *(str(folder / f"{name}.xlsx") for name in books),
        ],
        check=True,
        capture_output=True,
        timeout=100,
    )
    return {name: (folder / "out" / f"{name}.xlsx").read_bytes() for name in books}


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """All cases, recalculated together: the program takes long to start."""
    if SOFFICE is None:
        if os.environ.get("CI"):
            pytest.fail("LibreOffice is missing: install libreoffice-calc.")
        pytest.skip("LibreOffice (soffice) is not installed.")
    return recalculated({name: xlsx_file(case) for name, case in CASES.items()}, tmp_path_factory.mktemp("books"))


@pytest.mark.long
@pytest.mark.parametrize("name", CASES)
def test_recalculation_comes_to_our_figures(opened: dict[str, bytes], name: str) -> None:
    """Every formula's value is the one that we kept beside it, to a millionth of the currency."""
    ours, statement = xlsx_file(CASES[name]), CASES[name]
    formulas = {place for place, value in cells_of(ours, values=False).items() if str(value).startswith("=")}
    formulas -= {place for place, value in cells_of(ours, values=True).items() if isinstance(value, str)}
    kept, found = cells_of(ours, values=True), cells_of(opened[name], values=True)
    assert len(formulas) > 10
    for place in formulas:
        assert rounded(found[place]) == rounded(kept[place]), place
    check_net(statement, found)


def check_net(statement: Statement, found: dict[tuple[str, str], Any]) -> None:
    """The net position and what is payable, as the program shows them."""
    labels = {
        value: name.replace("A", "B") for (sheet, name), value in found.items() if (sheet, name[0]) == ("Summary", "A")
    }
    figures = statement.figures
    payable = Decimal(figures.settlement.payable_minor).scaleb(-figures.period.currency_exponent)
    assert rounded(found["Summary", labels["Payable"]]) == rounded(payable)
    assert rounded(found["Summary", labels["Difference to the sum of the charges"]]) == 0


def rounded(value: Any) -> Decimal:
    """A number as far as amounts have digits."""
    return Decimal(repr(value) if isinstance(value, float) else value).quantize(Decimal("0.000001"))
