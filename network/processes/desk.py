"""The writer's end of the line to one front: takes what the front hands in, and tells it what was committed."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from functools import partial
from typing import Final

from coalition.errors import Refused
from coalition.v1.ledger_service_pb2 import SubmitResponse
from network.journal.commits import Commits
from network.journal.writer import Writer
from network.processes.line import Line
from network.processes.messages import Handed, News, Refusal
from network.store.store import Store

#: In one message, so that none gets huge: an answer may be some 300 KB.
_ANSWERS_MAX: Final = 256


class Desk:
    """To be used from the event loop in which the writer's futures are resolved.

    For a front that does not listen no more is kept than it has handed in: its answers wait here, and of commits only
    the last one counts.
    """

    def __init__(self, line: Line, *, writer: Writer, store: Store, commits: Commits) -> None:
        self._line: Final = line
        self._writer: Final = writer
        self._store: Final = store
        self._commits: Final = commits
        self._answers: list[tuple[int, bytes | Refusal]] = []
        self._telling = False

    def take(self, handed: Handed) -> None:
        """Hand an envelope to the writer."""
        self._writer.submit(handed.envelope(), handed.traceparent).add_done_callback(partial(self._keep, handed.number))

    def tell_soon(self) -> None:
        """Tell the front, in one message, of all that this round of the loop brings. Also to be called when the line is
        not full any more."""
        if not self._telling:
            self._telling = True
            asyncio.get_running_loop().call_soon(self._tell)

    def _keep(self, number: int, answer: Future[SubmitResponse]) -> None:
        error = answer.exception()
        if error is None:
            self._answers.append((number, answer.result().SerializeToString()))
        else:
            assert isinstance(error, Refused), "a writer answers or refuses"
            self._answers.append((number, Refusal.of(error)))
        self.tell_soon()

    def _tell(self) -> None:
        self._telling = False
        if self._line.is_full:
            return
        answers = tuple(self._answers[:_ANSWERS_MAX])
        del self._answers[:_ANSWERS_MAX]
        self._line.send(News(self._commits.sequence, self._store.reference_sequence, answers))
        if self._answers:
            self.tell_soon()
