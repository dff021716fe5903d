"""Keeps the board up to date: soon after entries were taken in, and now and again for what only time brings."""

from __future__ import annotations

import threading
from typing import Final

import structlog
from sqlalchemy.exc import OperationalError

from settlement.alerts.board import Board
from settlement.intake import Intake

#: Between two looks at least; what batches bring is looked at together.
PAUSE_S: Final = 2.0
#: Without any entry a look every so often, for deadlines pass by themselves.
TIMER_S: Final = 15.0

_log = structlog.stdlib.get_logger("settlement.alerts")


class Watch:
    """One thread. `start`, then `stop`, once each."""

    def __init__(self, board: Board, intake: Intake) -> None:
        self._board = board
        self._intake = intake
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alerts")

    def start(self) -> None:
        """Begin with a look."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the look under way. The intake is closed before, so that nobody waits for it."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            sequence = self._intake.progress.state.sequence
            try:
                self._board.update()
            except OperationalError as error:
                # Another program may have locked the database, or the disk be full; the next look tries again.
                _log.warning("database_unwritable", problem=str(error.orig), retry_s=PAUSE_S)
            except Exception:  # noqa: BLE001 - the last resort of a thread: logged in full, and it looks again
                _log.exception("unexpected")
            self._stopping.wait(PAUSE_S)
            if not self._stopping.is_set():
                self._intake.wait_for(sequence + 1, TIMER_S)
