"""Reads the journal from a sequence on, whole envelopes at a time, a bounded piece at a time."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Final, NamedTuple

from sqlalchemy import Connection, select

from coalition.errors import Refused
from coalition.v1 import error_pb2
from coalition.v1.journal_pb2 import JournalEnvelope
from network.journal.log import Log
from network.store import tables
from network.store.head import read_head
from network.store.store import Store

ENTRIES_MAX: Final = 2_000
BYTES_MAX: Final = 1 << 20
_ROWS_AT_ONCE: Final = 256


class Chunk(NamedTuple):
    """A piece of the journal."""

    envelopes: tuple[JournalEnvelope, ...]
    #: Where the next piece begins; beyond `log_size` when this one is the last.
    next_sequence: int
    #: Entries in the journal when it was read.
    log_size: int
    #: A signed note over the log up to before `next_sequence`; empty where there are no envelopes.
    checkpoint: str


class JournalReader:
    """Safe to use from many threads."""

    def __init__(self, store: Store, log: Log) -> None:
        self._store: Final = store
        self._log: Final = log

    def read(
        self, from_sequence: int, *, author: str = "", entries_max: int = ENTRIES_MAX, bytes_max: int = BYTES_MAX
    ) -> Chunk:
        """The envelopes from `from_sequence` on, of one author or of all.

        At least one envelope, where there is one, and no more than fit into the limits. An empty piece says that there
        is nothing yet.

        Raises Refused: NOT_FOUND past the end of the journal, MALFORMED unless an envelope begins there.
        """
        with self._store.read() as connection:
            head = read_head(connection)
            log_size = head.sequence
            _check_start(connection, from_sequence, log_size)
            envelopes: list[JournalEnvelope] = []
            entries = size = 0
            next_sequence = log_size + 1
            for first_sequence, envelope in _envelopes(connection, from_sequence, author):
                entries += len(envelope.entries)
                size += envelope.ByteSize()
                if envelopes and (entries > entries_max or size > bytes_max):
                    next_sequence = first_sequence
                    break
                envelopes.append(envelope)
            checkpoint = self._log.checkpoint_at(connection, head, next_sequence - 1) if envelopes else ""
            return Chunk(tuple(envelopes), next_sequence, log_size, checkpoint)


def _check_start(connection: Connection, from_sequence: int, log_size: int) -> None:
    if not 1 <= from_sequence <= log_size + 1:
        raise Refused(
            error_pb2.REASON_NOT_FOUND,
            f"The journal has {log_size} entries and cannot be read from {from_sequence}.",
            {"from_sequence": str(from_sequence), "log_size": str(log_size)},
        )
    place = tables.entries.c.sequence
    begins = connection.execute(select(tables.entries.c.first_sequence).where(place == from_sequence)).scalar()
    if begins not in (None, from_sequence):
        raise Refused(
            error_pb2.REASON_MALFORMED,
            f"No envelope begins at {from_sequence}; the one that holds it begins at {begins}.",
            {"field": "from_sequence", "begins": str(begins)},
        )


def _envelopes(connection: Connection, from_sequence: int, author: str) -> Iterator[tuple[int, JournalEnvelope]]:
    """First sequence and content of each envelope, read from the database as they are asked for."""
    wanted = (
        select(
            tables.entries.c.first_sequence,
            tables.entries.c.body,
            tables.envelopes.c.header,
            tables.envelopes.c.signatures,
            tables.envelopes.c.replayed,
        )
        .join(tables.envelopes)
        .where(tables.entries.c.sequence >= from_sequence)
        .order_by(tables.entries.c.sequence)
    )
    if author:
        wanted = wanted.where(tables.entries.c.author == author)
    with connection.execute(wanted, execution_options={"yield_per": _ROWS_AT_ONCE}) as rows:
        for first_sequence, of_envelope in groupby(rows, key=itemgetter(0)):
            entries = list(of_envelope)
            _, _, header, signatures, replayed = entries[0]
            envelope = JournalEnvelope(header=header, entries=[row[1] for row in entries])
            envelope.MergeFromString(signatures)
            envelope.MergeFromString(replayed)
            yield first_sequence, envelope
