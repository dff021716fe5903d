"""Simulations on the service's own copy of the journal: one at a time, in small steps, beside the intake."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Final, NamedTuple

from sqlalchemy import Connection, select

from coalition.errors import Refused
from coalition.v1 import error_pb2
from settlement.clearing.directory import Directory, Network
from settlement.clearing.netting import multilateral
from settlement.clearing.obligations import owed_in
from settlement.clearing.totals import SUM_MAX, Totals
from settlement.simulation.fold import Fold, margin_of
from settlement.simulation.request import Supposed, policies_in, suppose
from settlement.simulation.supposition import Supposition
from settlement.store import tables
from settlement.store.database import Database
from settlement.store.entries import list_entries, list_lessons
from settlement.store.windows import list_windows, read_totals

#: Windows that one simulation tells of.
WINDOWS_MAX: Final = 1_000
#: Entries that are cleared before others have their turn.
_STEP: Final = 500
#: How long a simulation rests after a step, as a part of what the step took: whoever takes in the journal has the
#: interpreter for itself meanwhile.
_REST: Final = 1.0


class Begun(NamedTuple):
    """As of which entry, in which network."""

    sequence: int
    network: Network


class Advance(NamedTuple):
    """So many entries have been cleared anew."""

    done: int


class Position(NamedTuple):
    """A party's net position, as it is and as it would be; micro-units, positive receives."""

    party_id: str
    amount_micros: int
    simulated_micros: int


class Simulated(NamedTuple):
    """A window as it is and as it would be."""

    number: int
    positions: tuple[Position, ...]
    margin_micros: int
    simulated_margin_micros: int


@dataclass(frozen=True, slots=True)
class _Journal:
    """What is read at the beginning, all of it as of the same entry."""

    sequence: int
    network: Network
    supposition: Supposition
    windows: tuple[int, ...]
    #: The open window and its totals, which go on changing.
    open_number: int
    open_totals: Totals


class Simulator:
    """Tells what windows would have come to."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._place = Lock()

    def simulate(
        self, supposed: Supposed, windows: Sequence[int]
    ) -> Generator[Begun | Advance | Simulated, None, None]:
        """Begun, then how far it has come again and again, then each of `windows`, or of all for none, ascending.

        Raises Refused: what `suppose` raises, NOT_FOUND for a window that there is not, FIELD_INVALID for too many, and
        OVERLOADED while another simulation runs.
        """
        if not self._place.acquire(blocking=False):
            raise Refused(
                error_pb2.REASON_OVERLOADED,
                "Another simulation is under way, and there is one at a time. Ask again when it is done.",
                {"limit": "1"},
            )
        try:
            yield from self._simulate(supposed, windows)
        finally:
            self._place.release()

    def _simulate(self, supposed: Supposed, windows: Sequence[int]) -> Iterator[Begun | Advance | Simulated]:
        with self._database.read() as connection:
            journal = _read_journal(connection, supposed, windows)
        yield Begun(journal.sequence, journal.network)
        fold = Fold(journal.supposition, journal.windows)
        for first in range(1, journal.sequence + 1, _STEP):
            began = time.perf_counter()
            last = min(first + _STEP - 1, journal.sequence)
            # A view of its own for each step: one that lasted would keep the database's log from being taken in.
            with self._database.read() as connection:
                fold.take(list_entries(connection, first, last))
            time.sleep((time.perf_counter() - began) * _REST)
            yield Advance(last)
        for number, totals in fold.totals().items():
            yield self._compared(journal, number, totals)

    def _compared(self, journal: _Journal, number: int, simulated: Totals) -> Simulated:
        if any(max(total) > SUM_MAX for total in simulated.sums.values()):
            raise Refused(
                error_pb2.REASON_FIELD_INVALID,
                f"With such rates a sum of window {number} goes beyond {SUM_MAX}. Suppose smaller ones.",
                {"window": str(number), "limit": str(SUM_MAX)},
            )
        if number == journal.open_number:
            totals = journal.open_totals
        else:
            with self._database.read() as connection:
                totals = read_totals(connection, number)
        operator = journal.network.operator
        before, after = (multilateral(owed_in(part, operator)) for part in (totals, simulated))
        return Simulated(
            number,
            tuple(
                Position(party_id, before.get(party_id, 0), after.get(party_id, 0))
                for party_id in sorted(before.keys() | after.keys())
            ),
            margin_of(totals, operator),
            margin_of(simulated, operator),
        )


def _read_journal(connection: Connection, supposed: Supposed, wanted: Sequence[int]) -> _Journal:
    sequence = connection.scalar(select(tables.progress.c.sequence))
    lessons = list(list_lessons(connection))
    directory = Directory()
    for entry in lessons:
        directory = directory.learn(entry)
    network = directory.network
    if sequence is None or network is None:
        raise Refused(error_pb2.REASON_NOT_FOUND, "Nothing of the journal has been read yet. Try again later.")
    supposition = suppose(supposed, directory, policies_in(lessons))
    known = [window.number for window in list_windows(connection)]
    windows = tuple(sorted(set(wanted))) or tuple(known)
    if len(windows) > WINDOWS_MAX:
        raise Refused(
            error_pb2.REASON_FIELD_INVALID,
            f"windows are {len(windows)}; at most {WINDOWS_MAX} are told of at once. Name those that matter.",
            {"limit": str(WINDOWS_MAX)},
        )
    for number in windows:
        if number not in known:
            text = f"There is no window {number}, as of entry {sequence}."
            raise Refused(error_pb2.REASON_NOT_FOUND, text, {"window": str(number)})
    return _Journal(sequence, network, supposition, windows, known[-1], read_totals(connection, known[-1]))
