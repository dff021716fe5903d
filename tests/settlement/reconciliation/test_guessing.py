"""A mapping is guessed from headers and first rows, and says what to look at with care."""

from __future__ import annotations

import pytest

from partner_sdk import Kind
from partner_sdk.settlement import NegativePoints, RecordsMapping, RecordStatus
from settlement.reconciliation.guessing import guess, likely_header

KNOWN = RecordsMapping(points="", delimiter=";", header_row=3)
ID = "018f0000-0000-7000-8000-00000000000a"


def test_an_english_export() -> None:
    """Every column is found, and words and times are told; how the file is read is kept."""
    columns = ["Transaction ID", "Type", "Points", "Receipt No.", "Created at", "Status", "Store"]
    rows = [
        [ID, "EARN", "1,204", "R1", "2026-01-31T12:00:00Z", "Completed", "7"],
        [ID, "Burn", "20", "R2", "2026-01-31T12:00:00Z", "declined", "7"],
        [ID, "REFUND", "3", "R3", "2026-01-31T12:00:00Z", "Pending", "7"],
        [ID, "TRANSFER-IN", "3", "R3", "2026-01-31T12:00:00Z", "Completed", "7"],
    ]
    found = guess(columns, rows, KNOWN)
    assert found.mapping == RecordsMapping(
        points="Points",
        id="Transaction ID",
        kind="Type",
        reference="Receipt No.",
        time="Created at",
        status="Status",
        kinds={"TRANSFER-IN": None, "REFUND": Kind.REVERSE, "Burn": Kind.REDEEM, "EARN": Kind.ISSUE},
        statuses={"Completed": RecordStatus.OK, "Pending": RecordStatus.PENDING, "declined": RecordStatus.DECLINED},
        thousands_mark=",",
        delimiter=";",
        header_row=3,
    )
    assert any("TRANSFER-IN" in doubt for doubt in found.doubts)


def test_a_german_export() -> None:
    """Decimal commas, points as thousands marks, days before months."""
    columns = ["Belegnummer", "Buchungsart", "Punkte", "Buchungsdatum"]
    rows = [["4711", "Gutschrift", "1.200,00", "31.01.2026 17:05"], ["4712", "Storno", "-3,00", "01.02.2026 08:00"]]
    found = guess(columns, rows, KNOWN)
    mapping = found.mapping
    assert mapping is not None
    assert (mapping.points, mapping.reference, mapping.time) == ("Punkte", "Belegnummer", "Buchungsdatum")
    assert (mapping.decimal_mark, mapping.thousands_mark, mapping.time_format) == (",", ".", "%d.%m.%Y %H:%M")
    assert mapping.kinds == {"Storno": Kind.REVERSE, "Gutschrift": Kind.ISSUE}


@pytest.mark.parametrize(
    ("cells", "time_format", "doubtful"),
    [
        (["2026-01-31", "2026-02-01 10:00"], "iso", False),
        (["2026-01-31", "2026-02-01"], "%Y-%m-%d", False),
        (["2026/1/31"], "%Y/%m/%d", False),
        (["1769862600"], "epoch_s", False),
        (["1769862600000"], "epoch_ms", False),
        (["01/31/2026"], "%m/%d/%Y", False),
        (["31/01/2026"], "%d/%m/%Y", False),
        (["01/02/2026 3:05 PM"], "%m/%d/%Y %I:%M %p", True),
        (["01.02.26 13:05:06"], "%d.%m.%y %H:%M:%S", True),
    ],
)
def test_times(cells: list[str], time_format: str, doubtful: bool) -> None:
    """Where day and month could be either, a person is asked."""
    found = guess(["points", "date", "ref"], [["1", cell, "R"] for cell in cells], KNOWN)
    assert found.mapping is not None
    assert found.mapping.time_format == time_format
    assert any("is that right?" in doubt for doubt in found.doubts) is doubtful


def test_signs() -> None:
    """Negative where redeemed says nothing more than the kind; else it is a reversal, and a doubt without kinds."""

    def negative(rows: list[list[str]], columns: list[str]) -> NegativePoints:
        found = guess(columns, rows, KNOWN).mapping
        assert found is not None
        return found.negative

    kinds = ["points", "type", "ref"]
    assert negative([["1", "earn", "a"], ["-2", "burn", "b"]], kinds) is NegativePoints.IGNORE
    assert negative([["1", "earn", "a"], ["-2", "earn", "b"]], kinds) is NegativePoints.REVERSE
    assert negative([["1", "earn", "a"], ["-2", "burn", "b"], ["2", "burn", "c"]], kinds) is NegativePoints.REVERSE
    plain = guess(["points", "ref"], [["1", "a"], ["-2", "b"]], KNOWN)
    assert any("say balance" in doubt for doubt in plain.doubts)


def test_what_cannot_be_told() -> None:
    """No column of numbers, no column that tells rows apart, and cells that are not what the header says."""
    assert guess(["name", "city"], [["a", "b"]], KNOWN).mapping is None
    bare = guess(["points", "uuid"], [["1", "not one"]], KNOWN)
    assert bare.mapping is not None
    assert bare.mapping.id is None
    assert any("neither an id nor a reference" in doubt for doubt in bare.doubts)
    assert guess(["points", "points"], [["1", "1"]], KNOWN).mapping is None


def test_the_header_is_found_below_titles() -> None:
    """The first row about as wide as the others that has no numbers in it."""
    rows = [
        ["Export", "", ""],
        ["", "", ""],
        ["Points", "Ref", "Date"],
        ["1", "a", "x"],
        ["2", "b", "y"],
        ["3", "c", "z"],
    ]
    assert likely_header(rows) == 3
    assert likely_header(rows[2:]) == 1
    assert likely_header([]) == 1
