"""The ledger's state in memory from batch to batch: what was loaded, and what the batches since have made of it.

A batch finds there most of what it touches, because members who buy today come again. It is right while nobody else
writes, and the log says so itself: the hashes of its edge stand for every entry before them.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection

from network.ledger.state import Head, State, Wanted
from network.store.head import read_head
from network.store.load import load
from network.store.reference import load_reference

#: Where a log ends: its size and the hashes of its edge.
Edge = tuple[int, tuple[bytes, ...]]


def edge_of(head: Head) -> Edge:
    """Two logs with the same edge are the same log."""
    return (head.sequence, tuple(head.frontier.hashes))


class WorkingSet:
    """Not to be used by two threads at once."""

    def __init__(self, state: State) -> None:
        self.state: Final = state
        #: Where the last batch began, and what it touched.
        self._began = edge_of(state.head)
        self._touched = Wanted()

    @classmethod
    def at(cls, connection: Connection, head: Head, kept: WorkingSet | None) -> WorkingSet:
        """The working set as of the head, which nobody may move meanwhile: the one that was kept, if it still holds."""
        if kept is None:
            return cls(State(head, load_reference(connection)))
        if edge_of(kept.state.head) == edge_of(head):
            return kept
        return cls(State(head, load_reference(connection)))

    def load(self, connection: Connection, wanted: Wanted, *, unwritten: bool, holders_max: int) -> bool:
        """Have in memory what a batch wants. `unwritten` says that the database may lack what the batch before did.

        Of holders that this batch does not want no more than `holders_max` stay. False where what is unwritten would be
        missed, for what the batch before committed and this one reverses is read from the journal; and where the
        database has anything else than what came before.
        """
        here = edge_of(self.state.head)
        # What is loaded must be of this very log. Readers may reach another server than the writer does.
        if unwritten and edge_of(read_head(connection)) not in (self._began, here):
            return False
        committed = self.state.committed.rows
        if unwritten and any(committed.get(key) is not None for key in wanted.originals):
            return False
        self.state.forget(self._touched if unwritten else Wanted(), holders_max)
        load(connection, self.state, wanted)
        self._began, self._touched = here, wanted
        return True
