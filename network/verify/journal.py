"""Reads the journal as the database has it: envelopes with their entries, as they were sent and signed."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any, NamedTuple

from google.protobuf.message import DecodeError
from sqlalchemy import Connection, CursorResult, Table, select

from coalition.envelope import OpenedEnvelope, open_envelope
from coalition.errors import Refused
from coalition.merkle import leaf_hash
from coalition.v1 import error_pb2
from coalition.v1.envelope_pb2 import EnvelopeHeader, SignedEnvelope
from coalition.v1.journal_pb2 import JournalEntry, JournalEnvelope
from coalition.v1.outcome_pb2 import Outcome
from coalition.wire import decode, encode
from network.store import tables
from network.verify.report import Failures, shown
from network.verify.rows import ROWS_AT_ONCE, has_right_types

#: Transactions that are in the journal and were sent again later, by author and leaf hash.
Repeated = Mapping[tuple[str, bytes], bytes | None]


class Group(NamedTuple):
    """The row of an envelope and the rows of its entries."""

    envelope: Any
    entries: list[Any]


class Reopened(NamedTuple):
    """An envelope as it was sent, and the commit time of its first new entry."""

    envelope: OpenedEnvelope
    first_committed_us: int


def groups(connection: Connection) -> Generator[Group]:
    """Every envelope with the entries from its first sequence up to that of the next envelope."""
    with _rows(connection, tables.envelopes) as all_envelopes, _rows(connection, tables.entries) as all_entries:
        envelopes, entries = iter(all_envelopes), iter(all_entries)
        envelope, entry = next(envelopes, None), next(entries, None)
        while envelope is not None:
            following = next(envelopes, None)
            own: list[Any] = []
            while entry is not None and (following is None or entry.sequence < following.first_sequence):
                own.append(entry)
                entry = next(entries, None)
            yield Group(envelope, own)
            envelope = following


def _rows(connection: Connection, table: Table) -> CursorResult[Any]:
    """All rows, in the order of the primary key; to be closed."""
    ordered = select(table).order_by(*table.primary_key.columns)
    return connection.execute(ordered, execution_options={"yield_per": ROWS_AT_ONCE})


def repeated_transactions(connection: Connection) -> dict[tuple[str, bytes], bytes | None]:
    """Which transactions some envelope carries although they were committed before. Their bytes are yet to be met."""
    found: dict[tuple[str, bytes], bytes | None] = {}
    again = select(tables.envelopes.c.author, tables.envelopes.c.replayed).where(tables.envelopes.c.replayed != b"")
    for author, replayed in connection.execute(again):
        try:
            found |= {(author, item.leaf_hash): None for item in JournalEnvelope.FromString(replayed).replayed}
        except (DecodeError, TypeError):
            # What is wrong with this envelope is told when its turn comes.
            continue
    return found


def is_in_place(group: Group, sequence: int, failures: Failures) -> bool:
    """Whether the group's rows have the right types and follow each other, the first at `sequence`."""
    if not failures.compare(f"entry {sequence}, its envelope", sequence, group.envelope.first_sequence, sequence):
        return False
    if not group.entries:
        failures.add(f"entry {sequence}", "an entry", "none, although its envelope is there", sequence)
        return False
    whole = has_right_types(tables.envelopes, group.envelope, failures, sequence)
    for number, row in enumerate(group.entries, sequence):
        if not failures.compare(f"entry {number}", number, row.sequence, number):
            return False
        whole &= has_right_types(tables.entries, row, failures, number)
    return whole


def first_broken(group: Group, failures: Failures) -> int | None:
    """The first entry whose leaf hash is not that of its body, if any; a failure for each."""
    whole = [
        failures.compare(f"entry {row.sequence}, the leaf hash of its body", row.leaf_hash, leaf, row.sequence)
        for row in group.entries
        for leaf in [leaf_hash(row.body)]
    ]
    return None if all(whole) else int(group.entries[whole.index(False)].sequence)


def reopen(group: Group, repeated: Repeated) -> Reopened:
    """Put an envelope together again as it was sent, and check what admission checks. Raises Refused."""
    header = decode(EnvelopeHeader, group.envelope.header, "header")
    signatures = decode(JournalEnvelope, group.envelope.signatures, "signatures").signatures
    transactions: dict[int, bytes] = {}
    outcomes: list[bytes] = []
    for row in group.entries:
        entry = decode(JournalEntry, row.body, f"entry {row.sequence}")
        transactions[entry.envelope_index] = entry.transaction
        outcomes.append(entry.outcome)
    for item in decode(JournalEnvelope, group.envelope.replayed, "replayed").replayed:
        raw = repeated.get((header.author, item.leaf_hash))
        if raw is None:
            raise _malformed(f"transactions[{item.envelope_index}] is said to be in the journal before, and is not")
        transactions[item.envelope_index] = raw
    if sorted(transactions) != list(range(header.transaction_count)):
        raise _malformed(f"of {header.transaction_count} transactions there are {shown(sorted(transactions))}")
    ordered = [transactions[index] for index in range(header.transaction_count)]
    data = encode(SignedEnvelope(header=group.envelope.header, transactions=ordered, signatures=signatures))
    committed_us = decode(Outcome, outcomes[0], f"entry {group.entries[0].sequence}, outcome").committed_us
    return Reopened(open_envelope(data), committed_us)


def _malformed(text: str) -> Refused:
    return Refused(error_pb2.REASON_MALFORMED, text)
