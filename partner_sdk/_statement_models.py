"""What a party's statement of a window says, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from partner_sdk._dispute_models import DisputeReason, DisputeState
from partner_sdk._plain import canonical
from partner_sdk._plain_writing import Writing
from partner_sdk._settlement_lines import LineKind
from partner_sdk._vocabulary import (
    CarriedReason,
    InstructionState,
    PartyKind,
    RunState,
    SettlementMethod,
    WindowState,
)


class Section(StrEnum):
    """What an amount is for. Issuance and redemption are taxed apart, so they are kept apart."""

    ISSUANCE = "issuance"
    REDEMPTION = "redemption"
    #: Money that is paid in advance, and given back.
    FUNDING = "funding"
    #: What two people of the operator have signed.
    CORRECTION = "correction"


class Purpose(StrEnum):
    """Why one party owes another."""

    #: Issuer to operator, per point issued.
    ISSUE_FEE = "issue_fee"
    #: Issuer to acceptor, for points redeemed.
    REIMBURSEMENT = "reimbursement"
    #: Operator to acceptor: the rest of the reimbursement, out of what the issuer had paid in.
    TOP_UP = "top_up"
    #: Issuer to operator: what is left of the price.
    MARGIN = "margin"
    #: Issuer to operator, in advance.
    PAID_IN = "paid_in"
    #: Operator to issuer: what was paid in and is not needed any more.
    PAID_BACK = "paid_back"
    #: A corrected obligation.
    CORRECTION = "correction"

    @property
    def section(self) -> Section:
        """Where it stands."""
        return _SECTIONS[self]


_SECTIONS = {
    Purpose.ISSUE_FEE: Section.ISSUANCE,
    Purpose.REIMBURSEMENT: Section.REDEMPTION,
    Purpose.TOP_UP: Section.REDEMPTION,
    Purpose.MARGIN: Section.REDEMPTION,
    Purpose.PAID_IN: Section.FUNDING,
    Purpose.PAID_BACK: Section.FUNDING,
    Purpose.CORRECTION: Section.CORRECTION,
}


class Side(StrEnum):
    """Who was supplied with something: the party, or another by it."""

    RECEIVED = "received"
    SUPPLIED = "supplied"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementPeriod:
    """Whose statement of which part of the journal it is."""

    network_id: str
    #: ISO 4217.
    currency: str
    #: Digits after the decimal point of the currency's minor unit.
    currency_exponent: int
    #: IANA name; days of terms are days there.
    time_zone: str
    operator_id: str
    operator_name: str
    party_id: str
    party_name: str
    party_kind: PartyKind
    window: int
    window_state: WindowState
    first_sequence: int
    #: The window's last entry; while it is open, the last one that was taken in.
    last_sequence: int
    opened_at: datetime
    #: None while the window is open: the statement is then provisional.
    closed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsAccount:
    """The party's own points. All figures are as they happened, none is negative; `closing` follows from the others.

    Outstanding are points in lots and holds.
    """

    opening: int
    issued: int
    #: Of those issued, what repaid arrears and so never came into circulation.
    arrears_repaid: int
    issues_reversed: int
    #: Of reversed issues, what was spent already and could not be taken back.
    arrears_made: int
    redeemed_elsewhere: int
    redeemed_here: int
    redemptions_reversed_elsewhere: int
    redemptions_reversed_here: int
    #: Breakage.
    expired: int
    #: The operator's corrections.
    given: int
    taken: int
    closing: int

    @property
    def change(self) -> int:
        """By how much more points are outstanding at the end."""
        return (
            (self.issued - self.arrears_repaid)
            - (self.issues_reversed - self.arrears_made)
            - (self.redeemed_elsewhere - self.redemptions_reversed_elsewhere)
            - (self.redeemed_here - self.redemptions_reversed_here)
            - self.expired
            + self.given
            - self.taken
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """The party's own points at one acceptor. Money is less reversals, and negative where those were more."""

    acceptor: str
    acceptor_name: str
    points: int
    reversed_points: int
    #: What the party owes the acceptor.
    reimbursement_micros: int
    #: What the operator owes the acceptor out of what the party had paid in.
    top_up_micros: int
    #: What the party owes the operator.
    margin_micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """One issuer's points that were redeemed with the party. Money is less reversals, and may be negative."""

    issuer: str
    issuer_name: str
    points: int
    reversed_points: int
    #: What the issuer owes the party.
    reimbursement_micros: int
    #: What the operator owes the party, out of what the issuer had paid in.
    top_up_micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Donated:
    """Points given to a charity: of one issuer to the party's funds, or the party's own to one charity's funds."""

    party_id: str
    party_name: str
    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What the party owes another, or is owed, for one purpose."""

    section: Section
    purpose: Purpose
    #: Whether it undoes an earlier one, and so is owed the other way round.
    reversal: bool
    #: Whether it is for what the party supplies, or for what it is supplied with.
    side: Side
    counterparty: str
    counterparty_name: str
    points: int
    #: Positive: the party receives.
    amount_micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PrefundedPool:
    """What the operator holds of an issuer's money, for points that are still to be redeemed.

    opening + paid in + put back - drawn = closing.
    """

    issuer: str
    issuer_name: str
    opening_micros: int
    paid_in_micros: int
    #: Out of the price of redemptions that were reversed, so that the points are covered again.
    put_back_micros: int
    #: For points that left circulation: to pay acceptors, as the operator's margin, or back to the issuer.
    drawn_micros: int
    closing_micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxLine:
    """What a tax on supplies would be reckoned on. For information: it is part of no position."""

    section: Section
    side: Side
    #: Less reversals; negative where those were more.
    base_micros: int
    #: Hundredths of a percent, where the operator has configured a rate.
    rate_bps: int | None
    #: The base times the rate, rounded half away from zero.
    tax_minor: int | None


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


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """One entry of the journal, as far as it moved the party's points or money."""

    sequence: int
    #: Which of the entry's movements, from 0: a redemption may be of several issuers' points.
    part: int
    committed_at: datetime
    kind: LineKind
    #: Whose points they are; of a corrected obligation the debtor.
    issuer: str
    #: The acceptor, charity or creditor; empty where there is none.
    counterparty: str
    points: int
    arrears_points: int
    #: Positive: the party receives.
    amount_micros: int
    #: UUID text, with the author's own reference; both are empty unless the party wrote the entry.
    transaction_id: str
    reference: str
    #: RFC 6962 leaf hash of the JournalEntry.
    leaf_hash: bytes = field(repr=False)
    #: RFC 6962 audit path to the statement's checkpoint, from the leaf upwards.
    path: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementFigures:
    """Everything that a statement says, but for single lines. Its digest names it: the same in every form."""

    period: StatementPeriod
    #: None for a party that has no points of its own.
    points: PointsAccount | None
    elsewhere: tuple[Elsewhere, ...]
    accepted: tuple[Accepted, ...]
    #: The party's own points, by charity.
    donated: tuple[Donated, ...]
    #: Points for the party's funds, by issuer.
    donations: tuple[Donated, ...]
    charges: tuple[Charge, ...]
    #: The sum of all charges. Positive: the party receives.
    net_micros: int
    #: The party's own, or every issuer's for the operator.
    pools: tuple[PrefundedPool, ...]
    tax: tuple[TaxLine, ...]
    #: The operator's words on tax; empty for none.
    tax_note: str
    settlement: StatementSettlement
    disputes: tuple[StatementDispute, ...]
    #: The log that the figures were read from: its checkpoint covers the window.
    log_size: int
    log_root: bytes = field(repr=False)

    @property
    def digest(self) -> bytes:
        """SHA-256 of their canonical JSON."""
        return sha256(canonical(Writing(self.period.currency_exponent).plain(self))).digest()

    @property
    def statement_id(self) -> str:
        """A name for people: network, window, party, and the beginning of the digest, which changes with any figure."""
        period = self.period
        return f"{period.network_id}-{period.window:03}-{period.party_id}-{self.digest.hex()[:8]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerEntry:
    """An entry of the journal with the proof that it is in the log of the statement's checkpoint."""

    sequence: int
    #: The exact bytes of the JournalEntry.
    entry: bytes = field(repr=False)
    #: RFC 6962 audit path, from the leaf upwards.
    path: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementSigner:
    """Whose key signs a statement, and the entries that say so: its registration, and what added the key later."""

    party_id: str
    #: Raw Ed25519 public key.
    public_key: bytes = field(repr=False)
    entries: tuple[SignerEntry, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A party's statement of one window."""

    figures: StatementFigures
    #: By sequence; None when they were not asked for.
    lines: tuple[StatementLine, ...] | None
    made_at: datetime
    #: The hub's checkpoint over the log that the figures were read from, a C2SP signed note.
    checkpoint: str = field(repr=False)
    signer: StatementSigner
