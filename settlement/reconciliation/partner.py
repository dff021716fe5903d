"""The party's side of a comparison: rows of a file, read by a mapping, as a table in DuckDB. All of them or none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from partner_sdk.settlement import NegativePoints, RecordsMapping
from settlement.reconciliation.limits import Limits
from settlement.reconciliation.mapping_check import ROLES
from settlement.reconciliation.moments import define_time
from settlement.reconciliation.problems import RecordsError, bad_cells

#: Of words there are few.
WORDS: Final = pa.dictionary(pa.int32(), pa.string())
#: What a reader gives: text by role; and, for cells that are dates, what a clock shows, or the moment itself. A column
#: that the mapping lacks is null.
ROWS: Final = pa.schema(
    [
        ("row", pa.int64()),
        *((role, WORDS if role in ("kind", "status") else pa.string()) for role in ROLES),
        ("clock", pa.timestamp("us")),
        ("moment", pa.timestamp("us", tz="UTC")),
    ]
)

#: More than any transaction moves, so a wrong column is noticed.
_POINTS_MAX: Final = 10**12
_EARLIEST_US: Final = 946_684_800_000_000  # 2000
_LATEST_US: Final = 4_102_444_800_000_000  # 2100
_HOUR_US: Final = 3_600_000_000
_NOON_US: Final = 12 * _HOUR_US
#: From the noon of a day to either end of it: the day on which summer time ends has 25 hours.
_DAY_REACH_US: Final = 13 * _HOUR_US
_WORD_MAX: Final = 100
#: Stands for a word that the mapping leaves out.
_LEFT_OUT: Final = "-"

_MACROS: Final = r"""
CREATE TEMP MACRO id_of(text) AS coalesce(try_cast(text AS UUID), try_cast(nullif(trim(text), '') AS UUID));
CREATE TEMP MACRO stripped(text) AS CASE
    WHEN text = '' THEN NULL
    WHEN text LIKE ' %' OR text LIKE '% ' THEN nullif(trim(text), '')
    ELSE text
END;
CREATE TEMP MACRO plain(text) AS trim(translate(replace(replace(text, chr(160), ' '), chr(8239), ' '), '−’', '-'''));
CREATE TEMP MACRO whole(text) AS
    regexp_replace(split_part(text, getvariable('decimal_mark'), 1), '[^0-9]', '', 'g')::BIGINT
    * CASE WHEN contains(text, '-') OR contains(text, '(') THEN -1 ELSE 1 END;
CREATE TEMP MACRO points_of(text) AS CASE
    WHEN regexp_full_match(text, '-?[0-9]{1,15}') THEN text::BIGINT
    WHEN regexp_full_match(plain(text), getvariable('points_pattern')) THEN whole(plain(text))
END;
CREATE TEMP MACRO record_kind(kind, points) AS CASE
    WHEN points < 0 AND getvariable('negative') = 'reverse' THEN 'reverse'::kind ELSE kind
END;
CREATE TEMP MACRO record_class(kind, points) AS CASE
    WHEN getvariable('mode') = 'balance' THEN CASE WHEN points < 0 THEN 'out'::class ELSE 'in'::class END
    WHEN points < 0 AND getvariable('negative') = 'reverse' THEN 'reverse'::class
    WHEN getvariable('mode') = 'refunds' THEN 'forward'::class
    WHEN kind = 'issue' THEN 'issue'::class
    WHEN kind IN ('redeem', 'capture') THEN 'redeem'::class
    ELSE kind::VARCHAR::class
END
"""

# Wrong cells are noted, each column by a bit, and looked up when there are any.
_PARTNER: Final = """
CREATE TEMP TABLE partner AS
WITH said AS (
    SELECT row, id AS id_text, id_of(id) AS id, kind::kind AS said_kind, points_of(points) AS points,
           stripped(reference) AS reference,
           CASE WHEN clock IS NOT NULL THEN zoned_us(clock) WHEN moment IS NOT NULL THEN epoch_us(moment)
                ELSE text_us(time) END AS time_us,
           status::status AS status
    FROM file_rows WHERE kind IS NULL OR kind <> '-'
)
SELECT row, id, record_kind(said_kind, points) AS kind, record_class(said_kind, points) AS class, abs(points) AS points,
       reference, time_us, status,
       (CASE WHEN points IS NULL OR abs(points) > getvariable('points_max') THEN 1 ELSE 0 END
        + CASE WHEN id IS NULL AND trim(id_text) <> '' THEN 2 ELSE 0 END
        + CASE WHEN strlen(reference) > getvariable('cell_max') THEN 4 ELSE 0 END
        + CASE WHEN getvariable('timed') AND NOT coalesce(
              time_us BETWEEN getvariable('earliest') AND getvariable('latest'), false) THEN 8 ELSE 0 END
       )::UTINYINT AS bad
FROM said
"""
_BITS: Final = {"points": 1, "id": 2, "reference": 4, "time": 8}
# Mostly the first times tell that they are none.
_FIRST_ARE_DAYS: Final = """
SELECT coalesce(bool_and(time_us = day_us(time_us)), false) FROM (SELECT time_us FROM partner LIMIT 100)
"""
_ALL_ARE_DAYS: Final = """
SELECT bool_and(time_us = day_us(time_us)) FROM (SELECT DISTINCT time_us FROM partner)
"""
_BAD_ROWS: Final = "SELECT row, count(*) OVER () FROM partner WHERE bad & $bit > 0 ORDER BY row LIMIT 5"
_REMEDIES: Final = {
    "points": (
        "has no whole numbers of points in",
        "Correct the cells, or say in the mapping how numbers are written: decimal_mark and thousands_mark.",
    ),
    "id": (
        "has no transaction ids in",
        "Those are UUIDs. Numbers of your own are a reference: map the column as reference instead.",
    ),
    "reference": ("has too long a text in", "Is a quotation mark missing? Correct the file."),
    "time": (
        "has no times of the format that the mapping names in",
        "Say in time_format how they are written. They lie between 2000 and 2100.",
    ),
    "kind": ("has words that the mapping does not have in", "Say in kinds what each word means, or leave it out."),
    "status": ("has words that the mapping does not have in", "Say in statuses what each word means."),
}


@dataclass(frozen=True, slots=True)
class Taken:
    """What was read of a file."""

    #: Rows with something in them.
    rows: int
    #: Of those, rows whose kind the mapping leaves out.
    left_out: int
    #: How far apart the times of a row and its entry may be.
    tolerance_us: int


def mode_of(mapping: RecordsMapping) -> str:
    """How much a file says about kinds, as `define_vocabulary` wants to know it."""
    if mapping.kind is not None:
        return "kinds"
    return "balance" if mapping.negative is NegativePoints.BALANCE else "refunds"


def take_records(
    connection: duckdb.DuckDBPyConnection, rows: pa.Table, mapping: RecordsMapping, zone: str, limits: Limits
) -> Taken:
    """Make the table `partner` of rows in the form of ROWS. `zone` is the network's, for mappings that name none.

    Raises RecordsError.
    """
    rows = without_blank_rows(rows)
    kinds = {_plain_word(word): kind.value if kind else _LEFT_OUT for word, kind in mapping.kinds.items()}
    statuses = {_plain_word(word): status.value for word, status in mapping.statuses.items()}
    coded = rows.set_column(rows.schema.get_field_index("kind"), "kind", _coded(rows, "kind", mapping, kinds, None))
    status = _coded(rows, "status", mapping, statuses, "ok")
    coded = coded.set_column(coded.schema.get_field_index("status"), "status", status)
    sample = pc.first(rows["time"], skip_nulls=True, min_count=1).as_py() if rows.num_rows else None
    define_time(connection, mapping.time_format, mapping.time_zone or zone, sample or "")
    _tell(connection, mapping, limits)
    connection.execute(_MACROS)
    connection.register("file_rows", coded)
    try:
        connection.execute(_PARTNER)
    finally:
        connection.unregister("file_rows")
    (kept, bad) = connection.execute("SELECT count(*), coalesce(bit_or(bad), 0) FROM partner").fetchall()[0]
    if bad:
        raise _refusal(connection, rows, mapping, bad)
    tolerance_us = mapping.tolerance_s * 1_000_000
    if mapping.time is not None and _is_of_days(connection):
        connection.execute("UPDATE partner SET time_us = time_us + $noon", {"noon": _NOON_US})
        tolerance_us += _DAY_REACH_US
    return Taken(rows.num_rows, rows.num_rows - kept, tolerance_us)


def _is_of_days(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether all times are midnights: they say the day only, and a day stands for its noon, so that all of it is near.

    Without rows there is none.
    """
    return all(connection.execute(statement).fetchall()[0][0] for statement in (_FIRST_ARE_DAYS, _ALL_ARE_DAYS))


def points_pattern(decimal_mark: str, thousands_mark: str) -> str:
    """What whole numbers look like: with a sign before or after, or in parentheses; zeros may follow the mark."""
    thousands = re.escape(thousands_mark)
    grouped = rf"[0-9]{{1,3}}(?:{thousands}[0-9]{{3}})+|" if thousands_mark else ""
    number = rf"(?:{grouped}[0-9]{{1,15}})(?:{re.escape(decimal_mark)}0*)?"
    return rf"[+-]?{number}|{number}-|\({number}\)"


def without_blank_rows(rows: pa.Table) -> pa.Table:
    """The rows that have something in a column that is mapped."""
    empty = pc.equal(pc.utf8_trim_whitespace(rows["points"]), "")
    if not pc.any(empty).as_py():
        return rows
    blank = pc.and_(empty, pc.and_(pc.is_null(rows["clock"]), pc.is_null(rows["moment"])))
    for role in ROLES:
        text = pc.utf8_trim_whitespace(rows[role].cast(pa.string()))
        blank = pc.and_(blank, pc.fill_null(pc.equal(text, ""), True))
    return rows.filter(pc.invert(blank))


def _coded(
    rows: pa.Table, role: str, mapping: RecordsMapping, words: Mapping[str, str], otherwise: str | None
) -> pa.Array | pa.ChunkedArray:
    """A column of the party's own words as a column of ours. Raises RecordsError for words that are not mapped."""
    if getattr(mapping, role) is None:
        return pa.repeat(pa.scalar(otherwise, pa.string()), rows.num_rows)
    encoded = rows[role].unify_dictionaries().combine_chunks()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.chunk(0) if encoded.num_chunks else pa.array([], WORDS)
    if not len(encoded):
        return pa.nulls(0, pa.string())
    codes = [words.get(_plain_word(word)) for word in encoded.dictionary.to_pylist()]
    # Of words that are only in blank rows the dictionary still knows.
    used = pc.unique(encoded.indices).to_pylist()
    unknown = [place for place in used if codes[place] is None]
    if unknown:
        raise _unknown_words(rows, role, mapping, encoded, unknown)
    return pa.DictionaryArray.from_arrays(encoded.indices, pa.array(codes, pa.string()))


def _unknown_words(
    rows: pa.Table, role: str, mapping: RecordsMapping, encoded: pa.DictionaryArray, unknown: list[int]
) -> RecordsError:
    """Each unknown word once, where it comes first."""
    cells = []
    for place in unknown[:_WORD_MAX]:
        at = pc.index(encoded.indices, place).as_py()
        cells.append((rows["row"][at].as_py(), encoded.dictionary[place].as_py()))
    wrong, remedy = _REMEDIES[role]
    return bad_cells(getattr(mapping, role), sorted(cells), len(unknown), wrong, remedy)


def _tell(connection: duckdb.DuckDBPyConnection, mapping: RecordsMapping, limits: Limits) -> None:
    """Put what the statements refer to where they find it."""
    values: dict[str, Any] = {
        "decimal_mark": mapping.decimal_mark,
        "points_pattern": points_pattern(mapping.decimal_mark, mapping.thousands_mark),
        "negative": mapping.negative.value,
        "mapped_kinds": [kind.value for kind in mapping.kinds.values() if kind is not None],
        "timed": mapping.time is not None,
        "cell_max": limits.cell_chars,
        "points_max": _POINTS_MAX,
        "earliest": _EARLIEST_US,
        "latest": _LATEST_US,
    }
    for name, value in values.items():
        connection.execute(f"SET VARIABLE {name} = $value", {"value": value})


def _plain_word(word: str) -> str:
    return word.strip().lower()


def _refusal(connection: duckdb.DuckDBPyConnection, rows: pa.Table, mapping: RecordsMapping, bad: int) -> RecordsError:
    """What to say about wrong cells, of the first column that has some."""
    role = next(role for role, bit in _BITS.items() if bad & bit)
    found = connection.execute(_BAD_ROWS, {"bit": _BITS[role]}).fetchall()
    cells = [(row, rows[role][pc.index(rows["row"], row).as_py()].as_py() or "") for row, _ in found]
    wrong, remedy = _REMEDIES[role]
    return bad_cells(getattr(mapping, role), cells, found[0][1], wrong, remedy)
