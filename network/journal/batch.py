"""One batch, one database transaction: lock the head, load, apply in order, write, commit."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, NamedTuple, TypeVar

import structlog
from sqlalchemy import Connection

from coalition.envelope import OpenedEnvelope
from coalition.errors import Refused
from coalition.v1 import error_pb2
from network.journal.stages import Stopwatch
from network.journal.tree import grow
from network.ledger.engine import Processed, process, touch
from network.ledger.state import Head, State, Wanted
from network.store.flush import flush_journal, flush_state
from network.store.head import lock_head, write_head
from network.store.load import load
from network.store.reference import copy_reference, load_reference
from network.store.store import Store

logger = structlog.get_logger(__name__)

#: Holders in memory between batches: some 3 KB each where they have ten lots.
HOLDERS_KEPT: Final = 20_000

R = TypeVar("R")


class Committed(NamedTuple):
    """What became of a batch."""

    #: Where the journal ends after it.
    head: Head
    #: One for each envelope, in order.
    results: tuple[Processed | Refused, ...]


class BatchCommitter:
    """Applies batches to the database. Not to be used by two threads at once; other processes may do the same."""

    def __init__(self, store: Store) -> None:
        self._store: Final = store
        # What was loaded for the batches before. Reading it for every batch would cost more than the batch.
        self._kept: State | None = None

    def commit(self, envelopes: Sequence[OpenedEnvelope], now_us: int, watch: Stopwatch | None = None) -> Committed:
        """Apply the envelopes in order and commit what they did, all of it or, if this raises, nothing.

        An envelope that is refused does not touch its neighbours. `watch` is told as each stage ends. Raises what the
        database raises.
        """
        watch = watch or Stopwatch()
        kept, self._kept = self._kept, None
        with self._store.write() as connection:
            head = lock_head(connection)
            watch.lap("lock")
            state = _state(connection, head, kept)
            results = _apply(connection, state, envelopes, now_us, watch)
            watch.lap("flush")
        watch.lap("commit")
        state.settle(HOLDERS_KEPT)
        self._kept = state
        if self._store.reference_sequence != head.reference_sequence:
            self._store.publish(head.reference_sequence, copy_reference(state.reference))
        return Committed(head, results)


def _state(connection: Connection, head: Head, kept: State | None) -> State:
    """The state as of the head.

    What was kept of it holds while nobody else has written. The log says so itself: the hashes of its edge stand for
    every entry before them.
    """
    if kept is None:
        return State(head, load_reference(connection))
    if kept.head.sequence == head.sequence and kept.head.frontier.hashes == head.frontier.hashes:
        kept.head = head
        return kept
    if kept.head.reference_sequence == head.reference_sequence:
        return State(head, kept.reference)
    return State(head, load_reference(connection))


def _apply(
    connection: Connection, state: State, envelopes: Sequence[OpenedEnvelope], now_us: int, watch: Stopwatch
) -> tuple[Processed | Refused, ...]:
    size = state.head.sequence
    results = _process(connection, state, envelopes, now_us, watch)
    watch.lap("apply")
    added = [
        (envelope, result)
        for envelope, result in zip(envelopes, results, strict=True)
        if isinstance(result, Processed) and result.entries
    ]
    if added:
        flush_journal(connection, added)
        grow(connection, size, [entry.leaf_hash for _, processed in added for entry in processed.entries])
        flush_state(connection, state)
        write_head(connection, state.head)
    return tuple(results)


def _process(
    connection: Connection, state: State, envelopes: Sequence[OpenedEnvelope], now_us: int, watch: Stopwatch
) -> list[Processed | Refused]:
    """Load what the envelopes touch, then let the ledger decide, one after the other."""
    days = _days(state, now_us, sum(len(envelope.transactions) for envelope in envelopes))
    wanted = Wanted()
    touched = [_attempt(envelope, partial(touch, envelope, days, wanted)) for envelope in envelopes]
    load(connection, state, wanted)
    watch.lap("load")
    return [
        _attempt(envelope, partial(process, state, envelope, now_us)) if failed is None else failed
        for envelope, failed in zip(envelopes, touched, strict=True)
    ]


def _attempt(envelope: OpenedEnvelope, step: Callable[[], R]) -> R | Refused:
    """What a step makes of an envelope. One over which this program stumbles must not take its neighbours with it: it
    gets an id to quote, under which the log says why."""
    try:
        return step()
    except Refused as refused:
        return refused
    except Exception:
        error_id = new_error_id()
        logger.exception(
            "an envelope could not be processed",
            error_id=error_id,
            author=envelope.header.author,
            envelope=envelope.digest.hex(),
        )
        return internal(error_id)


def _days(state: State, now_us: int, transactions: int) -> tuple[str, ...]:
    """The days on which entries of the batch may be committed. Commit times are a microsecond apart at least."""
    if state.reference.network.get("") is None:
        return ()
    calendar = state.reference.calendar()
    first_us = max(now_us, state.head.committed_us + 1)
    return tuple(sorted({calendar.day(first_us), calendar.day(first_us + transactions)}))


def new_error_id() -> str:
    """What a caller quotes and the log knows."""
    return secrets.token_hex(8)


def internal(error_id: str) -> Refused:
    """For a failure of this program; the cause is in the log."""
    return Refused(
        error_pb2.REASON_INTERNAL,
        f"The hub failed to process the envelope. Quote {error_id} to its operator; sending the same envelope again "
        "does no harm.",
        {"error_id": error_id},
    )
