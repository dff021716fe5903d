"""Making the books anew from the service's own copy of the journal, beside everything else that it does.

A year of a large network takes minutes. So a replay runs in a thread of its own, reads the journal in pieces, to keep
nobody from writing, and holds in memory no more than a piece and the sums. Who wants one waits a little and asks again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import structlog

from coalition.merkle import Frontier, leaf_hash
from coalition.v1 import network_pb2
from settlement.clearing.directory import Directory
from settlement.clearing.entry import ClearingError, StoredEntry
from settlement.clearing.state import State, Window, clear
from settlement.clearing.totals import Tally, Totals
from settlement.store.database import Database
from settlement.store.entries import list_entries
from settlement.store.sums import sum_lines

_PIECE_ENTRIES: Final = 10_000
#: A finished replay is believed for so long.
_FRESH_S: Final = 3_600.0

_log = structlog.stdlib.get_logger("settlement.replays")


@dataclass(frozen=True, slots=True)
class Extent:
    """How far a replay goes."""

    #: The last entry that is cleared.
    last: int
    #: How many entries the root is over; at least `last`.
    size: int
    #: The windows whose lines are added up as well.
    windows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Replayed:
    """What the journal comes to, made anew."""

    extent: Extent
    windows: Mapping[int, Window]
    totals: Mapping[int, Totals]
    #: Over `extent.size` entries as they are stored.
    root: bytes
    #: Every key that the hub has had, as far as the journal says.
    hub_keys: frozenset[bytes]
    #: Windows whose lines, as they are stored, do not come to these totals.
    torn: tuple[int, ...] = ()
    #: Why it could not go on; empty where it came to its end.
    problem: str = ""


@dataclass(slots=True)
class _Work:
    """One replay, under way or finished."""

    extent: Extent
    done: int = 0
    finished_s: float = 0.0
    result: Replayed | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    finished: threading.Event = field(default_factory=threading.Event)

    @property
    def outdated(self) -> bool:
        """Whether somebody who asks now wants another one: it is old, or it found something wrong."""
        if self.result is None:
            return False
        return bool(self.result.problem or self.result.torn) or time.monotonic() - self.finished_s > _FRESH_S


class Replays:
    """One replay at a time, kept until another is wanted."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._work: _Work | None = None
        self._closed = False

    def of(self, extent: Extent, wait_s: float) -> Replayed | float | None:
        """The replay so far, begun now unless it is under way: finished, or after `wait_s` seconds how much is done.

        Between 0 and 1; None while another one is under way, which is let finish: whoever asks in turns for two would
        else never get either. One that found something wrong is not believed a second time: the next call begins anew.
        """
        end_s = time.monotonic() + wait_s
        while True:
            with self._lock:
                work = self._work
                if work is None or (work.finished.is_set() and (work.extent != extent or work.outdated)):
                    work = self._work = _Work(extent)
                    if self._closed:
                        work.finished.set()
                        return 0.0
                    threading.Thread(target=self._run, args=(work,), name="replay", daemon=True).start()
            finished = work.finished.wait(max(0.0, end_s - time.monotonic()))
            if work.extent == extent:
                return work.result if work.result is not None else work.done / max(1, extent.size)
            if not finished:
                return None

    def kept(self, extent: Extent) -> Replayed | None:
        """The last replay, where it is this one and it is finished."""
        with self._lock:
            work = self._work
        return work.result if work is not None and work.extent == extent else None

    def close(self) -> None:
        """End what is under way."""
        with self._lock:
            self._closed = True
            work = self._work
        if work is not None:
            work.stop.set()
            work.finished.wait(5.0)

    def _run(self, work: _Work) -> None:
        try:
            work.result = _replay(self._database, work)
            work.finished_s = time.monotonic()
        except Exception:  # noqa: BLE001 - the last resort of a thread: logged in full, and begun anew when asked for
            _log.exception("unexpected")
            problem = "it failed; the service's log says why"
            work.result = Replayed(work.extent, {}, {}, b"", frozenset(), (), problem)
        finally:
            work.finished.set()


def _replay(database: Database, work: _Work) -> Replayed | None:
    """The whole replay, or None where it was told to stop."""
    extent, state, frontier = work.extent, State(), Frontier()
    windows: dict[int, Window] = {}
    tallies: dict[int, Tally] = {}
    hub_keys: set[bytes] = set()
    problem = ""
    while work.done < extent.size and not problem:
        if work.stop.is_set():
            return None
        piece = _piece(database, work.done + 1, min(work.done + _PIECE_ENTRIES, extent.size))
        frontier.extend(leaf_hash(entry.raw) for entry in piece)
        try:
            state, changes = clear(state, [entry for entry in piece if entry.sequence <= extent.last])
        except ClearingError as error:
            problem = str(error)
            break
        windows.update((window.number, window) for window in changes.windows)
        for number, part in changes.totals.items():
            _add(tallies.setdefault(number, Tally()), part)
        hub_keys |= _hub_keys(state.directory)
        work.done += len(piece)
        if not piece:
            problem = f"entry {work.done + 1} is missing"
    totals = {number: tally.totals() for number, tally in tallies.items()}
    torn = () if problem else _torn(database, extent, windows, totals)
    return Replayed(extent, windows, totals, frontier.root(), frozenset(hub_keys), torn, problem)


def _torn(
    database: Database, extent: Extent, windows: Mapping[int, Window], totals: Mapping[int, Totals]
) -> tuple[int, ...]:
    torn = []
    for number in extent.windows:
        window = windows[number]
        with database.read() as connection:
            lines = sum_lines(connection, window.first_sequence, window.last_sequence)
        if lines != totals[number].sums:
            torn.append(number)
    return tuple(torn)


def _piece(database: Database, first: int, last: int) -> list[StoredEntry]:
    with database.read() as connection:
        return list(list_entries(connection, first, last))


def _add(tally: Tally, part: Totals) -> None:
    for key, total in part.sums.items():
        tally.add(key, total)
    for flow_key, flow in part.flows.items():
        tally.flow(flow_key, flow)


def _hub_keys(directory: Directory) -> set[bytes]:
    parties = directory.parties.values()
    return {key for party in parties if party.kind == network_pb2.PARTY_KIND_HUB for key in party.keys}
