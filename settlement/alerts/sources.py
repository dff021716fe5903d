"""What alerts are derived from: small facts about the books, the journal, and what is due. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, field

from coalition.v1.settlement_disputes_pb2 import DisputeState
from settlement.settings import setting


@dataclass(frozen=True, slots=True)
class AlertRules:
    """The section `[alerts]` of `settlement.toml`. What is not set is as here."""

    #: One party owing more than this part of all that is owed in a window, in ten-thousandths, is too much.
    concentration_bps: int = setting(4_000, 1, 10_000)
    #: So many days before a dispute's deadline it is near.
    dispute_notice_days: int = setting(3, 0, 365)
    #: The hub may be unreadable for so many seconds.
    hub_away_s: int = setting(120, 0, 86_400)
    #: An entry may be so many seconds old when it is taken in.
    behind_s: int = setting(300, 1, 86_400)
    #: A window may stay open for so many minutes after it was due.
    window_grace_min: int = setting(30, 0, 10_080)
    #: Where no schedule says when payments are due, so many days after they were instructed.
    payment_days: int = setting(2, 0, 365)


@dataclass(frozen=True, slots=True)
class Issuer:
    """An issuer's points and what its terms of today say about them."""

    party_id: str
    outstanding_points: int
    #: The most that may be outstanding; 0: no limit.
    outstanding_max: int
    #: From how many outstanding points on it is warned; 0: never.
    outstanding_alarm: int
    #: Paid for in packs and not issued yet.
    prepaid_points: int
    #: With fewer it is to order again; 0: never.
    reorder_points: int
    #: What its last issue came to, if the hub refused that for the limit; else 0.
    refused_points: int = 0


@dataclass(frozen=True, slots=True)
class OpenDispute:
    """A dispute in which somebody has something to do until `due_us`; 0: no deadline."""

    #: UUID text.
    dispute_id: str
    state: DisputeState.ValueType
    window: int
    raiser: str
    respondent: str
    operator: str
    since_us: int
    due_us: int
    #: What is wrong with its adjustments; empty where nothing is.
    problem: str


@dataclass(frozen=True, slots=True)
class Debts:
    """What a closed window that is not settled adds up to: gross, in micro-units, by debtor."""

    window: int
    closed_us: int
    owed_micros: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class OverduePayment:
    """A payment that is not complete and should be."""

    #: UUID text.
    run_id: str
    #: Unique among all runs' payments.
    reference: str
    payer: str
    payee: str
    unpaid_minor: int
    #: ISO 8601.
    due_on: str
    #: The end of that day.
    due_us: int


@dataclass(frozen=True, slots=True)
class OpenDifferences:
    """A recorded reconciliation with differences, which no later one of the same windows has replaced."""

    #: UUID text.
    reconciliation_id: str
    party_id: str
    differences: int
    recorded_us: int


@dataclass(frozen=True, slots=True)
class DueWindow:
    """The open window, and when the schedule says that it is to be closed."""

    number: int
    due_us: int


@dataclass(frozen=True, slots=True)
class JournalHealth:
    """How following the journal goes."""

    #: The last entry taken in.
    sequence: int = 0
    #: Why it has stopped for good; empty while it goes on.
    problem: str = ""
    #: Since when the hub cannot be read; 0 while it can.
    unreadable_since_us: int = 0
    #: How old the newest entry was when it was taken in just now; 0 when there was none just now.
    behind_us: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that alerts follow from, as of one moment."""

    now_us: int
    journal: JournalHealth = field(default_factory=JournalHealth)
    issuers: tuple[Issuer, ...] = ()
    disputes: tuple[OpenDispute, ...] = ()
    debts: tuple[Debts, ...] = ()
    overdue: tuple[OverduePayment, ...] = ()
    differences: tuple[OpenDifferences, ...] = ()
    due_window: DueWindow | None = None
