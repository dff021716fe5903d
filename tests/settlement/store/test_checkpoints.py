"""The hub's signature over each window is kept, however the journal arrived."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from coalition.note import checkpoint_origin, open_checkpoint
from settlement.intake import Intake
from settlement.store.checkpoints import checkpoint_over
from tests.settlement.books import HUB_KEY, new_database, take_in
from tests.settlement.journals import NETWORK, Journal, coalition_of_three


def three_windows() -> Journal:
    """Business in each of them."""
    journal = coalition_of_three()
    for points in (500, 300, 200):
        journal.issue("grocer", points)
        journal.issue("florist", points)
        journal.redeem("florist", {"grocer": points // 3})
        journal.redeem("grocer", {"florist": points // 4})
        journal.close()
    return journal


@pytest.mark.parametrize("seed", range(4))
def test_first_checkpoint_over_a_closed_window_is_kept(tmp_path: Path, seed: int) -> None:
    """It is the first that covers the closing entry, and does not change after that."""
    chance, journal, database = random.Random(seed), three_windows(), new_database(tmp_path)
    intake, ends = Intake(database, NETWORK), []
    while intake.progress.state.sequence < len(journal.entries):
        start = intake.progress.state.sequence
        take_in(intake, journal.entries[start : start + chance.randrange(1, 30)])
        ends.append(intake.progress.state.sequence)
    with database.read() as connection:
        for number in (1, 2, 3):
            closing = next(
                entry.sequence for entry in journal.entries if entry.transaction.close_window.window == number
            )
            note = checkpoint_over(connection, number)
            assert note is not None
            checkpoint = open_checkpoint(note, checkpoint_origin(NETWORK), HUB_KEY.public)
            assert checkpoint.size == min(end for end in ends if end >= closing)
        open_note = checkpoint_over(connection, 4)
        assert open_note is not None
        assert open_checkpoint(open_note, checkpoint_origin(NETWORK), HUB_KEY.public).root == intake.progress.log_root
        assert checkpoint_over(connection, 5) is None
    database.close()
