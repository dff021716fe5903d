"""Power cuts while the journal is taken in."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from settlement.clearing.books import recompute
from settlement.intake import Intake
from tests.settlement import crashing
from tests.settlement.books import new_database, stored_books, with_business
from tests.settlement.clearing.test_state import busy_journal
from tests.settlement.journals import NETWORK


@pytest.mark.long
def test_killed_at_any_moment_nothing_is_lost_or_counted_twice(tmp_path: Path) -> None:
    """However often the process is killed in the middle of its commits, the books end as those of the whole journal."""
    chance = random.Random(3)
    database = new_database(tmp_path)
    killed = 0
    seen = [0]
    for _ in range(60):
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.settlement.crashing", str(tmp_path)],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        if killed < 4:
            time.sleep(chance.uniform(0.01, 0.15))
            process.kill()
            killed += 1
        finished = process.stdout.readline() == b"done\n"
        process.wait(30)
        process.stdout.close()
        seen.append(Intake(database, NETWORK).progress.state.sequence)
        if finished:
            break
    entries = busy_journal(crashing.SEED, crashing.STEPS).entries
    assert seen == sorted(seen)
    assert len({*seen}) > 2
    assert seen[-1] == len(entries)
    assert stored_books(database) == with_business(recompute(entries))
    database.close()
