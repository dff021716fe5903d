"""Tells a story to a real database and to a complete state in memory, and compares them batch by batch.

In the database every batch finds only what its transactions said they would touch; what a kind forgets to name, or the
store to write, shows here.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

from sqlalchemy import select

from coalition.errors import Refused, reason_name
from network.journal.batch import BatchCommitter
from network.ledger.engine import Processed, process
from network.ledger.state import Head, Reference, State
from network.store.engine import sqlite_url
from network.store.head import read_head
from network.store.projections import PROJECTIONS
from network.store.store import Store
from network.verify import verify_database
from tests.properties.story.envelope import Envelope, Story
from tests.properties.telling import Mismatch


def empty_database(folder: Path) -> Path:
    """A database without entries, to be copied: making one takes longer than telling a story."""
    path = folder / "empty.db"
    store = Store(sqlite_url(path))
    store.upgrade()
    store.close()
    return path


def stored(empty: Path, path: Path) -> Callable[[Story], str]:
    """Tells stories, each to a new database at `path`; answers what goes wrong, empty when nothing does."""

    def tell(story: Story) -> str:
        try:
            store_story(story, empty, path)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what we look for
            return f"{type(error).__name__}: {error}"
        return ""

    return tell


def store_story(story: Story, empty: Path, path: Path) -> None:
    """Tell the story to a new database at `path`. Raises Mismatch."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    shutil.copy(empty, path)
    store = Store(sqlite_url(path))
    complete = State(Head(), Reference(), complete=True)
    random, committers = Random(len(story)), [BatchCommitter(store), BatchCommitter(store)]
    try:
        for batch in story:
            if random.random() < 0.2:
                # As after a restart: nothing is known but what the database holds.
                committers[0] = BatchCommitter(store)
            if random.random() < 0.3:
                # Another hub goes on, which knows what it did last itself.
                committers.reverse()
            expected = [_alone(complete, envelope, batch.now_us) for envelope in batch.envelopes]
            found = committers[0].commit([envelope.admitted for envelope in batch.envelopes], batch.now_us)
            for envelope, one, other in zip(batch.envelopes, expected, found.results, strict=True):
                _compare(envelope, one, other)
            if random.random() < 0.1:
                _compare_rows(store, complete)
        _compare_rows(store, complete)
    finally:
        store.close()
    report = verify_database(sqlite_url(path))
    if not report.ok:
        raise Mismatch("; ".join(map(str, report.failures)))


def _alone(complete: State, envelope: Envelope, now_us: int) -> Processed | Refused:
    try:
        return process(complete, envelope.admitted, now_us)
    except Refused as refused:
        return refused


def _compare(envelope: Envelope, expected: Processed | Refused, found: Processed | Refused) -> None:
    if isinstance(expected, Refused) or isinstance(found, Refused):
        reasons = [reason_name(item.reason) if isinstance(item, Refused) else "taken" for item in (expected, found)]
        if reasons[0] != reasons[1]:
            raise Mismatch(f"an envelope of {envelope.author}: in memory {reasons[0]}, in the database {reasons[1]}")
    elif expected != found:
        raise Mismatch(f"an envelope of {envelope.author}: in memory {expected}, in the database {found}")


def _compare_rows(store: Store, complete: State) -> None:
    """Every row of every projection, and the head."""
    with store.read() as connection:
        head = read_head(connection)
        if (head.sequence, head.frontier.root()) != (complete.head.sequence, complete.head.frontier.root()):
            raise Mismatch("the head in the database is another")
        for projection in PROJECTIONS:
            records = projection.records(complete).rows.items()
            expected = {row for key, record in records for row in projection.rows(key, record)}
            found = {tuple(row) for row in connection.execute(select(projection.table))}
            if expected != found:
                raise Mismatch(
                    f"table {projection.table.name}: missing {expected - found}, too many {found - expected}"
                )
