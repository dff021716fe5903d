"""Running jobs, each in a process of its own: one of a party at a time, and few in all."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Final

import structlog

from coalition.errors import Refused
from coalition.v1 import error_pb2
from coalition.v1 import settlement_reconciliation_pb2 as pb
from settlement.reconciliation.job import Job
from settlement.reconciliation.limits import JOB_S

_COMMAND: Final = (sys.executable, "-m", "settlement.reconciliation.worker")
#: How often the caller hears that it goes on.
_BEAT_S: Final = 1.0
#: What the process gets of the environment. Secrets are not among it.
_ENVIRONMENT: Final = ("PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TMPDIR")
_STDERR_MAX: Final = 4_000

_log = structlog.stdlib.get_logger("settlement.reconciliation")


class Jobs:
    """Places for jobs, and what runs in them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = Lock()
        self._parties: set[str] = set()

    @contextmanager
    def place(self, party_id: str) -> Iterator[None]:
        """Hold the party's place while a job runs. Raises Refused with OVERLOADED when there is none."""
        with self._lock:
            if party_id in self._parties:
                raise Refused(
                    error_pb2.REASON_OVERLOADED,
                    f"A file of {party_id} is being read already. Wait until that is done.",
                    {"limit": "1"},
                )
            if len(self._parties) >= self._most:
                raise Refused(
                    error_pb2.REASON_OVERLOADED,
                    f"{self._most} reconciliations are under way. Ask again in a minute.",
                    {"limit": str(self._most)},
                )
            self._parties.add(party_id)
        try:
            yield
        finally:
            with self._lock:
                self._parties.discard(party_id)


def run(job: Job) -> Iterator[pb.ReconcileProgress]:
    """Do a job, and tell its progress, at least every second.

    Ends when the result is in the job's folder. Raises Refused with FIELD_INVALID for a file that cannot be used, and
    RuntimeError when the process failed. Giving up the iteration ends the process.
    """
    process = subprocess.Popen(
        _COMMAND,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=job.folder,
        env=_environment(),
    )
    try:
        yield from _watched(process, job)
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            assert pipe is not None, "pipes were asked for"
            pipe.close()


def _watched(process: subprocess.Popen[bytes], job: Job) -> Iterator[pb.ReconcileProgress]:
    assert process.stdin is not None, "a pipe was asked for"
    assert process.stdout is not None, "a pipe was asked for"
    process.stdin.write(job.to_json().encode())
    process.stdin.close()
    progress = pb.ReconcileProgress(stage=pb.RECONCILE_STAGE_READING_RECORDS)
    finished = False
    ends_s = time.monotonic() + JOB_S
    for line in _lines(process.stdout.fileno(), ends_s):
        if line:
            told = json.loads(line)
            if "refused" in told:
                raise unusable(told["refused"])
            finished = finished or "finished" in told
            if "stage" in told:
                progress = pb.ReconcileProgress(stage=told["stage"], done=told["done"])
        yield progress
    if not finished:
        raise _failure(process, out_of_time=time.monotonic() >= ends_s)


def _lines(descriptor: int, ends_s: float) -> Iterator[bytes]:
    """Lines as they come; an empty one whenever there was none for a while. Ends with the output, or the time."""
    rest = b""
    while (left_s := ends_s - time.monotonic()) > 0:
        ready, _, _ = select.select([descriptor], [], [], min(_BEAT_S, left_s))
        if not ready:
            yield b""
            continue
        data = os.read(descriptor, 1 << 16)
        if not data:
            return
        *lines, rest = (rest + data).split(b"\n")
        yield from lines


def unusable(text: str) -> Refused:
    """A file or mapping that cannot be used."""
    return Refused(error_pb2.REASON_FIELD_INVALID, text)


def _failure(process: subprocess.Popen[bytes], *, out_of_time: bool) -> Exception:
    """Why a job did not finish: what a file did to the process is the file's fault, all else is ours."""
    if out_of_time:
        return unusable(f"The file took more than {JOB_S / 60:.0f} minutes to reconcile. Reconcile it in parts.")
    code = process.wait(10)
    assert process.stderr is not None, "a pipe was asked for"
    said = process.stderr.read(_STDERR_MAX).decode(errors="replace")
    _log.error("job_failed", code=code, said=said)
    if code < 0:
        # Killed by the system for its memory, or by a signal when a library broke.
        return unusable(
            "The file could not be read: what reads it ran out of memory or broke. Save it anew, or as CSV."
        )
    return RuntimeError(f"a job ended with status {code}")


def _environment() -> dict[str, str]:
    given = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    # One heap that gives memory back, so that the bound on memory is about what is used.
    return {**given, "ARROW_DEFAULT_MEMORY_POOL": "system", "MALLOC_ARENA_MAX": "2", "PYTHONSAFEPATH": "1"}
