"""Clearing as a fold over the journal: a state, more entries, the next state and what changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from settlement.clearing.directory import Directory
from settlement.clearing.effects import day_of, movements_of
from settlement.clearing.entry import ClearingError, Entry
from settlement.clearing.flows import flows_of
from settlement.clearing.movements import Movement
from settlement.clearing.pools import Pool, Pools
from settlement.clearing.totals import Tally, Totals

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
    #: By issuer.
    pools: Mapping[str, Pool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Changes:
    """What a batch of entries adds to the books."""

    #: Windows that were opened or closed, ascending, as they are now.
    windows: tuple[Window, ...]
    #: What is to be added to each window's totals.
    totals: Mapping[int, Totals]
    #: What each entry moves, of those that move something.
    movements: tuple[tuple[Entry, tuple[Movement, ...]], ...]
    #: The pools that are others now.
    pools: Mapping[str, Pool]
    #: The entries that the directory was learned from.
    lessons: tuple[Entry, ...]


def clear(state: State, entries: Iterable[Entry]) -> tuple[State, Changes]:
    """Take in entries that follow those of `state`. Raises ClearingError, naming the entry."""
    sequence, committed_us, directory, window = state.sequence, state.committed_us, state.directory, state.window
    windows: dict[int, Window] = {}
    tallies: dict[int, Tally] = {}
    pools = Pools(state.pools)
    moved: list[tuple[Entry, tuple[Movement, ...]]] = []
    lessons: list[Entry] = []
    for entry in entries:
        if entry.sequence != sequence + 1:
            raise ClearingError(entry.sequence, f"it does not follow entry {sequence}.")
        if entry.committed_us <= committed_us:
            raise ClearingError(entry.sequence, "its commit time is not later than that of the entry before it.")
        if window is None:
            window = windows[1] = _first_window(entry)
        if entry.window != window.number:
            text = f"it belongs to window {entry.window}, but window {window.number} is open."
            raise ClearingError(entry.sequence, text)
        learned = directory.learn(entry)
        if learned is not directory:
            directory = learned
            lessons.append(entry)
        tally = tallies.get(window.number)
        if tally is None:
            tally = tallies[window.number] = Tally()
        movements = movements_of(entry, directory, pools)
        if movements:
            moved.append((entry, movements))
            _tally(tally, entry, movements, day_of(entry, directory))
        sequence, committed_us = entry.sequence, entry.committed_us
        if entry.kind == _CLOSE and entry.accepted:
            windows[window.number] = _closed(window, entry)
            window = Window(window.number + 1, sequence + 1, committed_us)
            windows[window.number] = window
    return State(sequence, committed_us, directory, window, {**state.pools, **pools.changed}), Changes(
        windows=tuple(windows[number] for number in sorted(windows)),
        totals={number: tally.totals() for number, tally in sorted(tallies.items())},
        movements=tuple(moved),
        pools=pools.changed,
        lessons=tuple(lessons),
    )


def _tally(tally: Tally, entry: Entry, movements: Sequence[Movement], day: str) -> None:
    for movement in movements:
        tally.move(movement)
    # All movements of an entry are of one kind.
    for key, flow in flows_of(entry, movements[0].kind, day):
        tally.flow(key, flow)


def _first_window(entry: Entry) -> Window:
    if entry.kind != _GENESIS or not entry.accepted:
        raise ClearingError(entry.sequence, "a journal begins by founding the network.")
    return Window(1, entry.sequence, entry.committed_us)


def _closed(window: Window, entry: Entry) -> Window:
    if entry.transaction.close_window.window != window.number:
        raise ClearingError(
            entry.sequence,
            f"it closes window {entry.transaction.close_window.window}, but window {window.number} is open.",
        )
    return replace(window, last_sequence=entry.sequence, closed_us=entry.committed_us)
