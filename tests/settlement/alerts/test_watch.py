"""The watch: it looks soon after entries came, and one look that fails does not end it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from settlement.alerts import watch as watches
from settlement.alerts.alert import LIMIT_NEAR, About, Alert
from settlement.alerts.board import Board
from settlement.alerts.watch import Watch
from settlement.store import database as databases
from tests.settlement.books import take_in
from tests.settlement.office import Office


def wait_until(holds: Callable[[], bool]) -> None:
    """Raises AssertionError when it does not hold within ten seconds."""
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_watch_survives_what_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look that raises, and a database that somebody else has locked, are got over by the next look."""
    monkeypatch.setattr(watches, "PAUSE_S", 0.01)
    monkeypatch.setattr(watches, "TIMER_S", 0.01)
    monkeypatch.setattr(databases, "_BUSY_TIMEOUT_S", 0.05)
    office = Office(tmp_path)
    office.business(5)
    looks = 0

    def look() -> tuple[Alert, ...]:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise RuntimeError("no look")
        return (Alert(About(LIMIT_NEAR, "grocer"), "text"),)

    board = Board(office.database, look, lambda: office.now_us)
    watch = Watch(board, office.intake)
    blocker = sqlite3.connect(tmp_path / "settlement.db", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    watch.start()
    wait_until(lambda: looks > 2)
    assert board.lasting() == ()
    blocker.execute("ROLLBACK")
    blocker.close()
    wait_until(lambda: len(board.lasting()) == 1)
    office.intake.close()
    watch.stop()
    office.database.close()


def test_entries_are_looked_at_without_waiting_for_the_timer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The timer is for what only time brings; a batch brings a look by itself."""
    monkeypatch.setattr(watches, "PAUSE_S", 0.01)
    monkeypatch.setattr(watches, "TIMER_S", 60.0)
    office = Office(tmp_path)
    office.business(5)
    sequences: list[int] = []

    def look() -> tuple[Alert, ...]:
        sequences.append(office.intake.progress.state.sequence)
        return ()

    watch = Watch(Board(office.database, look, lambda: office.now_us), office.intake)
    watch.start()
    wait_until(lambda: len(sequences) == 1)
    office.journal.owe("florist", "grocer", 7)
    take_in(office.intake, office.journal.entries[sequences[0] :])
    wait_until(lambda: len(sequences) == 2)
    assert sequences[1] == sequences[0] + 1
    office.intake.close()
    watch.stop()
    office.database.close()
