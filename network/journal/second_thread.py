"""A thread that does one thing after the other for another thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from types import TracebackType
from typing import Final, ParamSpec, Self, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class SecondThread:
    """Runs for as long as a `with` block lasts, then ends once it has done all that it was given.

    Nothing waits for it, as the interpreter does for an executor's threads before it ends: a commit that the database
    leaves without an answer must not keep the process.
    """

    def __init__(self, name: str) -> None:
        self._work: Final[SimpleQueue[Callable[[], None] | None]] = SimpleQueue()
        self._thread: Final = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._work.put(None)

    def submit(self, call: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Have it call this; the future says what came of it."""
        done: Future[R] = Future()

        def work() -> None:
            try:
                result = call(*args, **kwargs)
            except BaseException as error:  # noqa: BLE001 - raised where the result is wanted
                done.set_exception(error)
            else:
                done.set_result(result)

        self._work.put(work)
        return done

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            work()
            # What it was about must not stay for as long as there is nothing else to do.
            del work
