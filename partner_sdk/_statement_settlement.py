"""What becomes of a statement's net position: how it is settled, and what is contested."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from partner_sdk._dispute_models import DisputeReason, DisputeState
from partner_sdk._vocabulary import CarriedReason, InstructionState, RunState, SettlementMethod


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementCarried:
    """An amount that is settled with this run though it fell due earlier, or will be with a later one."""

    counterparty: str
    reason: CarriedReason
    #: Positive: the party receives.
    amount_micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementPayment:
    """A payment of the run that the party makes or receives. Positive: the party receives."""

    number: int
    counterparty: str
    counterparty_name: str
    amount_minor: int
    #: Of that, what was paid.
    paid_minor: int
    #: What was left to the next run: what was unpaid, or, the other way round, overpaid.
    carried_minor: int
    #: What to quote: an ISO 11649 creditor reference.
    reference: str
    state: InstructionState


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementSettlement:
    """How the window is settled: by its run, with the other windows of that; or, before there is one, how it would be
    settled alone, now.

    amount + carried in = payable + rounding, exactly; and what is payable is the sum of the payments.
    """

    #: UUID text; None, as the next three are, before there is a run.
    run_id: str | None
    run_state: RunState | None
    method: SettlementMethod | None
    #: When its payments were instructed; None before that.
    instructed_at: datetime | None
    #: When payments of the window are due, by the network's schedule; None without one, and while the window is open.
    due_on: date | None
    windows: tuple[int, ...]
    #: Net position of all these windows.
    amount_micros: int
    carried_in: tuple[StatementCarried, ...]
    #: What is paid: positive, the party receives. The one figure that is rounded.
    payable_minor: int
    #: What rounding leaves to the next run.
    rounding: tuple[StatementCarried, ...]
    payments: tuple[StatementPayment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementDispute:
    """An open dispute about an entry of the window. The figures count the entry as it is."""

    dispute_id: str
    #: The entry that it is about.
    sequence: int
    raiser: str
    respondent: str
    raised_at: datetime
    state: DisputeState
    reason: DisputeReason
    #: What the respondent is to owe the raiser; 0 leaves it to the answer or the ruling.
    claimed_micros: int
    #: Until when something is to be done about it; None for no deadline.
    due_at: datetime | None
