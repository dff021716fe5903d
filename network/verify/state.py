"""The state that a journal leads to, keeping of the journal itself no more than later entries can ask for.

A ledger asks which transaction ids are taken, and for the transactions that are taken back. Keeping every transaction
for that would take a kilobyte each; here an id takes some thirty bytes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from coalition.envelope import OpenedEnvelope
from coalition.merkle import leaf_hash
from network.ledger.engine import Entry
from network.ledger.records import Committed, Original
from network.ledger.state import Head, Reference, State, Table, Undo

Key = tuple[str, bytes]

_ID_BYTES: Final = 16
#: Of an author's number and of a sequence, as they are kept.
_AUTHOR_BYTES: Final = 3
_SEQUENCE_BYTES: Final = 5
_KEY_BYTES: Final = _AUTHOR_BYTES + _ID_BYTES
_WHOLE_BYTES: Final = _KEY_BYTES + _SEQUENCE_BYTES
#: How many share a bucket, about.
_IN_BUCKET: Final = 8


class TakenIds:
    """Which ids are taken, and by which entries: 24 bytes each, in buckets that are searched as a whole."""

    def __init__(self, expected: int) -> None:
        """Best for as many ids as `expected`; with more it gets slower."""
        self._buckets: Final = [b""] * (expected // _IN_BUCKET + 1)
        self._authors: Final[dict[str, bytes]] = {}

    def add(self, key: Key, sequence: int) -> None:
        """Take an id that is not taken yet."""
        author, identifier = key
        assert len(identifier) == _ID_BYTES, "the form of a transaction says so"
        number = self._authors.get(author)
        if number is None:
            number = self._authors[author] = len(self._authors).to_bytes(_AUTHOR_BYTES, "big")
        buckets = self._buckets
        buckets[hash(identifier) % len(buckets)] += number + identifier + sequence.to_bytes(_SEQUENCE_BYTES, "big")

    def get(self, key: Key) -> int | None:
        """The sequence of the entry that took an id."""
        author, identifier = key
        number = self._authors.get(author)
        if number is None:
            return None
        buckets = self._buckets
        bucket, wanted = buckets[hash(identifier) % len(buckets)], number + identifier
        found = bucket.find(wanted)
        while found >= 0:
            if found % _WHOLE_BYTES == 0:
                return int.from_bytes(bucket[found + _KEY_BYTES : found + _WHOLE_BYTES], "big")
            # The end of one and the beginning of another.
            found = bucket.find(wanted, found + 1)
        return None


class _Originals(Table[Key, Original]):
    """Those of which it is known that they are taken back later, in whole or in part."""

    __slots__ = ("_reversed",)

    def __init__(self, undo: Undo, reversed_transactions: Collection[Key]) -> None:
        super().__init__("originals", undo, complete=True)
        self._reversed: Final = reversed_transactions

    def wants(self, key: Key) -> bool:
        return key in self._reversed


class ReplayState(State):
    """Complete for an envelope once that has been expected. `keep` what it added afterwards."""

    def __init__(self, entries: int = 0, reversed_transactions: Collection[Key] = ()) -> None:
        """Before the first of so many `entries`, of which some take back `reversed_transactions`."""
        super().__init__(Head(), Reference(), complete=True)
        self.originals = _Originals(self.undo, reversed_transactions)
        self._reversed: Final = reversed_transactions
        self._ids: Final = TakenIds(entries)

    def expect(self, envelope: OpenedEnvelope) -> None:
        """Have at hand which of its ids are taken. Whatever else has such an id conflicts with it."""
        author, taken = envelope.header.author, self._ids.get
        for transaction in envelope.transactions:
            key = (author, transaction.transaction_id)
            sequence = taken(key)
            if sequence is not None:
                self.committed.load(key, Committed(sequence, b"", b""))

    def keep(self, entries: Iterable[Entry], repeated: dict[Key, bytes | None]) -> None:
        """Forget of new entries what no later one asks for: all but their ids.

        Those that are `repeated`, by author and leaf hash, are kept whole, and their bytes are put there.
        """
        records, take, taken_back = self.committed.rows, self._ids.add, self._reversed
        for entry in entries:
            key = (entry.author, entry.transaction_id)
            # Seldom is anything sent again, and then a hash for every entry would be a waste.
            if repeated and (again := (entry.author, leaf_hash(entry.transaction))) in repeated:
                repeated[again] = entry.transaction
            elif key in taken_back:
                records[key] = Committed(entry.sequence, b"", b"")
            else:
                take(key, entry.sequence)
                del records[key]
        self.settle()

    def settle(self) -> None:
        super().settle()
        self.originals.settle()
