"""Runs in the books: whatever people and banks do, what is open is what runs say they left."""

from __future__ import annotations

from beancount import loader
from hypothesis import settings

from coalition.calendar import Calendar
from settlement.books.beancount import beancount_text
from settlement.books.books import ClosedWindow
from settlement.books.clearing import Cleared, WindowSums, clearing_ledger
from settlement.books.own import own_ledger
from settlement.books.settled import settled_by
from settlement.clearing.movements import MovementKind
from settlement.clearing.totals import NOTHING, Key
from tests.settlement.runs.test_many_runs import NAMES, OPERATOR, ManyRuns

CALENDAR = Calendar("UTC")


class BookedRuns(ManyRuns):
    """In the end somebody keeps books of it all, as of the last window and as of one before."""

    def __init__(self) -> None:
        super().__init__()
        self.closed: list[ClosedWindow] = []

    def later(self) -> int:
        """Hours pass, in which a window may be closed."""
        now_us = super().later()
        for number in range(len(self.closed) + 1, self.open_window):
            self.closed.append(ClosedWindow(number, CALENDAR.day(now_us), number))
        return now_us

    def teardown(self) -> None:
        """Every view passes Beancount, which adds up the payments, against what runs and positions say is open."""
        for count in {len(self.closed), len(self.closed) // 2} - {0}:
            self.keep_books(self.closed[:count])

    def keep_books(self, closed: list[ClosedWindow]) -> None:
        payments, settled = settled_by(self.runs, self.late, CALENDAR, closed[-1])
        cleared = Cleared(
            OPERATOR,
            "USD",
            tuple(
                WindowSums(
                    window,
                    {
                        Key(MovementKind.OBLIGATION, *pair): NOTHING._replace(direct_micros=micros)
                        for pair, micros in self.owed[window.number].items()
                    },
                )
                for window in closed
            ),
            payments,
            settled,
        )
        for ledger in (clearing_ledger(cleared, ()), *(own_ledger(name, cleared, None) for name in NAMES)):
            _, errors, _ = loader.load_string(beancount_text(ledger))
            assert not errors, errors


TestBookedRuns = BookedRuns.TestCase
TestBookedRuns.settings = settings(max_examples=15, stateful_step_count=30, deadline=None)
