"""What a batch changed, as rows, and writing them in a few bulk statements: of the journal and of the projections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table

from coalition.envelope import OpenedEnvelope
from coalition.v1.journal_pb2 import JournalEnvelope, ReplayedTransaction
from coalition.wire import encode
from network.ledger.engine import Entry, Processed
from network.ledger.state import State
from network.store import tables
from network.store.projections import PROJECTIONS, Projection
from network.store.sql import Row, delete_rows, insert_rows, upsert_rows

#: What of a record makes a row of its own, each.
Parts = tuple[Any, ...]


class Changes(NamedTuple):
    """What is to happen to one table: rows to write, in the place of those with their keys, and keys to delete."""

    table: Table
    written: list[Row]
    deleted: list[Row]


class Rows(NamedTuple):
    """All that a batch writes but for the head and the tree."""

    envelopes: list[Row]
    entries: list[Row]
    changes: list[Changes]


def rows_of(state: State, added: Sequence[tuple[OpenedEnvelope, Processed]]) -> Rows:
    """The rows of envelopes that made new entries, and what the state has changed since it was settled."""
    changes = [_changes(projection, state) for projection in PROJECTIONS if projection.records(state).before]
    return journal_rows(added)._replace(changes=changes)


def journal_rows(added: Sequence[tuple[OpenedEnvelope, Processed]]) -> Rows:
    """The rows of the journal alone."""
    return Rows(
        [envelope_row(envelope, processed) for envelope, processed in added],
        [entry_row(entry, processed.entries[0].sequence) for _, processed in added for entry in processed.entries],
        [],
    )


def flush(connection: Connection, rows: Rows) -> None:
    """Write them."""
    insert_rows(connection, tables.envelopes, rows.envelopes)
    insert_rows(connection, tables.entries, rows.entries)
    for table, written, deleted in rows.changes:
        delete_rows(connection, table, deleted)
        upsert_rows(connection, table, written)


def envelope_row(envelope: OpenedEnvelope, processed: Processed) -> Row:
    """The row of an envelope that made new entries."""
    replayed = [ReplayedTransaction(envelope_index=index, leaf_hash=leaf) for index, leaf in processed.replayed_leaves]
    return (
        processed.entries[0].sequence,
        envelope.header.author,
        envelope.header_bytes,
        encode(JournalEnvelope(signatures=envelope.signatures)),
        encode(JournalEnvelope(replayed=replayed)),
    )


def entry_row(entry: Entry, first_sequence: int) -> Row:
    """The row of an entry; `first_sequence` is that of the first entry of its envelope."""
    return (
        entry.sequence,
        first_sequence,
        entry.author,
        entry.transaction_id,
        entry.kind,
        entry.holder_id,
        entry.counterparty_id,
        entry.leaf_hash,
        entry.body,
    )


def _changes(projection: Projection, state: State) -> Changes:
    written: list[Row] = []
    deleted: list[Row] = []
    changes = projection.records(state).changes()
    if projection.many:
        for key, (old, new) in changes.items():
            _compare(projection, key, old or (), new or (), written, deleted)
        return Changes(projection.table, written, deleted)
    parts, row, width = projection.parts, projection.row, projection.key_columns
    for key, (old, new) in changes.items():
        # A record that is one row keeps its key.
        if after := parts(new):
            written.append(row(key, after[0]))
        elif before := parts(old):
            deleted.append(row(key, before[0])[:width])
    return Changes(projection.table, written, deleted)


def _compare(
    projection: Projection, key: Any, before: Parts, after: Parts, written: list[Row], deleted: list[Row]
) -> None:
    """Add what changed between two versions of a record of many rows."""
    row, width = projection.row, projection.key_columns
    if len(before) == len(after):
        # Most transactions change one part in its place, and the others are the very same objects.
        places = [place for place, part in enumerate(after) if part is not before[place]]
        before, after = tuple([before[place] for place in places]), tuple([after[place] for place in places])
    put = [row(key, part) for part in after if part not in before]
    written += put
    if before:
        kept = {fresh[:width] for fresh in put}
        gone = [row(key, part)[:width] for part in before if part not in after]
        deleted += [gone_key for gone_key in gone if gone_key not in kept]
