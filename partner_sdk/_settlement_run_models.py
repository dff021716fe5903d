"""Settlement runs, their instructions, and what they leave to the next run, as frozen values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from coalition.ids import id_text
from coalition.standings import standings_digest
from coalition.v1 import settlement_service_pb2 as pb
from partner_sdk._moments import moment_of
from partner_sdk._settlement_models import NetPosition, position_of
from partner_sdk._vocabulary import (
    CarriedReason,
    InstructionState,
    RunAction,
    RunState,
    SettlementMethod,
    carried_reason_of,
    instruction_state_of,
    run_action_of,
    run_state_of,
    settlement_method_of,
)


@dataclass(frozen=True, slots=True)
class Instruction:
    """One payment of a run, and how it stands."""

    #: From 1.
    number: int
    payer: str
    payee: str
    #: Minor units of the settlement currency, at least 1.
    amount_minor: int
    #: ISO 11649 creditor reference, unique; also the payment's end-to-end id.
    reference: str
    state: InstructionState
    paid_minor: int
    #: What was left to the next run: what was unpaid or, negative, overpaid.
    carried_minor: int
    #: SHA-256 over the bank accounts that the money comes from and goes to; empty where a party has none on file.
    payer_account: bytes = field(repr=False)
    payee_account: bytes = field(repr=False)

    @property
    def rest_minor(self) -> int:
        """What is still to be paid; negative: what was paid too much."""
        return self.amount_minor - self.paid_minor

    @property
    def done(self) -> bool:
        """Whether nothing is expected any more."""
        return self.state in (InstructionState.PAID, InstructionState.CARRIED)


@dataclass(frozen=True, slots=True)
class CarriedAmount:
    """What one run leaves to the next: the debtor owes it to the creditor."""

    debtor: str
    creditor: str
    #: Millionths of the settlement currency.
    amount_micros: int
    reason: CarriedReason


@dataclass(frozen=True, slots=True)
class RunEvent:
    """A decision about a run, and the state that it led to: who, when, why."""

    action: RunAction
    state: RunState
    #: The operator's key that decided, 32 bytes.
    public_key: bytes = field(repr=False)
    decided_at: datetime
    note: str
    #: The party that has settled, for CONFIRM; None otherwise.
    party_id: str | None


@dataclass(frozen=True, slots=True)
class Run:
    """One or more windows on their way to being settled.

    A party sees its own position and instructions, and what was carried from or to it.
    """

    #: UUID text.
    run_id: str
    #: In the order in which runs were proposed, from 1.
    number: int
    state: RunState
    windows: tuple[int, ...]
    method: SettlementMethod
    currency: str
    currency_exponent: int
    positions: tuple[NetPosition, ...]
    instructions: tuple[Instruction, ...]
    #: What earlier runs left to this one.
    carried_in: tuple[CarriedAmount, ...]
    #: What rounding leaves to the next run.
    rounding: tuple[CarriedAmount, ...]
    #: All that a settled run leaves to the next one; empty before.
    carried_out: tuple[CarriedAmount, ...]
    events: tuple[RunEvent, ...]
    #: Parties all of whose instructions are paid or carried.
    confirmed: tuple[str, ...]
    #: SHA-256 over positions, instructions and accounts as the service states them; an approval names it.
    positions_digest: bytes = field(repr=False)

    def standings_digest(self, party_id: str | None = None) -> bytes:
        """SHA-256 over how the payments of a party stand, or all of them; a confirmation of the party names it."""
        return standings_digest(
            (item.number, pb.InstructionState.Value(f"INSTRUCTION_STATE_{item.state.name}"), item.paid_minor)
            for item in self.instructions
            if party_id is None or party_id in (item.payer, item.payee)
        )


@dataclass(frozen=True, slots=True)
class ChecklistItem:
    """One thing that is looked at before a run is approved."""

    #: For machines, such as `sum_zero`.
    name: str
    #: What is looked at, for people.
    title: str
    #: Whether the run is not approved unless it passes.
    blocking: bool
    passed: bool
    #: What was found.
    found: str
    #: Whether it is still being looked at; it has not passed then. Ask again.
    pending: bool


@dataclass(frozen=True, slots=True)
class Checklist:
    """What must hold before a run is approved, as it was looked at."""

    items: tuple[ChecklistItem, ...]
    checked_at: datetime

    @property
    def passed(self) -> bool:
        """Whether nothing keeps the run from being approved."""
        return all(item.passed for item in self.items if item.blocking)

    @property
    def pending(self) -> bool:
        """Whether something is still being looked at."""
        return any(item.pending for item in self.items)


def checklist_of(message: pb.GetChecklistResponse) -> Checklist:
    """The checklist in an answer."""
    return Checklist(
        items=tuple(
            ChecklistItem(item.name, item.title, item.blocking, item.passed, item.found, item.pending)
            for item in message.items
        ),
        checked_at=moment_of(message.checked_us),
    )


def run_of(message: pb.Run) -> Run:
    """The run in a message. Raises DecodeError of protobuf for positions that are none."""
    positions = pb.RunPositions.FromString(message.positions)
    standings = {standing.number: standing for standing in message.standings}
    return Run(
        run_id=id_text(message.run_id),
        number=message.number,
        state=run_state_of(message.state),
        windows=tuple(positions.windows),
        method=settlement_method_of(positions.method),
        currency=positions.currency,
        currency_exponent=positions.currency_exponent,
        positions=tuple(map(position_of, positions.positions)),
        instructions=tuple(_instruction_of(item, standings[item.number]) for item in positions.instructions),
        carried_in=_carried_of(positions.carried_in),
        rounding=_carried_of(positions.rounding),
        carried_out=_carried_of(message.carried_out),
        events=tuple(
            RunEvent(
                action=run_action_of(event.action),
                state=run_state_of(event.state),
                public_key=event.public_key,
                decided_at=moment_of(event.decided_us),
                note=event.note,
                party_id=event.party_id or None,
            )
            for event in message.events
        ),
        confirmed=tuple(message.confirmed),
        positions_digest=sha256(message.positions).digest(),
    )


def _instruction_of(message: pb.Instruction, standing: pb.InstructionStanding) -> Instruction:
    return Instruction(
        number=message.number,
        payer=message.payer,
        payee=message.payee,
        amount_minor=message.amount_minor,
        reference=message.reference,
        state=instruction_state_of(standing.state),
        paid_minor=standing.paid_minor,
        carried_minor=standing.carried_minor,
        payer_account=message.payer_account,
        payee_account=message.payee_account,
    )


def _carried_of(messages: Iterable[pb.CarriedAmount]) -> tuple[CarriedAmount, ...]:
    return tuple(
        CarriedAmount(item.debtor, item.creditor, item.amount_micros, carried_reason_of(item.reason))
        for item in messages
    )
