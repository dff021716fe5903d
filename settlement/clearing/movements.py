"""What one entry of the journal moves: points of an issuer, and the money that is owed for them."""

from __future__ import annotations

from enum import IntEnum, unique
from typing import NamedTuple


@unique
class MovementKind(IntEnum):
    """What happened. The numbers are stored."""

    ISSUE = 1
    ISSUE_REVERSED = 2
    #: Redeemed at once, or captured from a hold.
    REDEEM = 3
    REDEEM_REVERSED = 4
    EXPIRE = 5
    DONATE = 6
    #: The operator's corrections of points, and of money.
    POINTS_GIVEN = 7
    POINTS_TAKEN = 8
    OBLIGATION = 9
    #: Points paid for in advance.
    PACK = 10


class Movement(NamedTuple):
    """Points of one issuer, and who owes what for them, in micro-units. No figure is negative.

    For reversals direct, topup, margin and fee are owed the other way round. What was paid in and paid back says by its
    name who owes it. What is drawn is owed to nobody: it is where top-ups and what is paid back come from, and what is
    left of it is the operator's margin.
    """

    kind: MovementKind
    #: Whose points they are; of a corrected obligation the debtor.
    issuer: str
    #: The acceptor, which may be the issuer itself; the charity; the creditor of a corrected obligation; else empty.
    counterparty: str = ""
    points: int = 0
    #: Of the points of an issue, those that repaid arrears; of a reversed issue, those that became arrears.
    arrears_points: int = 0
    #: Issuer to counterparty: the reimbursement, as far as the rest of the price reaches.
    direct_micros: int = 0
    #: Operator to counterparty: what is missing of the reimbursement, out of what was prefunded.
    topup_micros: int = 0
    #: Issuer to operator: what is left of the price.
    margin_micros: int = 0
    #: Issuer to operator: the issue fee.
    fee_micros: int = 0
    #: Issuer to operator: what is prefunded.
    paid_in_micros: int = 0
    #: Operator to issuer: prefunded money that is not needed any more.
    paid_back_micros: int = 0
    #: Out of what the issuer had paid in, for points that leave circulation; of a reversed redemption, back into it.
    drawn_micros: int = 0

    @property
    def outstanding_change(self) -> int:
        """By how much more points of the issuer are in lots and holds."""
        return _OUTSTANDING.get(self.kind, 0) * (self.points - self.arrears_points)


_OUTSTANDING = {
    MovementKind.ISSUE: 1,
    MovementKind.ISSUE_REVERSED: -1,
    MovementKind.REDEEM: -1,
    MovementKind.REDEEM_REVERSED: 1,
    MovementKind.EXPIRE: -1,
    MovementKind.POINTS_GIVEN: 1,
    MovementKind.POINTS_TAKEN: -1,
}
