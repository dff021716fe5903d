"""No single byte of the database can change without `verify` saying so, and where."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from network.store.tables import metadata
from network.verify import Report
from tests.network.verify.books import copied, tampering, verified

PAGE = 4_096
#: The journal's own tables, in which a wrong byte is about an entry.
JOURNAL = {"entries", "envelopes"}
TABLES = sorted({*metadata.tables} - {"codes"})


@pytest.fixture
def another(books: Path, tmp_path: Path) -> Callable[[], Path]:
    """Makes copies, each under a new name."""
    count = iter(range(10**6))
    return lambda: copied(books, tmp_path / f"{next(count)}.db")


def flipped(value: Any, chance: random.Random) -> Any:
    """A value with one bit of one byte turned over."""
    if isinstance(value, int):
        return value ^ 1 << chance.randrange(40)
    data = bytearray(value if isinstance(value, bytes) else value.encode())
    if not data:
        return b"\0"
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(data)


def flip_cell(path: Path, table: str, column: str, chance: random.Random) -> int:
    """Flip a bit in some row; returns the first column of that row where it is a sequence."""
    with tampering(path) as connection:
        rows = connection.execute(f"SELECT * FROM {table}").fetchall()
        names = [*metadata.tables[table].columns.keys()]
        key = [*metadata.tables[table].primary_key.columns.keys()]
        for _ in range(100):
            row = dict(zip(names, chance.choice(rows), strict=True))
            value = flipped(row[column], chance)
            mark = "CAST(? AS TEXT)" if isinstance(row[column], str) else "?"
            where = " AND ".join(f"{name} = ?" for name in key)
            try:
                connection.execute(
                    f"UPDATE {table} SET {column} = {mark} WHERE {where}", (value, *(row[name] for name in key))
                )
            except sqlite3.IntegrityError:
                # Another row has this key already; another bit then.
                continue
            return int(row[names[0]]) if table in JOURNAL else 0
    raise AssertionError("no bit can be flipped")


@pytest.mark.parametrize("table", TABLES)
def test_flipped_bit_in_a_row_is_named(table: str, another: Callable[[], Path]) -> None:
    """Whichever column it is in, the report names the table, or the entry of the journal that is wrong."""
    chance = random.Random(table)
    for column in [item.name for item in metadata.tables[table].columns]:
        path = another()
        sequence = flip_cell(path, table, column, chance)
        report = verified(path)
        assert not report.ok, column
        if table in JOURNAL:
            assert report.first_wrong_sequence is not None, column
            assert report.first_wrong_sequence <= sequence, column
            if not column.endswith("sequence") and table == "entries":
                assert report.first_wrong_sequence == sequence, column
        else:
            assert any(failure.where.startswith(f"table {table}") for failure in report.failures), column


@pytest.mark.parametrize("part", range(4))
def test_every_byte_of_an_entry_counts(part: int, another: Callable[[], Path]) -> None:
    """Bits all over one body, one after the other: each is told, at that very entry."""
    chance = random.Random(part)
    for _ in range(12):
        path = another()
        sequence = flip_cell(path, "entries", "body", chance)
        assert verified(path).first_wrong_sequence == sequence


@pytest.mark.parametrize("remainder", range(4))
def test_flipped_bit_in_the_file_never_passes(books: Path, remainder: int, another: Callable[[], Path]) -> None:
    """A bit of any page of the file: either it is told, or what the database says is what it said before."""
    content = books.read_bytes()
    expected = said(books)
    chance = random.Random(remainder)
    passed = 0
    pages = range(remainder, len(content) // PAGE, 4)
    for page in pages:
        flipped_file = bytearray(content)
        flipped_file[page * PAGE + chance.randrange(PAGE)] ^= 1 << chance.randrange(8)
        path = another()
        path.write_bytes(flipped_file)
        report = verified(path)
        assert report.ok or names_a_place(report)
        if report.ok:
            passed += 1
            assert said(path) == expected, page
    assert passed < len(pages)


@pytest.mark.parametrize("offset", [0, 16, 18, 19, 20, 21, 28, 33, 47, 56, 59, 100, 101, 103, 105, 110])
def test_flipped_bit_in_the_header_never_passes(books: Path, offset: int, another: Callable[[], Path]) -> None:
    """The same where the file describes itself."""
    content = bytearray(books.read_bytes())
    content[offset] ^= 1
    path = another()
    path.write_bytes(content)
    report = verified(path)
    assert report.ok or names_a_place(report)
    if report.ok:
        assert said(path) == said(books)


def names_a_place(report: Report) -> bool:
    return bool(report.failures) and all(failure.where and failure.expected for failure in report.failures)


def said(path: Path) -> list[str]:
    """Everything that a database says: its schema, and every row of every table."""
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())
