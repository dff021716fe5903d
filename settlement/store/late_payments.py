"""Payments that came, or came back, after their instruction was done with: they are settled with the next run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from sqlalchemy import Connection

from settlement.runs.carried import Carried
from settlement.runs.instructions import Payment
from settlement.runs.late import LatePayment, carried_late
from settlement.store.bank_entries import late_entries
from settlement.store.runs import read_run


def late_payments(connection: Connection, after_run: int, before_run: int) -> Iterator[Carried]:
    """What they come to: who was paid too much owes it back, who was paid and then not after all is owed again.

    Those that came since the run numbered `after_run` was proposed, and before the one numbered `before_run` was.
    """
    by_run: defaultdict[bytes, list[LatePayment]] = defaultdict(list)
    for item in read_late(connection):
        if item.after_run < before_run:
            by_run[item.run_id].append(item)
    for run_id, late in by_run.items():
        if late[-1].after_run >= after_run:
            run = read_run(connection, run_id)
            assert run is not None, "the database knows the runs that it names"
            yield from carried_late(run, late, after_run)


def read_late(connection: Connection) -> Iterator[LatePayment]:
    """All that came too late, in the order in which later runs took it over, or will."""
    for record in late_entries(connection):
        about = record.match.about
        assert about is not None, "what came too late came for an instruction"
        payment = Payment(about.instruction, about.effect, record.entry.amount_minor, record.entry_id)
        yield LatePayment(about.run_id, payment, record.match.after_run, record.match.deed.decided_us)
