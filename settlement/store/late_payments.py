"""Payments that came, or came back, after their instruction was done with: they are settled with the next run."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

from settlement.runs.carried import Carried, rest_of
from settlement.runs.instructions import Happening
from settlement.runs.run import Run
from settlement.store.bank_entries import late_entries
from settlement.store.runs import read_run


def late_payments(connection: Connection, after_run: int, before_run: int) -> Iterator[Carried]:
    """What they come to: who was paid too much owes it back, who was paid and then not after all is owed again.

    Those that came since the run numbered `after_run` was proposed, and before the one numbered `before_run` was.
    """
    runs: dict[bytes, Run | None] = {}
    for record in late_entries(connection, after_run, before_run):
        about = record.match.about
        assert about is not None, "what came too late came for an instruction"
        if about.run_id not in runs:
            runs[about.run_id] = read_run(connection, about.run_id)
        run = runs[about.run_id]
        standing = None if run is None else run.standing(about.instruction)
        assert run is not None, "the database knows the runs that it names"
        assert standing is not None, "and their instructions"
        micros = record.entry.amount_minor * run.positions.micros_per_minor
        unpaid = micros if about.effect is Happening.RETURNED else -micros
        yield rest_of(standing.instruction.payer, standing.instruction.payee, unpaid)
