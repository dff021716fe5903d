"""What a batch changed, as rows, and writing them in a few bulk statements: of the journal and of the projections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, Table

from coalition.envelope import OpenedEnvelope
from coalition.v1.journal_pb2 import JournalEnvelope, ReplayedTransaction
from coalition.wire import encode
from network.ledger.engine import Entry, Processed
from network.ledger.state import State
from network.store import tables
from network.store.projections import PROJECTIONS, Projection
from network.store.sql import Row, delete_rows, insert_rows, upsert_rows


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
    parts, row, width = projection.parts, projection.row, projection.key_columns
    written: list[Row] = []
    deleted: list[Row] = []
    for key, (old, new) in projection.records(state).changes().items():
        before, after = parts(old), parts(new)
        put = [row(key, part) for part in after if part not in before]
        written += put
        # A record that is one row keeps its key.
        if before and (projection.many or not after):
            kept = {fresh[:width] for fresh in put}
            gone = [row(key, part)[:width] for part in before if part not in after]
            deleted += [gone_key for gone_key in gone if gone_key not in kept]
    return Changes(projection.table, written, deleted)
