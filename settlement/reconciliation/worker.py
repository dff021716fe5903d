"""The process that reads a party's file: `python -m settlement.reconciliation.worker`.

It takes a Job as JSON from standard input, puts the result into the job's folder, and tells its progress on standard
output, a line of JSON each. What is wrong with the file is such a line too; any other end is a failure.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import sys
import traceback
from importlib.abc import MetaPathFinder
from typing import Any, Final

import duckdb

from coalition.v1 import settlement_reconciliation_pb2 as pb
from settlement.reconciliation.comparing import compare
from settlement.reconciliation.inspecting import inspect
from settlement.reconciliation.job import ANSWER_FILE, DIFFERENCES_FILE, Job, write_differences
from settlement.reconciliation.limits import JOB_S, Limits
from settlement.reconciliation.problems import RecordsError

#: Memory of the interpreter and its libraries.
_BASE_BYTES: Final = 1 << 30
#: Beside what is matched there are the rows as they were read, and what a reader needs for that.
_MEMORY_SHARE: Final = 4
_NICE: Final = 5


def main() -> int:
    """Do the job on standard input."""
    job = Job.from_json(sys.stdin.read())
    _bind(job.limits)
    sys.meta_path.insert(0, _WithoutPandas())
    # Millions of tuples come and go, and none of them refers to itself: looking for such takes a third of the time.
    gc.disable()
    try:
        _work(job)
    except RecordsError as error:
        _say(refused=str(error))
    except (MemoryError, duckdb.OutOfMemoryException):
        _say(refused="The file takes more memory than a reconciliation may have. Reconcile it in parts, or as CSV.")
    except Exception as error:  # noqa: BLE001 - texts of errors may quote cells, which have no place in a log
        frames = traceback.format_list(traceback.extract_tb(error.__traceback__))
        sys.stderr.write(f"{type(error).__name__}\n{''.join(frames)}")
        return 1
    return 0


class _WithoutPandas(MetaPathFinder):
    """Arrow looks for pandas as soon as it is given a list. Loading that takes a third of the start, for nothing."""

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError(fullname)


def _work(job: Job) -> None:
    if job.question.windows:
        summary, parts = compare(job.question, job.limits, lambda stage, done: _say(stage=stage, done=done))
        write_differences(job.folder / DIFFERENCES_FILE, parts)
        answer: pb.ReconciliationSummary | pb.RecordsInspection = summary
    else:
        answer = inspect(job.question, job.limits)
    (job.folder / ANSWER_FILE).write_bytes(answer.SerializeToString())
    _say(finished=True)


def _say(**facts: Any) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def _bind(limits: Limits) -> None:
    """Bounds that hold whatever a file makes a library do, and the service's other work first."""
    most = _MEMORY_SHARE * limits.memory_bytes + _BASE_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    processor_s = int(JOB_S) * limits.threads
    resource.setrlimit(resource.RLIMIT_CPU, (processor_s, processor_s))
    os.nice(_NICE)


if __name__ == "__main__":
    sys.exit(main())
