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

#: The day on which all decisions of these runs are made.
DAY = "2017-07-14"


class BookedRuns(ManyRuns):
    """In the end somebody keeps books of it all."""

    def teardown(self) -> None:
        """Every view passes Beancount, which adds up the payments, against what runs and positions say is open."""
        closed = [number for number in self.owed if number < self.open_window]
        if not closed:
            return
        last = ClosedWindow(closed[-1], DAY, closed[-1])
        payments, settled = settled_by(self.runs, Calendar("UTC"), last)
        cleared = Cleared(
            OPERATOR,
            "USD",
            tuple(
                WindowSums(
                    ClosedWindow(number, DAY, number),
                    {
                        Key(MovementKind.OBLIGATION, *pair): NOTHING._replace(direct_micros=micros)
                        for pair, micros in self.owed[number].items()
                    },
                )
                for number in closed
            ),
            payments,
            settled,
        )
        for ledger in (clearing_ledger(cleared, ()), *(own_ledger(name, cleared, None) for name in NAMES)):
            _, errors, _ = loader.load_string(beancount_text(ledger))
            assert not errors, errors


TestBookedRuns = BookedRuns.TestCase
TestBookedRuns.settings = settings(max_examples=15, stateful_step_count=30, deadline=None)
