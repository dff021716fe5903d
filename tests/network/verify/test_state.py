"""A replay forgets what it can, and still knows which ids are taken."""

from __future__ import annotations

import random
from pathlib import Path

from network.reopening.openers import Openers
from network.store.engine import parse_url, sqlite_url
from network.verify.replay import Pinned, Replay
from network.verify.report import Failures
from network.verify.state import TakenIds


def test_ids_are_found_again() -> None:
    """Every id with the entry that took it, and no other, also where bytes of neighbours look like one."""
    chance = random.Random(7)
    taken = TakenIds(expected=100)
    known: dict[tuple[str, bytes], int] = {}
    for sequence in range(1, 3_000):
        key = (chance.choice("abc"), bytes(chance.choices((0, 1), k=16)))
        assert taken.get(key) == known.get(key)
        if key not in known:
            taken.add(key, sequence)
            known[key] = sequence
    assert {key: taken.get(key) for key in known} == known
    assert taken.get(("d", bytes(16))) is None


def test_replay_keeps_little_of_the_journal(books: Path) -> None:
    """Of a transaction that nobody sends again or takes back, nothing but its id."""
    replay = Replay(Pinned(None, (), None), lambda _done, _all: None, Openers(0))
    failures = Failures()
    engine = parse_url(sqlite_url(books)).checking()
    with engine.connect() as connection:
        replay.run(connection, failures)
    engine.dispose()
    assert (replay.complete, failures.listed()) == (True, ((), 0))
    whole = [committed for committed in replay.state.committed.rows.values() if committed and committed.transaction]
    assert 0 < len(whole) < 20
    assert len(replay.state.committed.rows) < replay.state.head.sequence / 4
    reversed_points = [original.reversed_points for original in replay.state.originals.rows.values() if original]
    assert 0 < len(reversed_points) < replay.state.head.sequence / 4
