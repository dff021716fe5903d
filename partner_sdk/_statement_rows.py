"""The rows of a statement: points, amounts and what they are for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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
