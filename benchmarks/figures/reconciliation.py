"""Comparing a party's own records with the journal, beside a bare join of the same two files."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from typing import Final

import pyarrow.parquet as pq

from benchmarks.planting import MAPPING, PARTY, WINDOW, plant
from benchmarks.progress import say
from benchmarks.rows import Row, at_most
from benchmarks.run import Run, in_turn
from coalition.v1 import settlement_reconciliation_pb2 as pb
from settlement.reconciliation import jobs
from settlement.reconciliation.comparing import compare
from settlement.reconciliation.duck import locked_down
from settlement.reconciliation.job import Job, Question
from settlement.reconciliation.limits import Limits

NAME: Final = "reconciliation"
_LIMITS: Final = Limits()
_MOST_S: Final = 10
_TIMES_MOST: Final = 3
#: One planted difference of each kind in so many rows.
_EACH: Final = 1_000

# Both files, whole, joined by id, and nothing else: the result is kept, as a comparison has to keep both sides.
_JOIN: Final = """
CREATE TEMP TABLE joined AS
SELECT p.*, j.* FROM read_csv(
    $file, header = true, auto_detect = false, delim = ',', quote = '"', escape = '"', columns = {
        'id': 'UUID', 'word': 'VARCHAR', 'said': 'BIGINT', 'receipt': 'VARCHAR', 'time': 'TIMESTAMP', 'state': 'VARCHAR'
    }
) p FULL JOIN read_parquet($journal) j ON p.id = j.transaction_id
"""


def measure(run: Run) -> list[Row]:
    """Planted files, the comparison and the join in turn; then by a process of its own, as the service does it."""
    folder = run.work / NAME
    (folder / "scratch").mkdir(parents=True)
    rows = run.scale.records
    planted = plant("bench", rows, rows // _EACH)
    planted.write_csv(folder / "records.csv")
    planted.write_database(folder / "settlement.db")
    pq.write_table(planted.journal(), folder / "journal.parquet", compression="zstd")
    say(f"{NAME}: planted {len(planted.rows):,} rows, {len(planted.records):,} entries")
    question = Question(
        party_id=PARTY,
        windows=(WINDOW,),
        mapping=MAPPING,
        zone="UTC",
        records=folder / "records.csv",
        database=folder / "settlement.db",
        parts=folder / "parts",
        scratch=folder / "scratch",
    )

    def cold() -> None:
        shutil.rmtree(question.parts, ignore_errors=True)
        _by_process(question)

    cold_s = _seconds(cold)
    say(f"{NAME}: {cold_s:.1f} s with no part of the journal at hand")
    expected = {kind: count for kind, count in planted.counts.items() if count}

    def here() -> float:
        found: dict[str, int] = {}
        took_s = _seconds(lambda: found.update(_compare(question)))
        assert found == {kind.name: count for kind, count in expected.items()}, "what was planted is found"
        return took_s

    compared_s, joined_s, process_s = in_turn(
        run.scale.rounds,
        here,
        lambda: _seconds(lambda: _join(question)),
        lambda: _seconds(lambda: _by_process(question)),
    )
    say(f"{NAME}: {compared_s:.1f} s, a bare join {joined_s:.1f} s, in a process {process_s:.1f} s")
    what = f"{len(planted.rows):,} rows with {rows // _EACH:,} differences of each kind"
    join = "a bare full outer join of the same two files by id, kept"
    targets = (at_most(compared_s, _MOST_S, "s"), at_most(compared_s / joined_s, _TIMES_MOST, "times the join"))
    return [
        Row(
            NAME,
            f"reconciling {what}, CSV",
            compared_s,
            "s",
            joined_s,
            join,
            targets,
            "all are found, and nothing else",
        ),
        Row(
            NAME,
            "the same in a process of its own, as the service does it",
            process_s,
            "s",
            joined_s,
            join,
            (at_most(process_s, _MOST_S, "s"),),
            f"{cold_s:.1f} s the first time, when records of closed windows are made into Parquet",
        ),
    ]


def _compare(question: Question) -> dict[str, int]:
    summary, parts = compare(question, _LIMITS, lambda stage, done: None)
    listed = sum(len(part) for part in parts)
    assert listed == summary.listed, "every difference is explained"
    names = {item.kind: item for item in summary.counts}
    return {_name(kind): item.count for kind, item in names.items()}


def _name(kind: pb.DifferenceKind.ValueType) -> str:

    return pb.DifferenceKind.Name(kind).removeprefix("DIFFERENCE_KIND_")


def _by_process(question: Question) -> None:
    for _ in jobs.run(Job(question, _LIMITS)):
        pass


def _join(question: Question) -> None:
    journal = question.records.with_name("journal.parquet")
    connection = locked_down(question.scratch, [question.records, journal], _LIMITS)
    connection.execute(_JOIN, {"file": str(question.records), "journal": str(journal)})
    connection.close()


def _seconds(work: Callable[[], object]) -> float:
    began_s = time.perf_counter()
    work()
    return time.perf_counter() - began_s
