"""Files are read in a process of its own, which can break, hang or be given up without harm."""

from __future__ import annotations

import io
import json
import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from benchmarks.planting import MAPPING, PARTY, WINDOW, plant
from coalition.errors import Refused, reason_name
from coalition.v1 import settlement_reconciliation_pb2 as pb
from settlement.reconciliation import jobs, parts, worker
from settlement.reconciliation.comparing import compare
from settlement.reconciliation.job import ANSWER_FILE, DIFFERENCES_FILE, Job, Question, split_differences
from settlement.reconciliation.jobs import Jobs, run
from settlement.reconciliation.limits import Limits
from settlement.reconciliation.parts import Parts

LIMITS = Limits(memory_mib=256, threads=1)


@pytest.fixture
def question(tmp_path: Path) -> Question:
    """A planted file, and a service's database with the records beside it."""
    planted = plant("jobs", 400, 5)
    planted.write_database(tmp_path / "settlement.db")
    planted.write_csv(tmp_path / "records.csv")
    (tmp_path / "scratch").mkdir()
    return Question(
        party_id=PARTY,
        windows=(WINDOW,),
        mapping=MAPPING,
        zone="UTC",
        records=tmp_path / "records.csv",
        database=tmp_path / "settlement.db",
        parts=tmp_path / "parts",
        scratch=tmp_path / "scratch",
    )


def test_a_job_is_what_it_does(question: Question) -> None:
    """The process answers what the same work in this one does, and told how far it was."""
    told = list(run(Job(question, LIMITS)))
    assert [item.stage for item in told] == sorted(item.stage for item in told)
    summary = pb.ReconciliationSummary.FromString((question.scratch / ANSWER_FILE).read_bytes())
    parts = split_differences((question.scratch / DIFFERENCES_FILE).read_bytes())
    here, differences = compare(question, LIMITS, lambda stage, done: None)
    assert summary == here
    assert [item for part in parts for item in part.differences] == [item for part in differences for item in part]
    assert summary.listed == sum(item.count for item in summary.counts) == 40


def test_records_are_read_in_parts(question: Question, tmp_path: Path) -> None:
    """Whatever ranges they are cut into, records are the same; a part is made once, and anew when it is not whole."""
    with closing(sqlite3.connect(question.database)) as database:

        def read(part_entries: int) -> list[dict[str, object]]:
            parts = Parts(database, tmp_path / f"parts-{part_entries}", question.scratch, part_entries)
            source = parts.source([(1, parts.size)], lambda done: None)
            rows = [row for path in source.files for row in pq.read_table(path).to_pylist()]
            return sorted([*rows, *source.rest.to_pylist()], key=lambda row: row["sequence"])

        whole = read(1 << 20)
        assert len(whole) == database.execute("SELECT count(*) FROM records").fetchone()[0]
        assert read(100) == whole
        folder = tmp_path / "parts-100"
        made = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
        assert len(made) == len(whole) // 100
        spoilt = next(folder.iterdir())
        spoilt.write_bytes(spoilt.read_bytes()[:-1] + b"x")
        assert read(100) == whole
        again = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
        assert {name for name in made if made[name] != again[name]} == {spoilt.name}


def test_nothing_unfinished_is_among_the_parts(question: Question, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part is written where the job's other things are, which are deleted however it ends."""
    seen = []

    def digest(path: Path) -> str:
        seen.append((path.parent, list(question.parts.iterdir())))
        return "0" * 32

    monkeypatch.setattr(parts, "_digest", digest)
    with closing(sqlite3.connect(question.database)) as database:
        Parts(database, question.parts, question.scratch, 300).source([(1, 300)], lambda done: None)
    assert seen == [(question.scratch, [])]
    assert [path.suffix for path in question.parts.iterdir()] == [".parquet"]


def test_memory_that_matching_lacks_is_told(
    question: Question, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The database has an error of its own for it."""

    def work(job: Job) -> None:
        raise duckdb.OutOfMemoryException

    monkeypatch.setattr(worker, "_work", work)
    monkeypatch.setattr(worker, "_bind", lambda limits: None)
    monkeypatch.setattr("sys.meta_path", [*sys.meta_path])
    monkeypatch.setattr("gc.disable", lambda: None)
    monkeypatch.setattr("sys.stdin", io.StringIO(Job(question, LIMITS).to_json()))
    assert worker.main() == 0
    assert "takes more memory than a reconciliation may have" in capsys.readouterr().out


def test_a_wrong_file_is_the_file_s_fault(question: Question) -> None:
    """What the process says of it is what the caller hears."""
    question.records.write_bytes(b"nothing,of\nuse,here\n")
    with pytest.raises(Refused, match="There is no column 'Transaction'") as refused:
        list(run(Job(question, LIMITS)))
    assert reason_name(refused.value.reason) == "FIELD_INVALID"


def test_a_broken_process_breaks_nothing_else(question: Question, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is killed is the file's fault; one that fails otherwise is ours; one that hangs is ended."""
    for code, error in (("import os; os.kill(os.getpid(), 11)", Refused), ("raise SystemExit(3)", RuntimeError)):
        monkeypatch.setattr(jobs, "_COMMAND", (*jobs._COMMAND[:1], "-c", code))
        with pytest.raises(error):
            list(run(Job(question, LIMITS)))
    monkeypatch.setattr(jobs, "_COMMAND", (*jobs._COMMAND[:1], "-c", "import time; time.sleep(60)"))
    monkeypatch.setattr(jobs, "JOB_S", 0.3)
    with pytest.raises(Refused, match="took more than"):
        list(run(Job(question, LIMITS)))


def test_memory_is_bounded(question: Question) -> None:
    """Two cells far apart span gigabytes for whoever reads the sheet: the end of this process, and of no other."""
    data = io.BytesIO()
    book = xlsxwriter.Workbook(data)
    sheet = book.add_worksheet()
    sheet.write(0, 0, "Points")
    sheet.write(1_048_575, 250, 1)
    book.close()
    question.records.write_bytes(data.getvalue())
    with pytest.raises(Refused, match="ran out of memory or broke") as refused:
        list(run(Job(question, replace(LIMITS, memory_mib=64))))
    assert reason_name(refused.value.reason) == "FIELD_INVALID"


def test_giving_up_ends_the_process(question: Question) -> None:
    """A caller that goes away leaves no process behind."""
    before = set(_children())
    work = run(Job(question, LIMITS))
    next(work)
    children = set(_children()) - before
    assert children
    assert isinstance(work, Iterator)
    work.close()  # type: ignore[attr-defined]
    assert not children & set(_children())


def test_secrets_stay(question: Question, monkeypatch: pytest.MonkeyPatch) -> None:
    """What reads a stranger's file knows no passphrase."""
    monkeypatch.setenv("COALITION_PASSPHRASE", "secret")
    code = "import json, os; print(json.dumps({'refused': ' '.join(os.environ)}))"
    monkeypatch.setattr(jobs, "_COMMAND", (*jobs._COMMAND[:1], "-c", code))
    with pytest.raises(Refused) as refused:
        list(run(Job(question, LIMITS)))
    assert "PASSPHRASE" not in refused.value.message
    assert "ARROW_DEFAULT_MEMORY_POOL" in refused.value.message


def test_one_of_a_party_and_few_in_all() -> None:
    """A second of the party waits, and so does a third of anybody."""
    places = Jobs(2)
    with places.place("grocer"):
        with pytest.raises(Refused, match="A file of grocer is being read already"), places.place("grocer"):
            pass
        with places.place("florist"), pytest.raises(Refused, match="2 reconciliations are under way"):
            places.place("school").__enter__()
        with places.place("school"):
            pass
    with places.place("grocer"):
        pass


def test_a_job_survives_its_json(question: Question) -> None:
    """What is asked for here is what the process does."""
    job = Job(question, LIMITS)
    assert Job.from_json(job.to_json()) == job
    assert json.loads(job.to_json())["zone"] == "UTC"


def _children() -> list[str]:
    return Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
