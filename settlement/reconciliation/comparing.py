"""One reconciliation from the file to the differences, in a process of its own; see worker.py."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

import duckdb

from coalition.v1 import settlement_reconciliation_pb2 as pb
from settlement.reconciliation.duck import locked_down
from settlement.reconciliation.entries import take_entries
from settlement.reconciliation.explaining import count_findings, explain
from settlement.reconciliation.findings import judge
from settlement.reconciliation.job import Question
from settlement.reconciliation.limits import DIFFERENCES_MAX, Limits
from settlement.reconciliation.mapping_check import check_mapping
from settlement.reconciliation.matching import match
from settlement.reconciliation.partner import mode_of, take_records
from settlement.reconciliation.parts import Parts
from settlement.reconciliation.records_file import read_rows
from settlement.reconciliation.vocabulary import define_vocabulary

#: In so many windows, the nearest, is looked for what is missing in those asked about.
OTHER_WINDOWS_MAX: Final = 100

_READING_RECORDS: Final = pb.RECONCILE_STAGE_READING_RECORDS
_READING_JOURNAL: Final = pb.RECONCILE_STAGE_READING_JOURNAL
_MATCHING: Final = pb.RECONCILE_STAGE_MATCHING
_EXPLAINING: Final = pb.RECONCILE_STAGE_EXPLAINING

#: Told what is being done, and how many rows or entries of it are.
Tell = Callable[[pb.ReconcileStage.ValueType, int], None]

_VIEWS: Final = """
CREATE TEMP VIEW asked_records AS
SELECT * FROM asked_source WHERE list_contains(getvariable('windows'), "window");
CREATE TEMP VIEW other_records AS
SELECT * FROM other_source
WHERE "window" BETWEEN getvariable('first_window') AND getvariable('last_window')
  AND NOT list_contains(getvariable('windows'), "window")
"""


def compare(
    question: Question, limits: Limits, tell: Tell
) -> tuple[pb.ReconciliationSummary, Iterator[list[pb.Difference]]]:
    """The summary, without what the service knows itself, and the differences in parts.

    Raises RecordsError for a file or mapping that cannot be used.
    """
    check_mapping(question.mapping)
    tell(_READING_RECORDS, 0)
    rows = read_rows(question.records, question.mapping, question.scratch, limits)
    tell(_READING_RECORDS, rows.num_rows)
    tell(_READING_JOURNAL, 0)
    with closing(_opened(question.database)) as database:
        parts = Parts(database, question.parts, question.scratch)
        asked, others, reach = _ranges(database, question.windows, parts.size)
        own = parts.source(asked, lambda done: tell(_READING_JOURNAL, done))
        other = parts.source(others, lambda done: tell(_READING_JOURNAL, done))
    files = [*own.files, *other.files]
    connection = locked_down(question.scratch, files, limits)
    for name, source in (("asked", own), ("other", other)):
        connection.register(f"{name}_rest", source.rest)
        _view(connection, name, source.files)
    for name, value in (("windows", list(question.windows)), ("first_window", reach[0]), ("last_window", reach[1])):
        connection.execute(f"SET VARIABLE {name} = $value", {"value": value})
    connection.execute(_VIEWS)
    define_vocabulary(connection, mode_of(question.mapping))
    taken = take_records(connection, rows, question.mapping, question.zone, limits)
    del rows
    tell(_MATCHING, 0)
    take_entries(connection, question.party_id)
    match(connection, question.party_id, taken.tolerance_us)
    agreement = judge(connection, question.party_id)
    tell(_EXPLAINING, 0)
    counts = count_findings(connection)
    summary = pb.ReconciliationSummary(
        party_id=question.party_id,
        windows=question.windows,
        rows=taken.rows,
        rows_left_out=taken.left_out + agreement.left_out,
        entries=agreement.entries,
        matched_by_id=agreement.by_id,
        matched_by_reference=agreement.by_reference,
        matched_by_time=agreement.by_time,
        agreed_declined=agreement.declined,
        counts=[pb.DifferenceCount(kind=kind, count=counts[kind]) for kind in sorted(counts)],
        listed=min(sum(counts.values()), DIFFERENCES_MAX),
        sequence=parts.size,
        mapping=question.mapping.message(),
    )
    return summary, explain(connection, question.party_id, DIFFERENCES_MAX)


def _opened(path: Path) -> sqlite3.Connection:
    """The database as it is now, to read from and not to write."""
    database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=30)
    database.execute("PRAGMA query_only = ON")
    database.execute("BEGIN")
    return database


def _ranges(
    database: sqlite3.Connection, windows: Sequence[int], size: int
) -> tuple[list[tuple[int, int]], list[tuple[int, int]], tuple[int, int]]:
    """First and last entries of the windows asked about, and of others near; and the first and last window of all."""
    bounds = {
        number: (first, last or size)
        for number, first, last in database.execute("SELECT number, first_sequence, last_sequence FROM windows")
        if first <= size
    }
    near = sorted(
        (number for number in bounds if number not in windows),
        key=lambda number: min(abs(number - asked) for asked in windows),
    )[:OTHER_WINDOWS_MAX]
    asked = [bounds[number] for number in windows if number in bounds]
    reach = (min((*near, *windows)), max((*near, *windows)))
    return asked, [bounds[number] for number in near], reach


def _view(connection: duckdb.DuckDBPyConnection, name: str, files: Sequence[Path]) -> None:
    """`asked_source` or `other_source`: rows of files, and those that are in none."""
    if not files:
        connection.execute(f"CREATE TEMP VIEW {name}_source AS FROM {name}_rest")
        return
    connection.execute(f"SET VARIABLE {name}_files = $files", {"files": [str(path) for path in files]})
    connection.execute(
        f"CREATE TEMP VIEW {name}_source AS FROM read_parquet(getvariable('{name}_files')) UNION ALL FROM {name}_rest"
    )
