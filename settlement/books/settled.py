"""What runs mean for the books: who paid whom on which day, and what was left when a run was settled."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from coalition.calendar import Calendar
from coalition.v1 import settlement_service_pb2 as pb
from settlement.books.books import ClosedWindow
from settlement.books.clearing import Paid, SettledRun
from settlement.runs.carried import net_of
from settlement.runs.instructions import Payment, standings
from settlement.runs.late import LatePayment, paid_late
from settlement.runs.run import Run


def settled_by(
    runs: Iterable[Run], late: Iterable[LatePayment], calendar: Calendar, last: ClosedWindow
) -> tuple[tuple[Paid, ...], tuple[SettledRun, ...]]:
    """Payments and settled runs up to the end of the day on which the last window was closed.

    `runs` are all of them, in the order in which they were proposed, and `late` are payments of theirs that came too
    late, in the order in which they were taken over. A run that settles a later window too is none of these books',
    nor is any after it, which takes over what that one leaves. A run that was aborted has late payments at most.
    """
    payments: list[Paid] = []
    settled: list[SettledRun] = []
    kept: list[Run] = []
    for run in runs:
        if run.state != pb.RUN_STATE_ABORTED:
            if run.windows[-1] > last.number:
                break
            _follow(run, calendar, last.day, payments, settled)
        kept.append(run)
    by_run: defaultdict[bytes, list[LatePayment]] = defaultdict(list)
    for item in late:
        by_run[item.run_id].append(item)
    for run in kept:
        _follow_late(run, by_run[run.run_id], kept, calendar, last.day, payments)
    payments.sort(key=lambda payment: payment.day)
    return tuple(payments), tuple(settled)


def _follow_late(
    run: Run, late: Sequence[LatePayment], runs: Sequence[Run], calendar: Calendar, until: str, payments: list[Paid]
) -> None:
    """Late payments are money that moved, whether or not a run has taken them over; until one has, they are open."""
    days = {
        payment.instruction: calendar.day(event.deed.decided_us) for event in run.events for payment in event.payments
    }
    for item, instruction, more in paid_late(run, late):
        day = max(days.get(instruction.number, ""), calendar.day(item.decided_us))
        if not more or day > until:
            continue
        takers = (other for other in runs if other.number > item.after_run and other.state != pb.RUN_STATE_ABORTED)
        taker = next((str(other.number) for other in takers), "")
        micros = more * run.positions.micros_per_minor
        payments.append(
            Paid(day, taker, instruction.payer, instruction.payee, micros, instruction.reference, late=True)
        )


def _follow(run: Run, calendar: Calendar, until: str, payments: list[Paid], settled: list[SettledRun]) -> None:
    happened: dict[int, list[Payment]] = {}
    paid_minor: dict[int, int] = {}
    day = ""
    for event in run.events:
        # People's clocks differ a little; the order of events is what counts.
        day = max(day, calendar.day(event.deed.decided_us))
        if day > until:
            return
        for number in dict.fromkeys(payment.instruction for payment in event.payments):
            instruction = run.positions.instructions[number - 1]
            so_far = happened.setdefault(number, [])
            so_far += [payment for payment in event.payments if payment.instruction == number]
            (standing,) = standings([instruction], so_far)
            more = standing.paid_minor - paid_minor.get(number, 0)
            paid_minor[number] = standing.paid_minor
            if more:
                micros = more * run.positions.micros_per_minor
                payments.append(
                    Paid(day, str(run.number), instruction.payer, instruction.payee, micros, instruction.reference)
                )
        if event.state == pb.RUN_STATE_SETTLED:
            settled.append(SettledRun(day, str(run.number), run.windows, net_of(run.carried_out)))
