"""Settlement catching up with a journal: how fast it verifies and clears what a hub streams."""

from __future__ import annotations

import sqlite3
import statistics
import time
from contextlib import closing
from pathlib import Path
from typing import Final

from benchmarks.figures.verifying import lived_in, single_pass
from benchmarks.processes import Server, hub
from benchmarks.progress import say
from benchmarks.rows import Row, at_least
from benchmarks.run import Run
from benchmarks.town import NETWORK_ID, OPERATOR, Town
from coalition.clock import system_clock
from network.config import load_config
from partner_sdk import Client
from settlement.follower import Follower
from settlement.intake import Intake
from settlement.store.database import Database
from settlement.store.migrate import migrate

NAME: Final = "following"
_LONGEST_S: Final = 1_200


def measure(run: Run) -> list[Row]:
    """The service's follower in this process, the hub in its own, and a single pass over the same journal, in turn."""
    town = lived_in(run)
    entries = _entries(town)
    rates, passes = [], []
    for number in range(min(run.scale.rounds, 2)):
        with hub(town) as server:
            rates.append(entries / _follow_s(town, server, entries, run.work / f"settlement-{number}.db"))
        passes.append(single_pass(town))
        say(f"{NAME}: {rates[-1]:,.0f} entries/s, single pass {passes[-1]:,.0f}")
    rate = statistics.median(rates)
    return [
        Row(
            NAME,
            f"settlement following {entries:,} entries from the first, over TLS, into its database",
            rate,
            "entries/s",
            statistics.median(passes),
            "decoding and hashing each entry once, checking each signature",
            (at_least(rate, 5_000, "entries/s"),),
        )
    ]


def _entries(town: Town) -> int:
    path = load_config(town.folder).database_file
    assert path is not None, "towns are files"
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT max(sequence) FROM entries").fetchone()[0])


def _follow_s(town: Town, server: Server, entries: int, path: Path) -> float:
    """Seconds from an empty database to one that holds all of the journal."""
    database = Database.in_file(path)
    migrate(database)
    intake = Intake(database, NETWORK_ID)
    follower = Follower(Client(town.connection(OPERATOR, server.address)), intake, system_clock, lambda: None)
    began_s = time.perf_counter()
    follower.start()
    reached = intake.wait_for(entries, _LONGEST_S).state.sequence
    took_s = time.perf_counter() - began_s
    follower.stop()
    database.close()
    assert (intake.problem, reached >= entries) == ("", True), "the journal is right"
    return took_s
