"""Files as people's systems write them are read; what cannot be is refused whole, saying where and what to do."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_sdk.settlement import RecordsMapping
from settlement.reconciliation.limits import Limits
from settlement.reconciliation.problems import RecordsError
from settlement.reconciliation.records_file import format_of, look_at, read_rows
from tests.settlement.reconciliation.files import archive, encrypted, parquet, rewritten, workbook

SMALL = RecordsMapping(points="p", reference="r")
TIMED = replace(SMALL, time="t")
#: Cells far to the right.
FAR = workbook([["p", "r"], [1, "a"]], at=(0, 300))
LIMITS = Limits(rows=1_000, columns=20, cell_chars=100, unpacked_mib=64)


def read(
    folder: Path, data: bytes, mapping: RecordsMapping = SMALL, limits: Limits = LIMITS
) -> list[tuple[int, str, str]]:
    """Row, points and reference of each row."""
    path = folder / "records"
    path.write_bytes(data)
    rows = read_rows(path, mapping, folder, limits).to_pylist()
    return [(row["row"], row["points"], row["reference"]) for row in rows]


@pytest.mark.parametrize(
    "data",
    [
        b"p,r\n1,a\n2,b\n",
        b"p,r\n1,a\n2,b",
        b"p,r\r\n1,a\r\n2,b\r\n",
        b"p,r\r1,a\r2,b\r",
        b"p;r\n1;a\n2;b",
        b"p\tr\n1\ta\n2\tb",
        b'"p","r"\n"1","a"\n2,b\n',
        "\ufeffp,r\n1,a\n2,b\n".encode(),
        "p,r\n1,a\n2,b\n".encode("utf-16"),
        b'x,p,y,r\n,1,"with\na line",a\n,2,,b\n',
        workbook([["p", "r"], [1, "a"], ["2", "b"]]),
        parquet(pa.table({"p": [1, 2], "r": ["a", "b"]})),
        parquet(pa.table({"p": ["1", "2"], "r": ["a", "b"]}), compression="zstd"),
    ],
)
def test_the_same_rows_in_many_forms(tmp_path: Path, data: bytes) -> None:
    """Line ends, delimiters, quotation marks, byte order marks, UTF-16, workbooks, Parquet."""
    first = 1 if data.startswith(b"PAR1") else 2
    assert read(tmp_path, data) == [(first, "1", "a"), (first + 1, "2", "b")]


@pytest.mark.parametrize(
    ("encoding", "text"), [("latin-1", "Müller"), ("windows-1252", "5 €"), ("utf-16-le", "Ж"), ("utf-16-be", "日")]
)
def test_encodings_that_are_said(tmp_path: Path, encoding: str, text: str) -> None:
    """What is not UTF-8 and has no mark is read when the mapping says what it is."""
    data = f"p,r\n1,{text}\n".encode(encoding)
    assert read(tmp_path, data, replace(SMALL, encoding=encoding)) == [(2, "1", text)]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "The file is empty"),
        (b"  \n", "The file is empty"),
        (b"p,r\n1,a\n2\n", "Row 3 has 1 cells, the header has 2: '2'"),
        (b"p,r\n1,a\n2,b,c\n", "Row 3 has 3 cells, the header has 2: '2,b,c'"),
        (b'p,r,n\n1,a,"x\ny"\n2,b\n', "Row 3 has 2 cells"),
        (b'p,r\n1,a\n2,"b\n3,c\n', "Row 3: a quotation mark is opened and not closed"),
        (b'p,r\n1,a\n"2,b\n3,c\n', "Row 3 has 1 cells"),
        (b"p,r\n1,a\n2,\0\n", "Line 3 has a NUL character"),
        ("p,r\n1,a\n".encode("utf-16-le"), "Line 1 has a NUL character. Is the file in UTF-16"),
        ("p,r\n1,a\n2,\xe9\n".encode("latin-1"), "Row 3, column 'r': not UTF-8"),
        (b"p,p\n1,2\n", "Columns 1, 2 are all called 'p'"),
        (b"x,y\n1,2\n", "There is no column 'p' for the points. The file has 'x', 'y'"),
        (b"p,r\n1,a\n2," + b"x" * 1_500_000, "Row 3 is longer than"),
        (b"p,r\n" + b"1,a\n" * 1_001, "The file has 1,001 rows; 1,000 are the most"),
        (b"p,r\n" + b"1,a\n" * 9_000, "The file has 9,001 lines; 1,000 rows are the most"),
        (",".join(f"c{number}" for number in range(21)).encode(), "The file has 21 columns; 20 are the most"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an XLS workbook, or an encrypted one"),
        (b"\x1f\x8b\x08", "compressed with gzip"),
        (b"%PDF-1.7", "The file is a PDF"),
        (b'{"p": 1}', "The file is JSON"),
    ],
)
def test_what_is_wrong_with_text_is_told(tmp_path: Path, data: bytes, text: str) -> None:
    """The row and the column, and what to do."""
    with pytest.raises(RecordsError) as error:
        read(tmp_path, data)
    assert text in str(error.value)


def test_wrong_encodings_are_told(tmp_path: Path) -> None:
    """An encoding that is none, and text that is not in the encoding that was said."""
    with pytest.raises(RecordsError, match="There is no encoding 'ebcdic'"):
        read(tmp_path, b"p,r\n", replace(SMALL, encoding="ebcdic"))
    odd = "p,r\n1,a\n".encode("utf-16-le") + b"\x00\xd8" + "\n".encode("utf-16-le")
    with pytest.raises(RecordsError, match="Line 3 is not utf-16-le"):
        read(tmp_path, odd, replace(SMALL, encoding="utf-16-le"))


def test_blank_lines_keep_their_numbers(tmp_path: Path) -> None:
    """Rows are counted as a spreadsheet counts them; titles above the header are passed over."""
    assert read(tmp_path, b"p,r\n1,a\n\n2,b\n\n")[2] == (4, "2", "b")
    titled = b"Export of January\n\np,r\n1,a\n"
    assert read(tmp_path, titled, replace(SMALL, header_row=3)) == [(4, "1", "a")]
    with pytest.raises(RecordsError, match="The file has no row 9"):
        read(tmp_path, titled, replace(SMALL, header_row=9))
    book = workbook([["p", "r"], [1, "a"], ["", ""], [2, "b"]], at=(2, 1))
    assert read(tmp_path, book, replace(SMALL, header_row=3))[2] == (6, "2", "b")
    with pytest.raises(RecordsError, match="The sheet has no row 99"):
        read(tmp_path, book, replace(SMALL, header_row=99))


def test_cells_of_workbooks_have_types(tmp_path: Path) -> None:
    """Numbers are whole, dates are dates whatever the format of text is, and a sheet is chosen by its name."""
    rows = [["p", "r", "t"], [1_234.0, 77, datetime(2026, 1, 31, 12, 30)], ["5", "", "31.01.2026"]]  # noqa: DTZ001
    (tmp_path / "book").write_bytes(workbook(rows))
    table = read_rows(tmp_path / "book", replace(TIMED, sheet="Records"), tmp_path, LIMITS).to_pylist()
    assert [(row["points"], row["reference"], row["time"]) for row in table] == [
        ("1234", "77", "2026-01-31 12:30:00"),
        ("5", "", "31.01.2026"),
    ]
    assert [row["clock"] for row in table] == [datetime(2026, 1, 31, 12, 30), None]  # noqa: DTZ001
    with pytest.raises(RecordsError, match=r"There is no sheet 'Nope'\. The workbook has 'Records'"):
        read(tmp_path, workbook(rows), replace(SMALL, sheet="Nope"))
    with pytest.raises(RecordsError, match=r"Column 'p' has parts of points in: row 2: '1\.5'"):
        read(tmp_path, workbook([["p", "r"], [1.5, "a"]]))


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (archive({"xl/worksheets/sheet1.xml": b"\0" * (9 << 20)}), "becomes larger than 8 MiB when it is unpacked"),
        (archive({"xl/media/image": b"\0" * (40 << 20)}), "becomes larger than 32 MiB when it is unpacked"),
        (archive({f"xl/{number}": b"" for number in range(10_001)}), "parts; 10,000 are the most"),
        (encrypted(workbook([["p", "r"]])), "The workbook is encrypted"),
        (archive({"xl/worksheets/sheet1.xml": b"<worksheet"}), "cannot be read"),
        (archive({})[:-30], "The workbook is damaged"),
        (b"PK\x03\x04" + b"x" * 100, "The workbook is damaged"),
        (FAR, "a cell in column KO; 20 columns are the most"),
        (rewritten(FAR, b'r="KO1"', b"s='>' r = 'ko1'"), "a cell in column KO"),
        (rewritten(FAR, b"<c ", b"<x:c\n"), "a cell in column KO"),
        (rewritten(FAR, b'r="KO1"', b" " * 300_000 + b'r="KO1"'), "a cell in column KO"),
        (rewritten(FAR, b'r="K', b" " * 2_000_000 + b'r="K'), "a tag or a text of more than a MiB"),
        (rewritten(FAR, b"worksheets/", b"pages/"), "a cell in column KO"),
        (rewritten(workbook([["p"]], at=(5_000, 0)), b'<row r="', b"<x:row r='"), "The sheet has a row 5,001"),
        (workbook([["p", "r"], [1, "a"]], at=(5_000, 0)), "The sheet has a row 5,001; 1,000 rows are the most"),
        (workbook([["p", "r"], *[[1, "a"]] * 1_001]), "The sheet has 1,001 rows"),
    ],
)
def test_hostile_workbooks_are_refused(tmp_path: Path, data: bytes, text: str) -> None:
    """Bombs, encryption, damage, and cells so far out that a reader would take all memory for what lies between."""
    limits = replace(LIMITS, unpacked_mib=8) if "8 MiB" in text else LIMITS
    with pytest.raises(RecordsError) as error:
        read(tmp_path, data, limits=limits)
    assert text in str(error.value)


def test_archives_that_are_no_workbook(tmp_path: Path) -> None:
    """A ZIP file of something else says so."""
    data = workbook([["p"]]).replace(b"xl/workbook.xml", b"xl/handbook.xml")
    with pytest.raises(RecordsError, match="a ZIP archive but no workbook"):
        read(tmp_path, data)


def test_types_of_parquet(tmp_path: Path) -> None:
    """Integers, decimals and floats without a fraction, dictionaries, ids as bytes, moments with and without a zone."""
    table = pa.table(
        {
            "p": pa.array([Decimal("1.00"), Decimal("2.00")], pa.decimal128(9, 2)),
            "r": pa.array(["a", "b"]).dictionary_encode(),
            "t": pa.array([datetime(2026, 1, 1, tzinfo=UTC), None], pa.timestamp("ms", "Europe/Berlin")),
        }
    )
    (tmp_path / "file").write_bytes(parquet(table))
    rows = read_rows(tmp_path / "file", TIMED, tmp_path, LIMITS).to_pylist()
    assert [(row["points"], row["reference"]) for row in rows] == [("1", "a"), ("2", "b")]
    assert [row["moment"] for row in rows] == [datetime(2026, 1, 1, tzinfo=UTC), None]
    days = pa.table({"p": [1.0], "r": [7], "t": [date(2026, 1, 2)], "i": pa.array([b"i" * 16], pa.binary(16))})
    (tmp_path / "file").write_bytes(parquet(days))
    (row,) = read_rows(tmp_path / "file", replace(TIMED, id="i"), tmp_path, LIMITS).to_pylist()
    assert (row["points"], row["reference"], row["id"]) == ("1", "7", (b"i" * 16).hex())
    assert row["clock"] == datetime(2026, 1, 2)  # noqa: DTZ001


def cut(data: bytes, start: int, end: int | None) -> bytes:
    """A part of a file."""
    return data[start:end]


PLAIN = parquet(pa.table({"p": [1, 2], "r": ["a", "b"]}))


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (cut(PLAIN, 0, -20), "The Parquet file is damaged"),
        (b"PAR1" + b"x" * 100 + b"PAR1", "The Parquet file is damaged"),
        (PLAIN[:-8] + (2**31 - 1).to_bytes(4, "little") + b"PAR1", "The Parquet file is damaged"),
        (b"PARE" + b"x" * 100, "The Parquet file is encrypted"),
        (parquet(pa.table({"p": [[1]], "r": ["a"]})), "of type list"),
        (parquet(pa.table({"p": [1.5], "r": ["a"]})), "Column 'p' has what is no whole number in: row 1: '1.5'"),
        (parquet(pa.table({"p": [1] * 999, "r": ["x" * 50_000] * 999})), "has a text of 50,000 bytes"),
        (parquet(pa.table({"p": range(2_000), "r": ["a"] * 2_000})), "has 2,000 rows; 1,000 are the most"),
        (parquet(pa.table({f"c{number}": [1] for number in range(30)})), "30 columns; 20 are the most"),
    ],
)
def test_hostile_parquet_is_refused(tmp_path: Path, data: bytes, text: str) -> None:
    """Damage, absurd footers, nesting, a small text that becomes large, too many rows."""
    with pytest.raises(RecordsError) as error:
        read(tmp_path, data)
    assert text in str(error.value)


@given(st.binary(max_size=400), st.sampled_from([b"", b"PAR1", b"PK\x03\x04", b"p,r\n", b"\xff\xfe", PLAIN[:-1]]))
def test_no_bytes_do_more_than_be_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes, head: bytes) -> None:
    """Whatever is sent is rows, or an error that was foreseen."""
    folder = tmp_path_factory.mktemp("any")
    with suppress(RecordsError):
        read(folder, head + data)


@pytest.mark.parametrize(("data", "kind"), [(b"p,r\n", "csv"), (workbook([["p"]]), "xlsx"), (PLAIN, "parquet")])
def test_a_first_look(tmp_path: Path, data: bytes, kind: str) -> None:
    """What a file is follows from how it begins, and its first rows are text."""
    path = tmp_path / "records"
    path.write_bytes(data)
    sample = look_at(path, SMALL, tmp_path, LIMITS)
    assert (format_of(path), sample.format) == (kind, kind)
    assert sample.rows[0][0] == "p"
    assert all(isinstance(cell, str) for row in sample.rows for cell in row)
    assert sample.sheets == (("Records",) if kind == "xlsx" else ())
