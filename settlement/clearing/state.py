"""Clearing as a fold over the journal: a state, more entries, the next state and what changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from settlement.clearing.directory import Directory
from settlement.clearing.effects import add_effects
from settlement.clearing.entry import ClearingError, Entry
from settlement.clearing.totals import Sums, Totals

_GENESIS = "genesis"
_CLOSE = "close_window"


@dataclass(frozen=True, slots=True)
class Window:
    """A contiguous range of the journal that is settled together. `last_sequence` and `closed_us` are 0 while open."""

    number: int
    first_sequence: int
    opened_us: int
    last_sequence: int = 0
    closed_us: int = 0

    @property
    def is_open(self) -> bool:
        """Whether entries may still join it."""
        return self.last_sequence == 0


@dataclass(frozen=True, slots=True)
class State:
    """What clearing has to remember after the entry at `sequence`. Immutable: a failed batch leaves nothing behind."""

    sequence: int = 0
    committed_us: int = 0
    directory: Directory = field(default_factory=Directory)
    #: The open window; None before the first entry.
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """What a batch of entries adds to the books."""

    #: Windows that were opened or closed, ascending, as they are now.
    windows: tuple[Window, ...]
    #: What is to be added to each window's totals.
    totals: Mapping[int, Totals]
    #: The entries that the directory was learned from.
    lessons: tuple[Entry, ...]


def clear(state: State, entries: Iterable[Entry]) -> tuple[State, Changes]:
    """Take in entries that follow those of `state`. Raises ClearingError, naming the entry."""
    windows: dict[int, Window] = {}
    sums: dict[int, Sums] = {}
    lessons: list[Entry] = []
    for entry in entries:
        window = _window_of(state, entry)
        if state.window is None:
            windows[window.number] = window
        learned = state.directory.learn(entry)
        if learned is not state.directory:
            lessons.append(entry)
        add_effects(entry, learned, sums.setdefault(window.number, Sums()))
        if entry.kind == _CLOSE and entry.accepted:
            windows[window.number] = _closed(window, entry)
            window = Window(window.number + 1, entry.sequence + 1, entry.committed_us)
            windows[window.number] = window
        state = State(entry.sequence, entry.committed_us, learned, window)
    return state, Changes(
        windows=tuple(windows[number] for number in sorted(windows)),
        totals={number: part.totals() for number, part in sorted(sums.items())},
        lessons=tuple(lessons),
    )


def _window_of(state: State, entry: Entry) -> Window:
    """The window that is open when `entry` arrives, which must be the one that the entry names."""
    if entry.sequence != state.sequence + 1:
        raise ClearingError(entry.sequence, f"it does not follow entry {state.sequence}.")
    if entry.committed_us <= state.committed_us:
        raise ClearingError(entry.sequence, "its commit time is not later than that of the entry before it.")
    window = state.window
    if window is None:
        if entry.kind != _GENESIS or not entry.accepted:
            raise ClearingError(entry.sequence, "a journal begins by founding the network.")
        window = Window(1, entry.sequence, entry.committed_us)
    if entry.window != window.number:
        raise ClearingError(entry.sequence, f"it belongs to window {entry.window}, but window {window.number} is open.")
    return window


def _closed(window: Window, entry: Entry) -> Window:
    if entry.transaction.close_window.window != window.number:
        raise ClearingError(
            entry.sequence,
            f"it closes window {entry.transaction.close_window.window}, but window {window.number} is open.",
        )
    return replace(window, last_sequence=entry.sequence, closed_us=entry.committed_us)
