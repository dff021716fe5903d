"""Takes a made-up journal in, entry by entry, until somebody kills it: `python -m tests.settlement.crashing FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

from settlement.intake import Intake
from settlement.store.database import Database
from tests.settlement.books import take_in
from tests.settlement.clearing.test_state import busy_journal
from tests.settlement.journals import NETWORK

SEED, STEPS, BATCH = 11, 1_500, 3


def main() -> None:
    """Go on where the database stands, in small batches."""
    entries = busy_journal(SEED, STEPS).entries
    intake = Intake(Database.in_file(Path(sys.argv[1]) / "settlement.db"), NETWORK)
    print("ready", flush=True)
    while batch := entries[intake.progress.state.sequence :][:BATCH]:
        take_in(intake, batch)
    print("done", flush=True)


if __name__ == "__main__":
    main()
