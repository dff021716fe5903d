"""Books for tests: a database that takes in made-up journals."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from coalition.merkle import Frontier, leaf_hash
from coalition.note import Checkpoint, checkpoint_origin, sign_checkpoint
from partner_sdk.journal import JournalState
from settlement.clearing.books import Books, recompute
from settlement.clearing.entry import Entry
from settlement.intake import Intake
from settlement.store.database import Database
from settlement.store.entries import list_entries
from settlement.store.migrate import migrate
from settlement.store.progress import load_progress
from settlement.store.windows import list_windows, read_totals
from tests.settlement.journals import NETWORK, key_of

HUB_KEY = key_of("hub")


def new_database(folder: Path) -> Database:
    """An empty database in a folder."""
    path = folder / "settlement.db"
    path.write_bytes(_empty_file())
    return Database.in_file(path)


@cache
def _empty_file() -> bytes:
    """A file as this version of the service makes it: once for all tests of a process."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "settlement.db"
        database = Database.in_file(path)
        migrate(database)
        database.close()
        return path.read_bytes()


def take_in(intake: Intake, entries: Sequence[Entry]) -> None:
    """Take in one batch of entries that count as verified, with the hub's signature over the log up to the last."""
    last, before = entries[-1], intake.verified
    frontier = Frontier(before.size, before.frontier)
    frontier.extend(leaf_hash(entry.raw) for entry in entries)
    checkpoint = Checkpoint(checkpoint_origin(NETWORK), frontier.size, frontier.root())
    state = JournalState(
        NETWORK,
        size=last.sequence,
        frontier=tuple(frontier.hashes),
        committed_us=last.committed_us,
        window=last.window,
    )
    intake.take_in(entries, state, sign_checkpoint(checkpoint, HUB_KEY))


def stored_books(database: Database) -> Books:
    """What the database holds, in the form of a recomputation."""
    with database.read() as connection:
        windows = {window.number: window for window in list_windows(connection)}
        totals = {number: read_totals(connection, number) for number in windows}
        pools = load_progress(connection, NETWORK).state.pools
    return with_business(Books(windows, totals, pools))


def recompute_stored(database: Database) -> Books:
    """The books made anew, in one go, from the entries that the database holds."""
    with database.read() as connection:
        return recompute(list_entries(connection))


def with_business(books: Books) -> Books:
    """The books without totals of windows in which nothing happened, which the database does not list."""
    return replace(books, totals={number: totals for number, totals in books.totals.items() if totals.sums})
