"""The load generator and the ceilings, against a real hub over a small town."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks import load, written
from benchmarks.building import build
from benchmarks.figures.singles import canned_answer
from benchmarks.insertion import insert, insert_by_arrays, insert_by_copy
from benchmarks.life import Life
from benchmarks.processes import Server, hub, verify_only
from benchmarks.sealing import Envelope, seal_all
from benchmarks.town import Town
from network.config import load_config
from network.store.head import read_head
from network.store.sql import rows_by_key
from network.store.store import Store
from network.verify import verify_database
from tests.databases import Databases

ENVELOPES, SIZE, LAG = 16, 25, 6


@pytest.fixture(scope="module")
def served(built: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Town, Server]]:
    """A copy of the town with a hub."""
    town = _copy(built, tmp_path_factory.mktemp("served") / "town")
    with hub(town) as server:
        yield town, server


def _copy(built: Town, place: Path) -> Town:
    shutil.copytree(built.folder, place)
    return Town(place, built.size)


def _sealed(town: Town, seed: str) -> list[Envelope]:
    life = Life(town.size, seed, lag=LAG)
    return seal_all(town, (life.envelope(SIZE) for _ in range(ENVELOPES)))


@pytest.mark.parametrize("send", [load.send, load.send_stream])
def test_the_ledger_accepts_what_life_brings(served: tuple[Town, Server], send: load.Sending) -> None:
    """Nothing is rejected, with some envelopes under way at once, and every receipt is verified."""
    town, server = served
    sent = send(town, server.address, _sealed(town, send.__name__), 3)
    assert sent.rejected == 0
    assert sent.transactions == ENVELOPES * SIZE
    assert sent.elapsed_s > 0


def test_the_memory_of_a_hub_is_seen(served: tuple[Town, Server]) -> None:
    """A hub takes some tens of MiB at least."""
    assert served[1].memory_bytes() > 20 << 20


def test_the_ceilings_server_answers_as_the_hub_did(served: tuple[Town, Server], tmp_path: Path) -> None:
    """The load generator finds the canned answer right, for every envelope."""
    town, server = served
    life = Life(town.size, "canned")
    check = canned_answer(town, server, life, tmp_path / "answer")
    with verify_only(town, tmp_path / "answer") as ceiling:
        envelopes = seal_all(town, [life.envelope(1) for _ in range(10)])
        sent = load.send(town, ceiling.address, envelopes, 4, check)
    assert sent.rejected == 0
    assert len(sent.latencies_ms) == 10


def test_the_ceilings_server_makes_up_receipts(built: Town) -> None:
    """Without a canned answer, its receipts are such as the SDK accepts."""
    with verify_only(built) as ceiling:
        assert load.send(built, ceiling.address, _sealed(built, "made up"), 2).rejected == 0


def test_bare_insertion_writes_what_the_hub_writes(built: Town, tmp_path: Path) -> None:
    """The recorded rows lead to the very same journal and projections."""
    recording, insertion = _copy(built, tmp_path / "recording"), _copy(built, tmp_path / "insertion")
    batches = written.record(recording, _sealed(built, "recorded"))
    assert insert(insertion, batches) > 0
    assert sum(batch.transactions for batch in batches) == ENVELOPES * SIZE
    url = load_config(insertion.folder).database
    assert list(verify_database(url).failures) == []
    assert _root(recording) == _root(insertion)


def _root(town: Town) -> bytes:
    store = Store(load_config(town.folder).database)
    try:
        with store.read() as connection:
            return read_head(connection).frontier.root()
    finally:
        store.close()


@pytest.mark.engines("postgresql")
@pytest.mark.parametrize("insert_all", [insert_by_arrays, insert_by_copy])
def test_bare_insertion_on_postgresql(
    built: Town, tmp_path: Path, databases: Databases, insert_all: Callable[[str, Sequence[written.Batch]], float]
) -> None:
    """The rows that were recorded on one engine are all there on the other."""
    url = databases.empty()
    build(tmp_path / "town", built.size, url)
    batches = written.record(_copy(built, tmp_path / "recording"), _sealed(built, "recorded")[:3])
    assert insert_all(url, batches) > 0
    with closing(Store(url)) as store, store.read() as connection:
        for table, rows in batches[-1].written.items():
            width = len(written.key_of(table))
            keys = [row[:width] for row in rows]
            found = rows_by_key(connection, table, tuple(written.key_of(table)), tuple(table.columns.keys()), keys)
            assert set(rows) == {tuple(row) for row in found}
