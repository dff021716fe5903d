"""One batch, one database transaction: lock the head, load, apply in order, write, commit.

Under load a batch may be applied before its turn to be written has come, on top of what the batch before will have
committed. Then the lock comes last, and the log's edge says whether that has come true.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Final, NamedTuple, TypeVar

import structlog
from sqlalchemy import Connection

from coalition.envelope import OpenedEnvelope
from coalition.errors import Refused
from coalition.v1 import error_pb2
from network.journal.stages import Stopwatch
from network.journal.tree import WIDTH, grow
from network.journal.working_set import Edge, WorkingSet, edge_of
from network.ledger.engine import Processed, process, touch
from network.ledger.state import Head, Reference, State, Wanted
from network.store.flush import Rows, flush, rows_of
from network.store.head import lock_head, write_head
from network.store.reference import copy_reference
from network.store.store import Store

logger = structlog.get_logger(__name__)


R = TypeVar("R")

#: Commits a batch that is written.
Commit = Callable[[], None]

#: Some 3 KB each where a holder has ten lots.
HOLDERS_KEPT: Final = 20_000


class Applied(NamedTuple):
    """A batch that the ledger has decided."""

    #: Where the journal ended for it, and where it ends after it.
    base: Edge
    head: Head
    #: One for each envelope, in order.
    results: tuple[Processed | Refused, ...]
    rows: Rows
    leaves: tuple[bytes, ...]
    #: The reference tables, where it changed them.
    reference: Reference | None


class BatchCommitter:
    """Applies batches to the database; other processes may do the same. Either `commit`, which does it in one go, or
    first `apply` and then `flush` and what that returns, both of which another thread may do while this one applies the
    next batch."""

    def __init__(self, store: Store, *, holders_kept: int = HOLDERS_KEPT) -> None:
        """`holders_kept`: how many holders stay in memory between batches."""
        self._store: Final = store
        self._holders_kept: Final = holders_kept
        self._kept: WorkingSet | None = None
        #: Where the journal ended after what was written last, and the leaf hashes that it ends with.
        self._written: Edge | None = None
        self._last_leaves: tuple[bytes, ...] = ()

    def commit(self, envelopes: Sequence[OpenedEnvelope], now_us: int, watch: Stopwatch | None = None) -> Applied:
        """Apply the envelopes in order and commit what they did, all of it or, if this raises, nothing.

        Everything that was applied before must be written. An envelope that is refused does not touch its neighbours.
        `watch` is told as each stage ends. Raises what the database raises.
        """
        watch = watch or Stopwatch()
        kept, self._kept = self._kept, None
        with self._store.write() as connection:
            head = lock_head(connection)
            watch.lap("lock")
            working = WorkingSet.at(connection, head, kept)
            applied = self._apply(connection, working, envelopes, now_us, watch, unwritten=False)
            assert applied is not None, "the database has all that came before"
            self._put(connection, applied)
            watch.lap("flush")
        watch.lap("commit")
        self._kept = working
        if self._store.reference_sequence != applied.head.reference_sequence:
            self._store.publish(
                applied.head.reference_sequence,
                applied.reference or copy_reference(working.state.reference),
                # Under the lock nobody has seen later ones.
                anew=True,
            )
        return applied

    def apply(self, envelopes: Sequence[OpenedEnvelope], now_us: int, watch: Stopwatch) -> Applied | None:
        """Apply the envelopes on top of what was applied before, of which the last batch may not be written yet.

        None when that is not possible: nothing is kept, or the database is needed. Raises what the database raises.
        """
        working, self._kept = self._kept, None
        if working is None:
            return None
        with self._store.read() as connection:
            applied = self._apply(connection, working, envelopes, now_us, watch, unwritten=True)
        self._kept = working
        return applied

    def flush(self, applied: Applied, watch: Stopwatch) -> Commit | None:
        """Write what was applied, all of it or, if this raises, nothing. What is returned commits it and is to be
        called, by whatever thread: until then nobody else can write.

        None, and nothing written, when the journal does not end where it did for it: somebody else was faster.
        """
        with ExitStack() as transaction:
            connection = transaction.enter_context(self._store.write())
            if edge_of(lock_head(connection)) != applied.base:
                return None
            watch.lap("lock")
            self._put(connection, applied)
            watch.lap("flush")
            return partial(self._commit, applied, watch, transaction.pop_all())

    def _commit(self, applied: Applied, watch: Stopwatch, transaction: ExitStack) -> None:
        transaction.close()
        watch.lap("commit")
        if applied.reference is not None:
            self._store.publish(applied.head.reference_sequence, applied.reference)

    def forget(self) -> None:
        """What was applied is not what was committed: begin anew from the database."""
        self._kept = None

    def _put(self, connection: Connection, applied: Applied) -> None:
        if applied.leaves:
            flush(connection, applied.rows)
            before = self._last_leaves if self._written == applied.base else ()
            grow(connection, applied.base[0], applied.leaves, before)
            # Should the commit fail, no batch will begin at this edge.
            self._written, self._last_leaves = edge_of(applied.head), (*before, *applied.leaves)[-WIDTH:]
            write_head(connection, applied.head)

    def _apply(
        self,
        connection: Connection,
        working: WorkingSet,
        envelopes: Sequence[OpenedEnvelope],
        now_us: int,
        watch: Stopwatch,
        *,
        unwritten: bool,
    ) -> Applied | None:
        """Load what the envelopes touch, then let the ledger decide, one after the other."""
        state = working.state
        base = edge_of(state.head)
        days = _days(state, now_us, sum(len(envelope.transactions) for envelope in envelopes))
        wanted = Wanted()
        touched = [_attempt(envelope, partial(touch, envelope, days, wanted)) for envelope in envelopes]
        if not working.load(connection, wanted, unwritten=unwritten, holders_max=self._holders_kept):
            return None
        watch.lap("load")
        results = tuple(
            _attempt(envelope, partial(process, state, envelope, now_us)) if failed is None else failed
            for envelope, failed in zip(envelopes, touched, strict=True)
        )
        added = [
            (envelope, result)
            for envelope, result in zip(envelopes, results, strict=True)
            if isinstance(result, Processed) and result.entries
        ]
        applied = Applied(
            base=base,
            head=state.head.copy(),
            results=results,
            rows=rows_of(state, added),
            leaves=tuple(entry.leaf_hash for _, processed in added for entry in processed.entries),
            reference=copy_reference(state.reference) if state.reference.changed() else None,
        )
        state.settle()
        watch.lap("apply")
        return applied


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
