"""How a run tells people how far it is: bars on a terminal, a line now and then elsewhere."""

from __future__ import annotations

from types import TracebackType
from typing import Final, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


class Watcher(Protocol):
    """Is told how a run goes on."""

    def stage(self, text: str, total: int | None = None) -> None:
        """Something new begins, of `total` steps when that is known."""

    def advance(self, done: int, note: str = "") -> None:
        """So many steps of it are done."""


class Bars:
    """One bar for each stage, for terminals."""

    def __init__(self, console: Console) -> None:
        self._progress: Final = Progress(
            SpinnerColumn(finished_text="✓"),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}"),
            console=console,
        )
        self._task = self._progress.add_task("Reading the data", total=None, note="")

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._finish()
        self._progress.stop()

    def stage(self, text: str, total: int | None = None) -> None:
        """The bar before is full; the next one begins."""
        self._finish()
        self._task = self._progress.add_task(text, total=total, note="")

    def advance(self, done: int, note: str = "") -> None:
        """Move the bar."""
        self._progress.update(self._task, completed=done, note=note)

    def _finish(self) -> None:
        total = self._progress.tasks[self._task].total
        self._progress.update(self._task, total=total or 1, completed=total or 1)


class Lines:
    """A line for each stage and each month of the data, for logs."""

    def __init__(self, console: Console) -> None:
        self._console: Final = console
        self._month = ""

    def __enter__(self) -> Lines:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to put away."""

    def stage(self, text: str, total: int | None = None) -> None:
        """Say what begins."""
        self._console.print(text if total is None else f"{text}: {total:,} steps")

    def advance(self, done: int, note: str = "") -> None:
        """Say when a month of the data begins."""
        if note[:7] != self._month and note:
            self._month = note[:7]
            self._console.print(f"  {self._month}, from step {done:,}")


def watcher_for(console: Console) -> Bars | Lines:
    """What fits a console."""
    return Bars(console) if console.is_terminal else Lines(console)
