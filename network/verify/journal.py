"""Reads the journal as the database has it: envelopes with their entries, as they were sent and signed."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from operator import itemgetter
from typing import Final

from google.protobuf.message import DecodeError
from sqlalchemy import Connection, select

from coalition.envelope import TRANSACTIONS_MAX
from coalition.merkle import leaf_hash
from coalition.v1 import transaction_pb2 as pb
from coalition.v1.journal_pb2 import JournalEntry, JournalEnvelope
from coalition.v1.transaction_pb2 import Transaction
from network.reopening.envelopes import Kept
from network.store import tables
from network.store.sql import Row
from network.verify.report import Failures
from network.verify.rows import are_of_right_types, has_right_types, ordered, parts

_ENTRY: Final = tuple(tables.entries.columns.keys())
_SEQUENCE: Final = _ENTRY.index("sequence")
_LEAF: Final = _ENTRY.index("leaf_hash")
BODY: Final = _ENTRY.index("body")
_ENVELOPE: Final = tuple(tables.envelopes.columns.keys())
_FIRST: Final = _ENVELOPE.index("first_sequence")
_HEADER: Final = _ENVELOPE.index("header")
_SIGNATURES: Final = _ENVELOPE.index("signatures")
_REPLAYED: Final = _ENVELOPE.index("replayed")
_sequence_of: Final = itemgetter(_SEQUENCE)


@dataclass(frozen=True)
class Group:
    """The row of an envelope and the rows of its entries."""

    envelope: Row
    entries: list[Row]

    @property
    def first_sequence(self) -> int:
        """Of its entries, as the envelope has it."""
        return int(self.envelope[_FIRST])

    @cached_property
    def has_right_types(self) -> bool:
        """Whether every value of every row has its column's type."""
        return are_of_right_types(tables.envelopes, [self.envelope]) and are_of_right_types(
            tables.entries, self.entries
        )

    def kept(self) -> Kept:
        """To be opened, where the types are right."""
        row = self.envelope
        bodies = tuple(entry[BODY] for entry in self.entries)
        return Kept(row[_FIRST], row[_HEADER], row[_SIGNATURES], row[_REPLAYED], bodies)


def openable(group: Group) -> Kept | None:
    """What there is to open, if there is."""
    return group.kept() if group.entries and group.has_right_types else None


def groups(connection: Connection) -> Generator[Group]:
    """Every envelope with the entries from its first sequence up to that of the next envelope. To be closed.

    Of entries that are more than any envelope can have, only so many that this can be told.
    """
    with (
        closing(parts(connection, ordered(tables.envelopes))) as of_envelopes,
        closing(parts(connection, ordered(tables.entries))) as of_entries,
    ):
        envelopes, entries = chain.from_iterable(of_envelopes), _Entries(of_entries)
        envelope = next(envelopes, None)
        while envelope is not None:
            following = next(envelopes, None)
            yield Group(envelope, entries.before(None if following is None else following[_FIRST]))
            envelope = following


class _Entries:
    """The rows of the entries, taken one envelope's after the other's."""

    def __init__(self, all_parts: Iterator[list[Row]]) -> None:
        self._parts: Final = all_parts
        self._rows: list[Row] = []
        self._taken = 0

    def before(self, sequence: int | None) -> list[Row]:
        """The next ones, up to that with this sequence; without one, all."""
        own: list[Row] = []
        while True:
            rows, taken = self._rows, self._taken
            end = len(rows) if sequence is None else bisect_left(rows, sequence, taken, key=_sequence_of)
            end = min(end, taken + TRANSACTIONS_MAX + 1 - len(own))
            own += rows[taken:end]
            self._taken = end
            if end < len(rows):
                return own
            self._rows, self._taken = next(self._parts, []), 0
            if not self._rows:
                return own


def repeated_transactions(connection: Connection) -> dict[tuple[str, bytes], bytes | None]:
    """Which transactions some envelope carries although they were committed before. Their bytes are yet to be met."""
    found: dict[tuple[str, bytes], bytes | None] = {}
    again = select(tables.envelopes.c.author, tables.envelopes.c.replayed).where(tables.envelopes.c.replayed != b"")
    for author, replayed in chain.from_iterable(parts(connection, again)):
        try:
            found |= {(author, item.leaf_hash): None for item in JournalEnvelope.FromString(replayed).replayed}
        except (DecodeError, TypeError):
            # What is wrong with this envelope is told when its turn comes.
            continue
    return found


def reversed_transactions(connection: Connection) -> set[tuple[str, bytes]]:
    """Authors and ids of the transactions that some entry takes back."""
    found: set[tuple[str, bytes]] = set()
    columns = tables.entries.c
    reversals = select(columns.author, columns.body).where(columns.kind == pb.TRANSACTION_KIND_REVERSE)
    for author, body in chain.from_iterable(parts(connection, reversals)):
        try:
            transaction = Transaction.FromString(JournalEntry.FromString(body).transaction)
        except (DecodeError, TypeError):
            # As above.
            continue
        found.add((author, transaction.reverse.original_id))
    return found


def is_in_place(group: Group, sequence: int, failures: Failures) -> bool:
    """Whether the group's rows have the right types and follow each other, the first at `sequence`."""
    if not failures.compare(f"entry {sequence}, its envelope", sequence, group.envelope[_FIRST], sequence):
        return False
    if not group.entries:
        failures.add(f"entry {sequence}", "an entry", "none, although its envelope is there", sequence)
        return False
    numbers = list(range(sequence, sequence + len(group.entries)))
    if group.has_right_types and [*map(_sequence_of, group.entries)] == numbers:
        return True
    whole = has_right_types(tables.envelopes, group.envelope, failures, sequence)
    for number, row in zip(numbers, group.entries, strict=True):
        if not failures.compare(f"entry {number}", number, row[_SEQUENCE], number):
            return False
        whole &= has_right_types(tables.entries, row, failures, number)
    return whole


def first_broken(group: Group, failures: Failures) -> int | None:
    """The first entry whose leaf hash is not that of its body, if any; a failure for each."""
    whole = [
        failures.compare(f"entry {row[_SEQUENCE]}, the leaf hash of its body", row[_LEAF], leaf, row[_SEQUENCE])
        for row in group.entries
        for leaf in [leaf_hash(row[BODY])]
    ]
    return None if all(whole) else int(group.entries[whole.index(False)][_SEQUENCE])
