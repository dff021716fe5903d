"""A settlement run, as it follows from what was proposed and from what was decided and paid since. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from coalition.standings import standings_digest
from coalition.v1 import settlement_service_pb2 as pb
from settlement.runs.carried import Carried, merged, rest_of
from settlement.runs.decision import Deed
from settlement.runs.instructions import Payment, Standing, State, standings
from settlement.runs.positions import Positions

_PAYABLE = (pb.RUN_STATE_INSTRUCTED, pb.RUN_STATE_SETTLING)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that was decided, what it meant for instructions, and the state that it led to."""

    action: pb.RunAction.ValueType
    state: pb.RunState.ValueType
    deed: Deed
    #: The party that was confirmed; else empty.
    party_id: str = ""
    payments: tuple[Payment, ...] = ()


@dataclass(frozen=True)
class Run:
    """Windows that are settled together."""

    run_id: bytes
    #: In the order in which runs were proposed, from 1.
    number: int
    #: What was proposed; it never changes afterwards.
    positions: Positions
    #: The serialised RunPositions.
    positions_bytes: bytes
    events: tuple[Event, ...]

    @property
    def windows(self) -> tuple[int, ...]:
        """Numbers of the windows, ascending."""
        return self.positions.windows

    @property
    def state(self) -> pb.RunState.ValueType:
        """Where it stands: what the last event led to."""
        return self.events[-1].state

    @property
    def live(self) -> bool:
        """Whether it may still move."""
        return self.state not in (pb.RUN_STATE_SETTLED, pb.RUN_STATE_ABORTED)

    @property
    def proposed_by(self) -> bytes:
        """The key that proposed it."""
        return self.events[0].deed.public_key

    @cached_property
    def standings(self) -> tuple[Standing, ...]:
        """How each instruction stands, by number."""
        payments = (payment for event in self.events for payment in event.payments)
        return standings(self.positions.instructions, payments)

    def standing(self, number: int) -> Standing | None:
        """How the instruction with a number stands; None where there is none."""
        return self.standings[number - 1] if 1 <= number <= len(self.standings) else None

    def standings_digest(self, party_id: str) -> bytes:
        """What a confirmation of a party covers: how all that it pays and receives stands."""
        return standings_digest(
            (item.instruction.number, pb.InstructionState.ValueType(item.state), item.paid_minor)
            for item in self.standings
            if party_id in (item.instruction.payer, item.instruction.payee)
        )

    def takes_payments(self, standing: Standing) -> bool:
        """Whether a payment of that instruction would still be this run's."""
        return self.state in _PAYABLE and standing.state is not State.CARRIED

    @property
    def confirmed(self) -> tuple[str, ...]:
        """Parties all of whose instructions are paid or carried, by party id."""
        parties = {party for item in self.standings for party in (item.instruction.payer, item.instruction.payee)}
        return tuple(sorted(parties - set(self.outstanding)))

    @property
    def outstanding(self) -> tuple[str, ...]:
        """Parties that have still something to pay or to receive, or more than that, by party id."""
        left = [standing.instruction for standing in self.standings if not standing.done]
        return tuple(sorted({party for instruction in left for party in (instruction.payer, instruction.payee)}))

    @property
    def carried_out(self) -> tuple[Carried, ...]:
        """What the next run takes over once this one is settled: remainders, and what people left to it."""
        micros_per_minor = self.positions.micros_per_minor
        rests = (
            rest_of(item.instruction.payer, item.instruction.payee, item.carried_minor * micros_per_minor)
            for item in self.standings
            if item.carried_minor
        )
        return merged((*self.positions.rounding, *rests))

    def after(self, *events: Event) -> Run:
        """The run after more events."""
        return replace(self, events=(*self.events, *events))
