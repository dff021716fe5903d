"""Payments of runs that should have come: due by the schedule, or some days after they were instructed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from coalition.calendar import Calendar, add_days
from coalition.ids import id_text
from coalition.v1 import settlement_service_pb2 as pb
from settlement.alerts.sources import OverduePayment
from settlement.clearing.state import Window
from settlement.runs.run import Run
from settlement.schedule.rule import Schedule

#: A run in one of these waits for payments.
WAITING: Final = (pb.RUN_STATE_INSTRUCTED, pb.RUN_STATE_SETTLING)


def unpaid_payments(run: Run, due_on: str, calendar: Calendar) -> Iterator[OverduePayment]:
    """The payments of a waiting run that are not complete: overdue once the day on which they are due is over."""
    due_us = calendar.moment_us(add_days(due_on, 1), 0) - 1
    for standing in run.standings:
        if not standing.done and standing.rest_minor > 0:
            instruction = standing.instruction
            yield OverduePayment(
                id_text(run.run_id),
                instruction.reference,
                instruction.payer,
                instruction.payee,
                standing.rest_minor,
                due_on,
                due_us,
            )


def due_on(
    run: Run, windows: Mapping[int, Window], calendar: Calendar, schedule: Schedule | None, payment_days: int
) -> str:
    """The day, ISO 8601, on which a run's payments are due: that of its last window by the schedule, though not before
    they were instructed; without a schedule so many days after that."""
    instructed = next(event for event in run.events if event.state == pb.RUN_STATE_INSTRUCTED)
    instructed_on = calendar.day(instructed.deed.decided_us)
    if schedule is None:
        return add_days(instructed_on, payment_days)
    last = windows[max(run.windows)]
    agreed = schedule.window_due_on(calendar, last.opened_us, last.closed_us)
    return max(agreed.isoformat(), instructed_on)
