"""Payments that came, or came back, after their instruction was done with: they are settled with a later run.

What such a payment changes is not its amount but what is known to be paid. The bank's entry of money that a person had
confirmed adds nothing, and nor does the payment of what was booked back before. So late payments follow what happened
to their instruction within its run, and what counts is by how much that is paid more, or less, afterwards.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from settlement.runs.carried import Carried, rest_of
from settlement.runs.instructions import Instruction, Payment, standings
from settlement.runs.run import Run


class LatePayment(NamedTuple):
    """What a bank's entry did to an instruction that takes no payments any more."""

    run_id: bytes
    payment: Payment
    #: The number of the newest run when a person said what the entry is about; one after it takes it over.
    after_run: int
    decided_us: int


def paid_late(run: Run, late: Iterable[LatePayment]) -> Iterator[tuple[LatePayment, Instruction, int]]:
    """By how many minor units more of its instruction is paid after each late payment; negative: less, and maybe 0.

    `late` are all those about the run, in the order in which later runs took them over.
    """
    happened: dict[int, list[Payment]] = {}
    paid_minor: dict[int, int] = {}
    for item in late:
        number = item.payment.instruction
        before = run.standing(number)
        assert before is not None, "what came too late came for an instruction"
        if number not in happened:
            happened[number] = [one for event in run.events for one in event.payments if one.instruction == number]
            paid_minor[number] = before.paid_minor
        happened[number].append(item.payment)
        (standing,) = standings([before.instruction], happened[number])
        yield item, before.instruction, standing.paid_minor - paid_minor[number]
        paid_minor[number] = standing.paid_minor


def carried_late(run: Run, late: Iterable[LatePayment], after_run: int) -> Iterator[Carried]:
    """What late payments of a run leave to the next one: of `late`, those since the run numbered `after_run`."""
    paid_minor: Counter[int] = Counter()
    for item, instruction, more_minor in paid_late(run, late):
        if item.after_run >= after_run:
            paid_minor[instruction.number] += more_minor
    for number, minor in paid_minor.items():
        if minor:
            about = run.positions.instructions[number - 1]
            yield rest_of(about.payer, about.payee, -minor * run.positions.micros_per_minor)
