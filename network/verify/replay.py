"""Replays the journal into an empty state and compares every byte of it with what the ledger makes anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Final, NamedTuple

from google.protobuf.message import DecodeError
from sqlalchemy import Connection, func, select

from coalition.errors import Refused
from coalition.keys import fingerprint
from coalition.note import Checkpoint, checkpoint_origin
from coalition.v1.journal_pb2 import JournalEntry
from network.ledger.engine import Entry, Processed, process
from network.reopening.envelopes import Reopened, reopen
from network.reopening.openers import Openers
from network.store import tables
from network.store.flush import entry_row, envelope_row
from network.verify.journal import (
    BODY,
    Group,
    first_broken,
    groups,
    is_in_place,
    openable,
    repeated_transactions,
    reversed_transactions,
)
from network.verify.report import Failures
from network.verify.rows import compare_rows
from network.verify.state import Key, ReplayState
from network.verify.tiles import Tiles


class Pinned(NamedTuple):
    """What is known about the network from elsewhere."""

    network_id: str | None
    hub_keys: tuple[bytes, ...]
    checkpoint: Checkpoint | None


class Replay:
    """One replay of a journal, from its first entry to its last, or to the first over which the ledger stumbles."""

    def __init__(self, pinned: Pinned, progress: Callable[[int, int], object], openers: Openers) -> None:
        """`openers` open envelopes ahead, if there are any."""
        self.state = ReplayState()
        #: Whether the end was reached.
        self.complete = False
        self._pinned: Final = pinned
        self._progress: Final = progress
        self._openers: Final = openers
        self._tiles: Final = Tiles()
        #: The bytes of transactions that were sent again later, once they have been met.
        self._repeated: dict[Key, bytes | None] = {}

    @property
    def network_id(self) -> str:
        """Empty before the first entry."""
        network = self.state.reference.network.get("")
        return "" if network is None else network.network_id

    def run(self, connection: Connection, failures: Failures) -> None:
        """Replay all of the journal. What follows an envelope that cannot be replayed is not looked at."""
        total = connection.execute(select(func.count()).select_from(tables.entries)).scalar_one()
        self._repeated = repeated_transactions(connection)
        self.state = ReplayState(total, reversed_transactions(connection))
        with closing(groups(connection)) as all_groups:
            for group, opened in self._openers.ahead(all_groups, openable):
                if not self._take(connection, group, opened, failures):
                    return
                self._progress(self.state.head.sequence, total)
        failures.compare("table entries, number of rows", self.state.head.sequence, total)
        self._tiles.finish(connection, failures)
        self._check_head(connection, failures)
        self._check_pinned(failures)
        self.complete = True

    def _take(self, connection: Connection, group: Group, opened: Reopened | None, failures: Failures) -> bool:
        """Replay an envelope and compare; False where the replay cannot go on after it."""
        sequence = self.state.head.sequence + 1
        failures.place = f"entry {sequence}"
        if not is_in_place(group, sequence, failures):
            return False
        try:
            # An opener does not say what is wrong, and does not know what was sent again.
            reopened = opened or reopen(group.kept(), self._repeated)
        except Refused as refused:
            _blame(group, "what its author signed", refused.message, failures)
            return False
        processed = self._process(group, reopened, failures)
        if processed is None:
            return False
        _compare(group, reopened, processed, failures)
        self._grow(connection, [entry.leaf_hash for entry in processed.entries], failures)
        self.state.keep(processed.entries, self._repeated)
        return True

    def _process(self, group: Group, reopened: Reopened, failures: Failures) -> Processed | None:
        """Have the ledger decide again; None, and a failure, when it cannot."""
        self.state.expect(reopened.envelope)
        try:
            processed = process(self.state, reopened.envelope, reopened.first_committed_us)
        except Refused as refused:
            _blame(group, "an envelope that the ledger takes", refused.message, failures)
            return None
        # A journal that was tampered with may take the ledger where no journal of its own can.
        except Exception as error:  # noqa: BLE001
            _blame(group, "an envelope that the ledger can apply", f"{type(error).__name__}: {error}", failures)
            return None
        if len(processed.entries) != len(group.entries):
            sequence = _culprit(group, failures)
            where = f"entry {sequence}, its envelope, new entries"
            failures.compare(where, len(processed.entries), len(group.entries), sequence)
            return None
        return processed

    def _grow(self, connection: Connection, leaves: Sequence[bytes], failures: Failures) -> None:
        """Add leaves to the log, and hold it against the checkpoint as it comes by."""
        checkpoint = self._pinned.checkpoint
        if checkpoint is not None and self._tiles.size < checkpoint.size <= self._tiles.size + len(leaves):
            before = checkpoint.size - self._tiles.size
            self._tiles.extend(connection, leaves[:before], failures)
            where = f"entry {checkpoint.size}, root of the log up to it"
            failures.compare(where, checkpoint.root, self._tiles.root(), checkpoint.size)
            leaves = leaves[before:]
        self._tiles.extend(connection, leaves, failures)

    def _check_head(self, connection: Connection, failures: Failures) -> None:
        head = self.state.head
        failures.compare("the log's root", self._tiles.root(), head.frontier.root())
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
            if pinned.checkpoint.size > self._tiles.size:
                failures.add("the journal", f"at least {pinned.checkpoint.size} entries", str(self._tiles.size))


def _culprit(group: Group, failures: Failures) -> int:
    """What is wrong with an envelope as a whole is the fault of an entry in it that is broken, if there is one."""
    return first_broken(group, failures) or group.first_sequence


def _blame(group: Group, expected: str, found: str, failures: Failures) -> None:
    sequence = _culprit(group, failures)
    failures.add(f"entry {sequence}, its envelope", expected, found, sequence)


def _compare(group: Group, reopened: Reopened, processed: Processed, failures: Failures) -> None:
    """The rows of an envelope and its entries, with those that were made anew.

    Where they are the same, so is the leaf hash of every body: it was made anew from that body.
    """
    first = processed.entries[0].sequence
    envelope = envelope_row(reopened.envelope, processed)
    entries = [entry_row(entry, first) for entry in processed.entries]
    if envelope == group.envelope and entries == group.entries:
        return
    first_broken(group, failures)
    compare_rows(tables.envelopes, envelope, group.envelope, failures, first)
    for entry, expected, found in zip(processed.entries, entries, group.entries, strict=True):
        if not compare_rows(tables.entries, expected, found, failures, entry.sequence):
            _compare_bodies(entry, found[BODY], failures)


def _compare_bodies(entry: Entry, body: bytes, failures: Failures) -> None:
    """Say which part of a wrong entry is wrong."""
    if entry.body == body:
        return
    expected = JournalEntry.FromString(entry.body)
    try:
        found = JournalEntry.FromString(body)
    except DecodeError:
        return
    for field in JournalEntry.DESCRIPTOR.fields:
        failures.compare(
            f"entry {entry.sequence}, {field.name}",
            getattr(expected, field.name),
            getattr(found, field.name),
            entry.sequence,
        )
