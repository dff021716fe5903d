"""Tells a story to a real database and to a complete state in memory, and compares them batch by batch.

In the database every batch finds only what its transactions said they would touch; what a kind forgets to name, or the
store to write, shows here.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from functools import partial
from pathlib import Path
from random import Random

from sqlalchemy import select

from coalition.envelope import OpenedEnvelope
from coalition.errors import Refused, reason_name
from network.journal.batch import BatchCommitter, Commit
from network.journal.stages import Stopwatch
from network.ledger.engine import Processed, process
from network.ledger.state import Head, Reference, State
from network.store.engine import sqlite_url
from network.store.head import read_head
from network.store.projections import PROJECTIONS
from network.store.store import Store
from network.verify import verify_database
from tests.databases import Server
from tests.properties.story.envelope import Envelope, Story
from tests.properties.telling import Mismatch

#: Gives the URL of a new database without entries for as long as a story lasts.
NewDatabase = Callable[[], AbstractContextManager[str]]


def files_in(folder: Path) -> NewDatabase:
    """Database files in a folder, each a copy of one: making one takes longer than telling a story."""
    empty, path = folder / "empty.db", folder / "story.db"
    with closing(Store(sqlite_url(empty))) as store:
        store.upgrade()

    @contextmanager
    def new_file() -> Iterator[str]:
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        shutil.copy(empty, path)
        yield sqlite_url(path)

    return new_file


def databases_on(server: Server) -> NewDatabase:
    """Databases on a PostgreSQL server."""

    @contextmanager
    def new_database() -> Iterator[str]:
        url = server.current()
        yield url
        server.drop(url)

    return new_database


def stored(new_database: NewDatabase) -> Callable[[Story], str]:
    """Tells stories, each to a new database; answers what goes wrong, empty when nothing does."""

    def tell(story: Story) -> str:
        try:
            with new_database() as url:
                store_story(story, url)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what we look for
            return f"{type(error).__name__}: {error}"
        return ""

    return tell


def store_story(story: Story, url: str) -> None:
    """Tell the story to a database without entries. Raises Mismatch."""
    store = Store(url)
    complete = State(Head(), Reference(), complete=True)
    random, hubs = Random(len(story)), [_Hub(store), _Hub(store)]
    try:
        for batch in story:
            if random.random() < 0.2:
                # As after a restart: nothing is known but what the database holds.
                hubs[0].finish()
                hubs[0] = _Hub(store)
            if random.random() < 0.3:
                # Another hub goes on, which knows what it did last itself.
                hubs[0].finish()
                hubs.reverse()
            expected = [_alone(complete, envelope, batch.now_us) for envelope in batch.envelopes]
            admitted = [envelope.admitted for envelope in batch.envelopes]
            ahead, flushed = random.random() < 0.5, random.random() < 0.5
            found = hubs[0].commit(admitted, batch.now_us, ahead=ahead, flushed=flushed)
            for envelope, one, other in zip(batch.envelopes, expected, found, strict=True):
                _compare(envelope, one, other)
            if random.random() < 0.1:
                hubs[0].finish()
                _compare_rows(store, complete)
        hubs[0].finish()
        _compare_rows(store, complete)
    finally:
        store.close()
    report = verify_database(url)
    if not report.ok:
        raise Mismatch("; ".join(map(str, report.failures)))


class _Hub:
    """Commits batches in one go, or applies one before the one before it is written, or at least committed."""

    def __init__(self, store: Store) -> None:
        # So few that holders are forgotten all the time.
        self._committer = BatchCommitter(store, holders_kept=2)
        self._flush: Callable[[], Commit | None] | None = None

    def commit(
        self, envelopes: Sequence[OpenedEnvelope], now_us: int, *, ahead: bool, flushed: bool
    ) -> tuple[Processed | Refused, ...]:
        """`ahead`: applied on top of what is not committed; `flushed`: and itself written, and not committed yet."""
        applied = self._committer.apply(envelopes, now_us, Stopwatch()) if ahead else None
        self.finish()
        if applied is None:
            return self._committer.commit(envelopes, now_us).results
        self._flush = partial(self._committer.flush, applied, Stopwatch())
        if flushed:
            commit = self._flush()
            self._flush = lambda: commit
        return applied.results

    def finish(self) -> None:
        """Commit what was applied."""
        flush, self._flush = self._flush, None
        if flush is not None:
            commit = flush()
            if commit is None:
                raise Mismatch("what was applied ahead does not follow what was committed")
            commit()


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
