"""One caller, one call at a time: what a customer at a till waits for."""

from __future__ import annotations

import sqlite3
import statistics
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from benchmarks import load
from benchmarks.figures.singles import canned_answer
from benchmarks.life import Action, Life
from benchmarks.processes import hub, verify_only
from benchmarks.progress import say
from benchmarks.rows import Row, at_most
from benchmarks.run import Run, of_one, percentile
from benchmarks.sealing import seal_all
from benchmarks.town import Town
from partner_sdk import Client
from partner_sdk.errors import Rejection

NAME: Final = "one-caller"
_AUTHOR: Final = "pharmacy"
_ENTRY_BYTES: Final = 400


def measure(run: Run) -> list[Row]:
    """The SDK's blocking client; a durable commit of one small row; a round trip to a handler that only verifies."""
    town = run.town(NAME)
    life = Life(town.size, NAME, of_one(_AUTHOR), lag=64)
    answer = run.work / "answer"
    calls = max(200, run.scale.calls // 10)
    waited: list[list[float]] = []
    commits: list[float] = []
    trips: list[float] = []
    with hub(town) as served:
        check = canned_answer(town, served, life, answer)
        with verify_only(town, answer) as ceiling:
            for _ in range(run.scale.rounds):
                actions = life.singles(calls)
                sealed = seal_all(town, [[action] for action in actions])
                waited.append(_call(town, served.address, actions))
                commits.append(statistics.median(_commits(run.work / "commits.sqlite", calls)))
                trips.append(percentile(load.send(town, ceiling.address, sealed, 1, check).latencies_ms, 0.5))
                say(f"{NAME}: {percentile(waited[-1], 0.5):.2f} ms, commit {commits[-1]:.2f}, trip {trips[-1]:.2f}")
    middle_ms = statistics.median(percentile(values, 0.5) for values in waited)
    tail_ms = statistics.median(percentile(values, 0.99) for values in waited)
    commit_ms, trip_ms = statistics.median(commits), statistics.median(trips)
    return [
        Row(
            NAME,
            "one caller, one call at a time: median",
            middle_ms,
            "ms",
            commit_ms + trip_ms,
            "a durable commit and a trip to a handler that only verifies",
            (at_most(middle_ms, 3, "ms"),),
            f"p99 {tail_ms:.2f} ms; commit {commit_ms:.2f} ms, trip {trip_ms:.2f} ms",
        )
    ]


def _call(town: Town, address: str, actions: Sequence[Action]) -> list[float]:
    latencies_ms = []
    with Client(town.connection(_AUTHOR, address)) as client:
        client.network()
        for action in actions:
            began_s = time.perf_counter()
            # The ledger's no takes as long as its yes.
            with suppress(Rejection):
                getattr(client, action.kind)(**action.arguments)
            latencies_ms.append((time.perf_counter() - began_s) * 1_000)
    return latencies_ms


def _commits(path: Path, count: int) -> list[float]:
    """Milliseconds that each durable commit of one row takes."""
    path.unlink(missing_ok=True)
    took_ms = []
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE entries (sequence INTEGER PRIMARY KEY, body BLOB NOT NULL)")
        for _ in range(count):
            began_s = time.perf_counter()
            connection.execute("INSERT INTO entries (body) VALUES (?)", (bytes(_ENTRY_BYTES),))
            took_ms.append((time.perf_counter() - began_s) * 1_000)
    return took_ms
