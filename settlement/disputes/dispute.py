"""The life of a dispute, as a state machine without I/O over its steps, the journal and the time.

    RAISED → ANSWERED → REJECTED → ESCALATED → RULED → ACCEPTED → ADJUSTED

An answer or a rejection may be left out, and every state before ACCEPTED can end in ACCEPTED or WITHDRAWN. Deadlines
move a dispute as steps do: what is not answered goes to the operator, what is not escalated is CLOSED. An adjustment
that is not what was agreed on, or of a dispute that is over without money, makes it MISADJUSTED. No moment is looked at
but those in which steps were recorded and the one that is asked for, so a dispute keeps its history for ever.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from coalition.v1 import settlement_disputes_pb2 as pb
from coalition.v1.settlement_disputes_pb2 import DisputeState
from settlement.disputes.adjustments import Adjustment, Owing, problem_with, reached_us
from settlement.disputes.rules import DAY_US, Deadlines
from settlement.disputes.step import ANSWER, Claim, Step

RAISED: Final = pb.DISPUTE_STATE_RAISED
ANSWERED: Final = pb.DISPUTE_STATE_ANSWERED
REJECTED: Final = pb.DISPUTE_STATE_REJECTED
ESCALATED: Final = pb.DISPUTE_STATE_ESCALATED
RULED: Final = pb.DISPUTE_STATE_RULED
ACCEPTED: Final = pb.DISPUTE_STATE_ACCEPTED
ADJUSTED: Final = pb.DISPUTE_STATE_ADJUSTED
MISADJUSTED: Final = pb.DISPUTE_STATE_MISADJUSTED
WITHDRAWN: Final = pb.DISPUTE_STATE_WITHDRAWN
CLOSED: Final = pb.DISPUTE_STATE_CLOSED

#: Nothing is agreed on and nothing is over.
UNDECIDED: Final = frozenset({RAISED, ANSWERED, REJECTED, ESCALATED, RULED})
#: Somebody still has something to do.
OPEN: Final = UNDECIDED | {ACCEPTED, MISADJUSTED}


@dataclass(frozen=True, slots=True)
class Recorded:
    """A step, and when the service recorded it by its own clock."""

    step: Step
    recorded_us: int


@dataclass(frozen=True, slots=True)
class Dispute:
    """What is stored of a dispute and stands in the journal about it."""

    dispute_id: bytes
    #: In the order in which they were raised, from 1.
    number: int
    #: The window of the disputed line.
    window: int
    #: The network's operator, who rules.
    operator: str
    deadlines: Deadlines
    #: The first one raised it.
    steps: tuple[Recorded, ...]
    #: By entry.
    adjustments: tuple[Adjustment, ...] = ()

    @property
    def raiser(self) -> str:
        """Who claims."""
        return self.steps[0].step.party_id

    @property
    def claim(self) -> Claim:
        """What is claimed."""
        claim = self.steps[0].step.claim
        assert claim is not None, "the first step has the claim"
        return claim

    @property
    def respondent(self) -> str:
        """The other side."""
        return self.claim.respondent

    @property
    def raised_us(self) -> int:
        """When it was recorded."""
        return self.steps[0].recorded_us

    @property
    def in_own_cause(self) -> bool:
        """Whether the operator rules on a dispute to which it is a party itself."""
        return self.operator in (self.raiser, self.respondent)

    def with_step(self, step: Step, recorded_us: int) -> Dispute:
        """The dispute after one more step, which `move` has allowed."""
        return replace(self, steps=(*self.steps, Recorded(step, recorded_us)))


@dataclass(frozen=True, slots=True)
class Event:
    """The dispute came into a state: by a step, or, without one, by a deadline or by the journal."""

    state: DisputeState.ValueType
    at_us: int
    step: Step | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a dispute stands at a moment."""

    events: tuple[Event, ...]
    #: Until when, that moment included, something is to be done; 0 for no deadline.
    due_us: int
    #: What was offered with the answer and not taken back by a rejection; 0 for nothing.
    offered_micros: int
    #: The ruling that waits for a second person; None where none does.
    ruling: Step | None
    #: What the respondent owes the raiser, as agreed on or ruled.
    accepted_micros: int
    #: What is wrong with the adjustments in the journal.
    problem: str

    @property
    def state(self) -> DisputeState.ValueType:
        """What the last event led to."""
        return self.events[-1].state

    @property
    def since_us(self) -> int:
        """Since when it is in that state."""
        state = self.state
        since_us = self.events[-1].at_us
        for event in reversed(self.events):
            if event.state != state:
                break
            since_us = event.at_us
        return since_us

    @property
    def is_open(self) -> bool:
        """Whether somebody still has something to do."""
        return self.state in OPEN

    @property
    def was_answered(self) -> bool:
        """Whether the other side has answered."""
        return any(event.step is not None and event.step.action == ANSWER for event in self.events)


def standing(dispute: Dispute, now_us: int) -> Standing:
    """Where it stands at `now_us`, which is not before its last step was recorded."""
    life = _Life(dispute)
    for recorded in dispute.steps:
        life.pass_time(recorded.recorded_us)
        life.take(recorded)
    life.pass_time(now_us)
    life.look_at_journal()
    return life.standing()


class _Life:
    """A dispute's history in the making."""

    def __init__(self, dispute: Dispute) -> None:
        self._dispute = dispute
        self._events: list[Event] = []
        self._due_us = 0
        self._offered_micros = 0
        self._ruling: Step | None = None
        self._accepted_micros = 0
        self._problem = ""

    def take(self, recorded: Recorded) -> None:
        """A step that was allowed when it was recorded."""
        step, at_us = recorded.step, recorded.recorded_us
        days = self._dispute.deadlines
        match step.action:
            case pb.DISPUTE_ACTION_RAISE:
                self._enter(RAISED, at_us, step, days.answer_days)
            case pb.DISPUTE_ACTION_ANSWER:
                self._offered_micros = step.amount_micros
                if self._events[-1].state == RAISED:
                    self._enter(ANSWERED, at_us, step, days.escalate_days)
                else:
                    self._events.append(Event(self._events[-1].state, at_us, step))
            case pb.DISPUTE_ACTION_REJECT:
                self._offered_micros = 0
                self._enter(REJECTED, at_us, step, days.escalate_days)
            case pb.DISPUTE_ACTION_ESCALATE:
                self._enter(ESCALATED, at_us, step, days.decide_days)
            case pb.DISPUTE_ACTION_WITHDRAW:
                self._enter(WITHDRAWN, at_us, step)
            case pb.DISPUTE_ACTION_ACCEPT:
                self._decide(step, at_us)
            case pb.DISPUTE_ACTION_RULE if step.amount_micros or self._dispute.in_own_cause:
                # The time that the operator has runs on from the escalation.
                self._events.append(Event(RULED, at_us, step))
                self._ruling = step
            case _:
                self._decide(step, at_us)

    def pass_time(self, now_us: int) -> None:
        """What deadlines did until then."""
        if not self._events or not 0 < self._due_us < now_us:
            return
        match self._events[-1].state:
            case pb.DISPUTE_STATE_RAISED:
                self._enter(ESCALATED, self._due_us, None, self._dispute.deadlines.decide_days)
            case pb.DISPUTE_STATE_ANSWERED | pb.DISPUTE_STATE_REJECTED:
                self._enter(CLOSED, self._due_us, None)

    def look_at_journal(self) -> None:
        """Compare what was agreed on with what the operator has written."""
        dispute = self._dispute
        if not dispute.adjustments:
            return
        wanted = Owing(dispute.respondent, dispute.raiser, self._accepted_micros)
        self._problem = problem_with(dispute.adjustments, wanted)
        # An entry may be older than the agreement that it is about: people talk to each other.
        at_us = max(reached_us(dispute.adjustments), self._events[-1].at_us)
        match self._events[-1].state:
            case pb.DISPUTE_STATE_ACCEPTED:
                self._enter(MISADJUSTED if self._problem else ADJUSTED, at_us, None)
            case pb.DISPUTE_STATE_WITHDRAWN | pb.DISPUTE_STATE_CLOSED if self._problem:
                # It ended without money, and money was moved in its name.
                self._enter(MISADJUSTED, at_us, None)

    def standing(self) -> Standing:
        return Standing(
            tuple(self._events),
            self._due_us,
            self._offered_micros,
            self._ruling if self._events[-1].state == RULED else None,
            self._accepted_micros,
            self._problem,
        )

    def _enter(self, state: DisputeState.ValueType, at_us: int, step: Step | None, days: int = 0) -> None:
        self._events.append(Event(state, at_us, step))
        self._due_us = at_us + days * DAY_US if days else 0

    def _decide(self, step: Step, at_us: int) -> None:
        self._accepted_micros = step.amount_micros
        if step.amount_micros:
            # So long the operator has for the adjustment.
            self._enter(ACCEPTED, at_us, step, self._dispute.deadlines.decide_days)
        else:
            self._enter(CLOSED, at_us, step)
