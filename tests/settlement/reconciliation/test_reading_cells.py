"""Numbers, times and words as people write them; all of a file is read, or none of it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from partner_sdk import Kind
from partner_sdk.settlement import NegativePoints, RecordsMapping, RecordStatus
from settlement.reconciliation.mapping_check import check_mapping
from settlement.reconciliation.partner import ROWS, mode_of, take_records
from settlement.reconciliation.problems import RecordsError
from settlement.reconciliation.vocabulary import define_vocabulary
from tests.settlement.reconciliation.comparison import FULL, LIMITS, database, rows_table
from tests.settlement.reconciliation.comparison import row as record

PLAIN = RecordsMapping(points="points", reference="reference")
TIMED = replace(PLAIN, time="time")
RECORDS = pa.table({"window": pa.array([], pa.int64())})


def taken(table: pa.Table, mapping: RecordsMapping, zone: str = "UTC") -> list[tuple[object, ...]]:
    """Rows as they are compared: kind, class, points, time."""
    with database(RECORDS) as connection:
        define_vocabulary(connection, mode_of(mapping))
        take_records(connection, table, mapping, zone, LIMITS)
        statement = "SELECT kind::VARCHAR, class::VARCHAR, points, time_us FROM partner ORDER BY row"
        return connection.execute(statement).fetchall()


def points(texts: list[str], **marks: str) -> list[int]:
    """What numbers are read as, with their sign."""
    mapping = replace(PLAIN, **marks)  # type: ignore[arg-type]
    table = rows_table([record(text) for text in texts], mapping)
    return [(-1 if kind == "reverse" else 1) * number for kind, _, number, _ in taken(table, mapping)]  # type: ignore[operator]


def moments(texts: list[str], time_format: str, zone: str = "UTC") -> list[str]:
    """What times are read as."""
    mapping = replace(TIMED, time_format=time_format)
    table = rows_table([{**record(1), "time": text} for text in texts], mapping)
    return [datetime.fromtimestamp(us / 1e6, UTC).isoformat() for *_, us in taken(table, mapping, zone)]  # type: ignore[operator]


def test_numbers() -> None:
    """Signs before and after, parentheses, true minus signs, spaces, zeros after the decimal mark, thousands."""
    assert points(["7", " 8 ", "+9", "-10", "11-", "(12)", "−13", "14.00", "15."]) == [
        7,
        8,
        9,
        -10,
        -11,
        -12,
        -13,
        14,
        15,
    ]
    assert points(["1.234", "-1.234.567,00", "8", "1234,0"], decimal_mark=",", thousands_mark=".") == [
        *(1_234, -1_234_567, 8, 1_234),
    ]
    assert points(["1 234", "1\u00a0234\u202f567"], thousands_mark=" ") == [1_234, 1_234_567]
    assert points(["1'234", "1’234"], thousands_mark="'") == [1_234, 1_234]


def test_what_is_no_whole_number() -> None:
    """All of them are counted, the first ones named with their rows; nothing is rounded and nothing guessed."""
    odd = ["1.5", "1,234", "1e3", "0x10", "1_000", "twelve", "--1", "(1", "1.2.3", "9" * 15, "٣"]
    with pytest.raises(RecordsError) as error:
        points(["1", *odd, "2"])
    assert "Column 'points' has no whole numbers of points in: row 3: '1.5'; row 4: '1,234'" in str(error.value)
    assert f"and {len(odd) - 5} more" in str(error.value)


def test_a_cell_without_points_in_a_row_with_others() -> None:
    """A blank line is one thing, a row without its number another."""
    rows = [record("", None, "", "total"), record(1), record(""), record("x")]
    with pytest.raises(RecordsError, match=r"row 2: ''; row 5: 'x'. Correct"):
        taken(rows_table(rows, PLAIN), PLAIN)


@pytest.mark.parametrize(
    ("time_format", "written"),
    [
        (
            "iso",
            {
                "2026-01-31T12:30:00Z": "2026-01-31T12:30:00",
                "2026-01-31 12:30:00+02:00": "2026-01-31T10:30:00",
                "2026-01-31T12:30:00.5 -0530": "2026-01-31T18:00:00.500000",
                "2026-01-31 12:30": "2026-01-31T11:30:00",
                "2026/1/31 2:05:07,25": "2026-01-31T01:05:07.250000",
                "2026-07-01": "2026-06-30T22:00:00",
            },
        ),
        ("iso", {"2026-01-31 12:30:00": "2026-01-31T11:30:00", "2026-01-31 12:30:00.25": "2026-01-31T11:30:00.250000"}),
        ("epoch_s", {"1769862600": "2026-01-31T12:30:00", "1769862600.5": "2026-01-31T12:30:00.500000"}),
        ("epoch_ms", {"1769862600123": "2026-01-31T12:30:00.123000"}),
        ("excel", {"46053.5208333333": "2026-01-31T11:30:00"}),
        ("%d.%m.%Y %H:%M", {"31.01.2026 12:30": "2026-01-31T11:30:00"}),
        ("%m/%d/%y %I:%M %p", {"01/31/26 01:05 PM": "2026-01-31T12:05:00"}),
        ("%Y%m%d%H%M%S%z", {"20260131123000+0100": "2026-01-31T11:30:00"}),
        ("%d.%m.%Y", {"31.01.2026": "2026-01-31T11:00:00"}),
    ],
)
def test_times(time_format: str, written: dict[str, str]) -> None:
    """On the clock of a zone, unless they say their offset; a day of a pattern stands for its noon."""
    expected = [f"{moment}+00:00" for moment in written.values()]
    assert moments(list(written), time_format, "Europe/Berlin") == expected


@pytest.mark.parametrize(
    ("time_format", "texts"),
    [
        (
            "iso",
            [
                *("31.01.2026", "2026-02-30", "2026-01-31 10:00:00 PM", "2026-01-31T10:00:00 Europe/Berlin"),
                *("1970-01-01", "", "2026-01-31T25:00:00"),
            ],
        ),
        ("epoch_s", ["1769862600123"]),
        ("excel", ["31.01.2026"]),
        ("%d.%m.%Y", ["01/31/2026", "31.01.2026 12:30"]),
    ],
)
def test_what_is_no_time(time_format: str, texts: list[str]) -> None:
    """Also what looks like one and says something that would be passed over."""
    with pytest.raises(RecordsError) as error:
        moments(texts, time_format)
    assert "Column 'time' has no times of the format that the mapping names in: row 2" in str(error.value)
    found = len(re.findall(r"row \d+", str(error.value)))
    assert found == min(5, len(texts))
    assert (f"and {len(texts) - 5} more" in str(error.value)) is (len(texts) > 5)


def test_summer_time() -> None:
    """The hour that comes twice is the later one, the hour that is left out the one after."""
    twice = moments(["2026-10-25 02:30:00", "2026-03-29 02:30:00"], "iso", "Europe/Berlin")
    assert twice == ["2026-10-25T01:30:00+00:00", "2026-03-29T01:30:00+00:00"]


def test_words() -> None:
    """Without regard to case and spaces; unknown ones are each named once, where they come first."""
    rows = [record(1, None, " Earn"), record(-2, None, "EARN"), record(3, None, "burn"), record(4, None, "expired")]
    assert [item[:3] for item in taken(rows_table(rows, FULL), FULL)] == [
        *(("issue", "issue", 1), ("reverse", "reverse", 2), ("redeem", "redeem", 3)),
    ]
    odd = [record(1, None, "earn"), record(1, None, "gift?"), record(1, None, "?"), record(1, None, "gift?")]
    with pytest.raises(
        RecordsError, match=r"Column 'kind' has words that the mapping does not have in: row 3: 'gift.'; row 4"
    ):
        taken(rows_table(odd, FULL), FULL)
    with pytest.raises(RecordsError, match=r"Column 'status' has words .* row 2: 'done'"):
        taken(rows_table([record(1, None, "earn", status="done")], FULL), FULL)


def test_other_cells() -> None:
    """Ids are UUIDs, and references are not endless."""
    with pytest.raises(RecordsError, match=r"row 2: '4711'\. Those are UUIDs"):
        taken(rows_table([{**record(1, None, "earn"), "id": "4711"}], FULL), FULL)
    with pytest.raises(RecordsError, match="Column 'reference' has too long a text in: row 2"):
        taken(rows_table([record(1, None, "earn", "x" * 1_001)], FULL), FULL)


def test_no_rows_at_all() -> None:
    """A file with a header only."""
    assert taken(ROWS.empty_table(), FULL) == []


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"points": ""}, "names no column for points"),
        ({"points": "x" * 201}, "longer than 200 characters"),
        ({"kinds": {}}, "A column for the kind needs words"),
        ({"status": None}, "words need the column"),
        ({"kinds": {"A": Kind.ISSUE, "a ": None}}, "The word 'a' for the kind is there twice"),
        ({"kinds": {str(number): None for number in range(201)}}, "There may be 200 words"),
        ({"negative": NegativePoints.BALANCE}, "only where there is no column for kinds"),
        ({"kind": None, "kinds": {}, "negative": NegativePoints.IGNORE}, "must say something"),
        ({"id": None, "reference": None, "time": None}, "nothing could be matched"),
        ({"decimal_mark": ";"}, "decimal_mark is . or ,"),
        ({"thousands_mark": "."}, "cannot be both"),
        ({"encoding": "ebcdic"}, "There is no encoding 'ebcdic'"),
        ({"delimiter": '"'}, "is no delimiter"),
        ({"delimiter": "ab"}, "is no delimiter"),
        ({"delimiter": "§"}, "is no delimiter"),
        ({"header_row": 0}, "header_row is 1 to"),
        ({"tolerance_s": 8 * 86_400}, "tolerance_s is 0 to"),
        ({"time_zone": "Mars/Olympus"}, "There is no time zone 'Mars/Olympus'"),
        ({"time_format": "%d.%m"}, "does not say day, month and year"),
        ({"time_format": "%Y-%m-%d %Q"}, "has %Q, which is not known"),
        ({"sheet": "x" * 201}, "name of the sheet"),
        ({"statuses": {"x" * 101: RecordStatus.OK}}, "of 100 characters each"),
    ],
)
def test_mappings_that_cannot_be(change: dict[str, object], text: str) -> None:
    """What is wrong is told before any file is looked at."""
    check_mapping(FULL)
    with pytest.raises(RecordsError) as error:
        check_mapping(replace(FULL, **change))  # type: ignore[arg-type]
    assert text in str(error.value)


def test_a_mapping_survives_its_message() -> None:
    """What is remembered is what was said."""
    assert RecordsMapping.of(FULL.message()) == FULL
