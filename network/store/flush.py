"""Writes what a batch changed, in a few bulk statements: new rows of the journal, changed rows of the projections."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from coalition.envelope import OpenedEnvelope
from coalition.v1.journal_pb2 import JournalEnvelope, ReplayedTransaction
from coalition.wire import encode
from network.ledger.engine import Entry, Processed
from network.ledger.state import State
from network.store import tables
from network.store.projections import PROJECTIONS, Projection
from network.store.sql import Row, delete_rows, insert_rows, upsert_rows


def flush_journal(connection: Connection, batch: Sequence[tuple[OpenedEnvelope, Processed]]) -> None:
    """Append the envelopes that made new entries, and those entries."""
    added = [(envelope, processed) for envelope, processed in batch if processed.entries]
    insert_rows(connection, tables.envelopes, [envelope_row(envelope, processed) for envelope, processed in added])
    insert_rows(
        connection,
        tables.entries,
        [entry_row(entry, processed.entries[0].sequence) for _, processed in added for entry in processed.entries],
    )


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


def flush_state(connection: Connection, state: State) -> None:
    """Write the changed rows of every projection. What has been flushed is still marked as changed afterwards, because
    it counts only once it is committed."""
    for projection in PROJECTIONS:
        _flush(connection, projection, state)


def _flush(connection: Connection, projection: Projection, state: State) -> None:
    changes = projection.records(state).changes()
    if not changes:
        return
    parts, row, width = projection.parts, projection.row, projection.key_columns
    written: list[Row] = []
    deleted: list[Row] = []
    for key, (old, new) in changes.items():
        before, after = parts(old), parts(new)
        put = [row(key, part) for part in after if part not in before]
        written += put
        # A record that is one row keeps its key.
        if before and (projection.many or not after):
            kept = {fresh[:width] for fresh in put}
            gone = [row(key, part)[:width] for part in before if part not in after]
            deleted += [gone_key for gone_key in gone if gone_key not in kept]
    delete_rows(connection, projection.table, deleted)
    upsert_rows(connection, projection.table, written)
