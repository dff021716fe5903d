"""Work beside a page."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from settlement.console.jobs import Job, Jobs, TooManyJobs


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    """Those of a console."""
    found = Jobs()
    yield found
    found.close()


def finished(job: Job) -> Job:
    """The job, once it is done."""
    deadline = time.monotonic() + 10
    while not job.done and time.monotonic() < deadline:
        time.sleep(0.005)
    return job


def test_work_is_done_once_and_its_result_kept(jobs: Jobs) -> None:
    """Whoever asks again gets the same work, and it says how far it is."""
    gate, runs = threading.Event(), []

    def work(job: Job) -> int:
        runs.append(job.name)
        job.progress = "half"
        gate.wait(10)
        return 7

    job = jobs.start("a", "counting", work)
    assert jobs.start("a", "counting", work) is job
    deadline = time.monotonic() + 10
    while not job.progress and time.monotonic() < deadline:
        time.sleep(0.005)
    assert (job.done, job.progress) == (False, "half")
    gate.set()
    assert finished(job).result() == 7
    assert jobs.find("a") is job
    assert runs == ["counting"]
    jobs.forget("a")
    assert jobs.find("a") is None


def test_error_comes_where_the_result_is_asked_for(jobs: Jobs) -> None:
    """As if the page had done the work itself."""

    def work(job: Job) -> int:
        raise ValueError(f"{job.name} failed")

    job = finished(jobs.start("a", "counting", work))
    with pytest.raises(ValueError, match="counting failed"):
        job.result()


def test_there_are_so_many_at_a_time(jobs: Jobs) -> None:
    """The fifth is refused while four are under way, and takes its turn when one is done."""
    gate = threading.Event()
    waiting = [jobs.start(str(number), "waits", lambda _: gate.wait(10)) for number in range(4)]
    with pytest.raises(TooManyJobs):
        jobs.start("more", "waits", lambda _: 1)
    gate.set()
    for job in waiting:
        finished(job)
    assert finished(jobs.start("more", "goes", lambda _: 1)).result() == 1


def test_old_results_make_room(jobs: Jobs) -> None:
    """Results are kept for a while, not for ever."""
    for number in range(20):
        finished(jobs.start(str(number), "quick", lambda _, number=number: number))
    assert jobs.find("0") is None
    last = jobs.find("19")
    assert last is not None
    assert last.result() == 19
