"""Taking verified entries into the books, and knowing how far that has come."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Final

from coalition.errors import Refused
from coalition.v1 import error_pb2
from partner_sdk.journal import JournalState
from settlement.clearing.directory import Directory
from settlement.clearing.entry import Entry
from settlement.clearing.state import clear
from settlement.store.database import Database
from settlement.store.progress import Progress, commit_progress, load_progress


class Intake:
    """The one place that writes what the journal says. Readers see what was committed, never more."""

    def __init__(self, database: Database, network_id: str) -> None:
        """Goes on from what the database holds. Raises StoreError when that is of another network."""
        self.network_id: Final = network_id
        self._database = database
        self._changed = threading.Condition()
        self._problem = ""
        self._closed = False
        with database.read() as connection:
            self._progress = load_progress(connection, network_id)

    @property
    def progress(self) -> Progress:
        """As of the last commit."""
        return self._progress

    @property
    def directory(self) -> Directory:
        """The network as of the last commit."""
        return self._progress.state.directory

    @property
    def verified(self) -> JournalState:
        """What the SDK's JournalVerifier goes on from."""
        saved = self._progress.verifier
        return JournalState.from_bytes(saved) if saved else JournalState(self.network_id)

    @property
    def problem(self) -> str:
        """Why following the journal has stopped for good, with the place; empty while it goes on."""
        return self._problem

    def take_in(self, entries: Sequence[Entry], verified: JournalState, checkpoint: str) -> None:
        """Clear verified entries that follow, and commit totals and cursor together.

        `verified` is the verifier's state after them, `checkpoint` the hub's signature over the log up to there. Raises
        ClearingError or StoreError; nothing has then changed.
        """
        before = self._progress
        state, changes = clear(before.state, entries)
        assert state.sequence == verified.size, "the verifier has read exactly these entries"
        after = Progress(state, verified.root, verified.to_bytes())
        with self._database.write() as connection:
            commit_progress(connection, before, entries, changes, after, checkpoint)
        with self._changed:
            self._progress = after
            self._changed.notify_all()

    def stop(self, problem: str) -> None:
        """Note that the journal cannot be followed any further, and let nobody wait for it."""
        with self._changed:
            self._problem = problem
            self._changed.notify_all()

    def close(self) -> None:
        """Let nobody wait any longer: the service is about to end."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def wait_for(self, sequence: int, timeout_s: float) -> Progress:
        """The progress once it has come to `sequence`, or whatever it is when the time is up or it has stopped."""
        deadline = time.monotonic() + timeout_s
        with self._changed:
            while self._progress.state.sequence < sequence and not (self._problem or self._closed):
                left_s = deadline - time.monotonic()
                if left_s <= 0:
                    break
                self._changed.wait(left_s)
            return self._progress

    def require_sound(self, *, detailed: bool = False) -> None:
        """Raises Refused with WRONG_STATE once the journal was found to be wrong.

        What is wrong may name parties, so it is told only when `detailed`: to callers who see all.
        """
        if not self._problem:
            return
        sequence = self._progress.state.sequence
        stopped = f"The settlement service has stopped following the journal after entry {sequence}"
        raise Refused(
            error_pb2.REASON_WRONG_STATE,
            f"{stopped}: {self._problem}" if detailed else f"{stopped}. The operator knows why.",
            {"sequence": str(sequence)},
        )
