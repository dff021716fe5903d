"""Replays the journal into an empty state and compares every byte of it with what the ledger makes anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing
from typing import Any, Final, NamedTuple

from google.protobuf.message import DecodeError
from sqlalchemy import Connection, func, select

from coalition.errors import Refused
from coalition.keys import fingerprint
from coalition.merkle import Frontier, leaf_hash
from coalition.note import Checkpoint, checkpoint_origin
from coalition.v1.journal_pb2 import JournalEntry
from network.ledger.engine import Entry, Processed, process
from network.ledger.records import Committed
from network.ledger.state import Head, Reference, State
from network.store import tables
from network.store.flush import entry_row, envelope_row
from network.store.projections import PROJECTIONS
from network.verify.journal import Group, Reopened, first_broken, groups, is_in_place, reopen, repeated_transactions
from network.verify.report import Failures
from network.verify.rows import compare_rows
from network.verify.tiles import Tiles


class Pinned(NamedTuple):
    """What is known about the network from elsewhere."""

    network_id: str | None
    hub_keys: tuple[bytes, ...]
    checkpoint: Checkpoint | None


class Replay:
    """One replay of a journal, from its first entry to its last, or to the first over which the ledger stumbles."""

    def __init__(self, pinned: Pinned, progress: Callable[[int, int], object]) -> None:
        self.state: Final = State(Head(), Reference(), complete=True)
        #: Whether the end was reached.
        self.complete = False
        self._pinned: Final = pinned
        self._progress: Final = progress
        self._tiles: Final = Tiles()
        #: Grows leaf by leaf, while the ledger's own grows envelope by envelope.
        self._log: Final = Frontier()
        self._repeated: dict[tuple[str, bytes], bytes | None] = {}
        self._records: Final = [projection.records(self.state) for projection in PROJECTIONS]

    @property
    def network_id(self) -> str:
        """Empty before the first entry."""
        network = self.state.reference.network.get("")
        return "" if network is None else network.network_id

    def run(self, connection: Connection, failures: Failures) -> None:
        """Replay all of the journal. What follows an envelope that cannot be replayed is not looked at."""
        total = connection.execute(select(func.count()).select_from(tables.entries)).scalar_one()
        self._repeated = repeated_transactions(connection)
        with closing(groups(connection)) as all_groups:
            if not self._replay(connection, all_groups, total, failures):
                return
        failures.compare("table entries, number of rows", self.state.head.sequence, total)
        self._tiles.finish(connection, failures)
        self._check_head(connection, failures)
        self._check_pinned(failures)
        self.complete = True

    def _replay(self, connection: Connection, all_groups: Iterable[Group], total: int, failures: Failures) -> bool:
        """Whether the end was reached."""
        for group in all_groups:
            sequence = self.state.head.sequence + 1
            failures.place = f"entry {sequence}"
            if not is_in_place(group, sequence, failures):
                return False
            # What is wrong with an envelope as a whole is the fault of an entry in it that is broken.
            processed = self._apply(group, first_broken(group, failures) or sequence, failures)
            if processed is None:
                return False
            for entry in processed.entries:
                self._append(connection, entry, failures)
            self._progress(self.state.head.sequence, total)
        return True

    def _apply(self, group: Group, sequence: int, failures: Failures) -> Processed | None:
        """Have the ledger decide again and compare; None, and a failure, when it cannot."""
        where = f"entry {sequence}, its envelope"
        try:
            reopened = reopen(group, self._repeated)
        except Refused as refused:
            failures.add(where, "what its author signed", refused.message, sequence)
            return None
        try:
            processed = process(self.state, reopened.envelope, reopened.first_committed_us)
        except Refused as refused:
            failures.add(where, "an envelope that the ledger takes", refused.message, sequence)
            return None
        # A journal that was tampered with may take the ledger where no journal of its own can.
        except Exception as error:  # noqa: BLE001
            failures.add(where, "an envelope that the ledger can apply", f"{type(error).__name__}: {error}", sequence)
            return None
        if not failures.compare(f"{where}, new entries", len(processed.entries), len(group.entries), sequence):
            return None
        self._compare(group, reopened, processed, failures)
        self._forget(reopened, processed)
        return processed

    def _compare(self, group: Group, reopened: Reopened, processed: Processed, failures: Failures) -> None:
        first = processed.entries[0].sequence
        compare_rows(tables.envelopes, envelope_row(reopened.envelope, processed), group.envelope, failures, first)
        for entry, row in zip(processed.entries, group.entries, strict=True):
            if not compare_rows(tables.entries, entry_row(entry, first), row, failures, entry.sequence):
                _compare_bodies(entry, row, failures)

    def _forget(self, reopened: Reopened, processed: Processed) -> None:
        """Keep of the journal only what later entries need: which ids are taken, and what is sent again."""
        state = self.state
        author = reopened.envelope.header.author
        for entry in processed.entries:
            again = (author, leaf_hash(entry.transaction))
            if again in self._repeated:
                self._repeated[again] = entry.transaction
            else:
                state.committed.rows[author, entry.transaction_id] = Committed(entry.sequence, b"", b"")
        state.undo.clear()
        state.committed.settle()
        for records in self._records:
            records.settle()

    def _append(self, connection: Connection, entry: Entry, failures: Failures) -> None:
        self._log.append(entry.leaf_hash)
        self._tiles.append(connection, entry.leaf_hash, failures)
        checkpoint = self._pinned.checkpoint
        if checkpoint is not None and checkpoint.size == self._log.size:
            failures.compare(
                f"entry {entry.sequence}, root of the log up to it",
                checkpoint.root,
                self._log.root(),
                entry.sequence,
            )

    def _check_head(self, connection: Connection, failures: Failures) -> None:
        head = self.state.head
        failures.compare("the log's root", self._log.root(), head.frontier.root())
        expected = (
            1,
            head.sequence,
            head.committed_us,
            head.window,
            head.reference_sequence,
            b"".join(head.frontier.hashes),
            head.frontier.root(),
        )
        found = connection.execute(select(tables.head)).all()
        if failures.compare("table head, number of rows", 1, len(found)):
            compare_rows(tables.head, expected, found[0], failures)

    def _check_pinned(self, failures: Failures) -> None:
        pinned = self._pinned
        if pinned.network_id is not None:
            failures.compare("the network's id", pinned.network_id, self.network_id)
        network = self.state.reference.network.get("")
        hub = None if network is None else self.state.reference.parties.get(network.hub)
        for key in pinned.hub_keys:
            if hub is None or key not in (*hub.keys, *hub.revoked_keys):
                failures.add("the hub's keys", f"the key {fingerprint(key)} among them", "other keys")
        if pinned.checkpoint is not None:
            failures.compare("the log's origin", pinned.checkpoint.origin, checkpoint_origin(self.network_id))
            if pinned.checkpoint.size > self._log.size:
                failures.add("the journal", f"at least {pinned.checkpoint.size} entries", str(self._log.size))


def _compare_bodies(entry: Entry, row: Any, failures: Failures) -> None:
    """Say which part of a wrong entry is wrong."""
    if entry.body == row.body:
        return
    expected = JournalEntry.FromString(entry.body)
    try:
        found = JournalEntry.FromString(row.body)
    except DecodeError:
        return
    for field in JournalEntry.DESCRIPTOR.fields:
        failures.compare(
            f"entry {entry.sequence}, {field.name}",
            getattr(expected, field.name),
            getattr(found, field.name),
            entry.sequence,
        )
