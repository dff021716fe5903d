"""Work that takes longer than somebody wants to look at an empty page: done beside the page, which renews itself."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

_THREADS: Final = 4
#: Jobs that are under way or whose results are kept; the oldest finished one goes first.
_KEPT_MAX: Final = 8


class TooManyJobs(Exception):
    """As many are under way as there may be."""


@dataclass(slots=True)
class Job:
    """Something under way, or its result."""

    name: str
    future: Future[Any] = field(repr=False)
    #: How far it is, in words; the work itself says so.
    progress: str = ""

    @property
    def done(self) -> bool:
        """Whether there is a result, or an error."""
        return self.future.done()

    def result(self) -> Any:
        """What came of it, once it is done. Raises what the work raised."""
        return self.future.result(0)


class Jobs:
    """The work of one console. Ends with its process, for nothing of it is written anywhere."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="job")
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._lock = threading.Lock()

    def start(self, key: str, name: str, work: Callable[[Job], Any]) -> Job:
        """Begin it, unless it has begun. `work` gets the job, to say how far it is. Raises TooManyJobs."""
        with self._lock:
            found = self._jobs.get(key)
            if found is not None:
                return found
            if sum(not job.done for job in self._jobs.values()) >= _THREADS:
                raise TooManyJobs
            while len(self._jobs) >= _KEPT_MAX:
                del self._jobs[next(known for known, job in self._jobs.items() if job.done)]
            job = Job(name, Future())
            self._jobs[key] = job
        self._pool.submit(_carry_out, job, work)
        return job

    def find(self, key: str) -> Job | None:
        """One that was begun, and is kept."""
        return self._jobs.get(key)

    def forget(self, key: str) -> None:
        """Whoever asks for it next begins it again."""
        with self._lock:
            self._jobs.pop(key, None)

    def close(self) -> None:
        """Begin nothing more. What is under way ends by itself."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _carry_out(job: Job, work: Callable[[Job], Any]) -> None:
    try:
        result = work(job)
    except BaseException as error:  # noqa: BLE001 - raised again where the result is asked for
        job.future.set_exception(error)
    else:
        job.future.set_result(result)
