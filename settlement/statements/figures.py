"""A party's figures of one window, out of the window's sums. No database, no clock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from coalition.note import Checkpoint
from partner_sdk.statement import (
    Accepted,
    Charge,
    Donated,
    Elsewhere,
    PointsAccount,
    PrefundedPool,
    Purpose,
    Side,
    StatementDispute,
    StatementFigures,
    StatementPeriod,
    StatementSettlement,
)
from settlement.clearing import obligations
from settlement.clearing.movements import Movement, MovementKind
from settlement.clearing.obligations import obligations_of
from settlement.clearing.totals import Key, Sum, held_change
from settlement.statements.tax import TaxRates, tax_lines
from settlement.statements.view import View

Sums = Mapping[Key, Sum]

_PURPOSES: Final = {
    obligations.Purpose.REIMBURSEMENT: Purpose.REIMBURSEMENT,
    obligations.Purpose.TOP_UP: Purpose.TOP_UP,
    obligations.Purpose.MARGIN: Purpose.MARGIN,
    obligations.Purpose.ISSUE_FEE: Purpose.ISSUE_FEE,
    obligations.Purpose.PAID_IN: Purpose.PAID_IN,
    obligations.Purpose.PAID_BACK: Purpose.PAID_BACK,
    obligations.Purpose.CORRECTION: Purpose.CORRECTION,
}
_TURNED: Final = (Purpose.REIMBURSEMENT, Purpose.TOP_UP, Purpose.MARGIN, Purpose.ISSUE_FEE)
_REVERSALS: Final = (MovementKind.ISSUE_REVERSED, MovementKind.REDEEM_REVERSED)
_PUT_BACK: Final = (MovementKind.REDEEM_REVERSED,)
_REDEMPTIONS: Final = {MovementKind.REDEEM: 1, MovementKind.REDEEM_REVERSED: -1}


def outstanding_change(key: Key, total: Sum) -> int:
    """By how much more points of the issuer are outstanding after movements of one key."""
    return Movement(*key, *total[1:]).outstanding_change


class Earlier(NamedTuple):
    """What the windows before this one have left, by issuer."""

    #: Points in lots and holds.
    outstanding: Mapping[str, int]
    #: Of the issuer's money with the operator, in micro-units.
    held: Mapping[str, int]

    @classmethod
    def of(cls, sums: Sums) -> Earlier:
        """After windows that add up to this."""
        outstanding: defaultdict[str, int] = defaultdict(int)
        held: defaultdict[str, int] = defaultdict(int)
        for key, total in sums.items():
            outstanding[key.issuer] += outstanding_change(key, total)
            held[key.issuer] += held_change(key, total)
        return cls(outstanding, held)


def figures_of(
    view: View,
    period: StatementPeriod,
    sums: Sums,
    *,
    earlier: Earlier,
    rates: TaxRates,
    settlement: StatementSettlement,
    disputes: tuple[StatementDispute, ...],
    log: Checkpoint,
) -> StatementFigures:
    """Everything that a statement says but for single lines."""
    owed = charges(view, sums)
    return StatementFigures(
        period=period,
        points=points_account(view, sums, earlier.outstanding.get(view.party_id, 0)),
        elsewhere=elsewhere(view, sums),
        accepted=accepted(view, sums),
        donated=donated(view, sums),
        donations=donations(view, sums),
        charges=owed,
        net_micros=sum(charge.amount_micros for charge in owed),
        pools=pools(view, sums, earlier),
        tax=tax_lines(owed, rates, period.currency_exponent),
        tax_note=rates.note,
        settlement=settlement,
        disputes=disputes,
        log_size=log.size,
        log_root=log.root,
    )


def points_account(view: View, sums: Sums, opening: int) -> PointsAccount | None:
    """The account of the party's own points; None where it can have none."""
    if not view.issues:
        return None
    own = {key: total for key, total in sums.items() if key.issuer == view.party_id}

    def points(kind: MovementKind, *, here: bool | None = None) -> int:
        return sum(
            total.points
            for key, total in own.items()
            if key.kind == kind and here in (None, key.counterparty == view.party_id)
        )

    def arrears(kind: MovementKind) -> int:
        return sum(total.arrears_points for key, total in own.items() if key.kind == kind)

    return PointsAccount(
        opening=opening,
        issued=points(MovementKind.ISSUE),
        arrears_repaid=arrears(MovementKind.ISSUE),
        issues_reversed=points(MovementKind.ISSUE_REVERSED),
        arrears_made=arrears(MovementKind.ISSUE_REVERSED),
        redeemed_elsewhere=points(MovementKind.REDEEM, here=False),
        redeemed_here=points(MovementKind.REDEEM, here=True),
        redemptions_reversed_elsewhere=points(MovementKind.REDEEM_REVERSED, here=False),
        redemptions_reversed_here=points(MovementKind.REDEEM_REVERSED, here=True),
        expired=points(MovementKind.EXPIRE),
        given=points(MovementKind.POINTS_GIVEN),
        taken=points(MovementKind.POINTS_TAKEN),
        closing=opening + sum(outstanding_change(key, total) for key, total in own.items()),
    )


def elsewhere(view: View, sums: Sums) -> tuple[Elsewhere, ...]:
    """The party's points redeemed with others, by acceptor."""
    found = _redemptions(
        (key.counterparty, key, total)
        for key, total in sums.items()
        if key.issuer == view.party_id and key.counterparty != view.party_id
    )
    return tuple(
        Elsewhere(
            acceptor=acceptor,
            acceptor_name=view.name_of(acceptor),
            points=part.points,
            reversed_points=part.reversed_points,
            reimbursement_micros=part.direct,
            top_up_micros=part.topup,
            margin_micros=part.margin,
        )
        for acceptor, part in found
    )


def accepted(view: View, sums: Sums) -> tuple[Accepted, ...]:
    """Others' points redeemed with the party, by issuer."""
    found = _redemptions(
        (key.issuer, key, total)
        for key, total in sums.items()
        if key.counterparty == view.party_id and key.issuer != view.party_id
    )
    return tuple(
        Accepted(
            issuer=issuer,
            issuer_name=view.name_of(issuer),
            points=part.points,
            reversed_points=part.reversed_points,
            reimbursement_micros=part.direct,
            top_up_micros=part.topup,
        )
        for issuer, part in found
    )


def donated(view: View, sums: Sums) -> tuple[Donated, ...]:
    """The party's own points that members gave away, by charity."""
    return _gifts(view, sums, lambda key: key.counterparty if key.issuer == view.party_id else None)


def donations(view: View, sums: Sums) -> tuple[Donated, ...]:
    """Points given to the party's funds, by issuer."""
    return _gifts(view, sums, lambda key: key.issuer if key.counterparty == view.party_id else None)


def pools(view: View, sums: Sums, earlier: Earlier) -> tuple[PrefundedPool, ...]:
    """What the operator holds of the party's money; of everybody's, if it is the operator's own statement."""
    issuers = {key.issuer for key in sums} | earlier.held.keys()
    found = (_pool(view, sums, issuer, earlier.held.get(issuer, 0)) for issuer in sorted(issuers) if view.holds(issuer))
    return tuple(pool for pool in found if any((pool.opening_micros, pool.paid_in_micros, pool.drawn_micros)))


def _pool(view: View, sums: Sums, issuer: str, opening: int) -> PrefundedPool:
    own = [(key, total) for key, total in sums.items() if key.issuer == issuer]
    back = sum(held_change(key, total) - total.paid_in_micros for key, total in own if key.kind in _PUT_BACK)
    return PrefundedPool(
        issuer=issuer,
        issuer_name=view.name_of(issuer),
        opening_micros=opening,
        paid_in_micros=sum(total.paid_in_micros for _, total in own),
        put_back_micros=back,
        drawn_micros=sum(total.drawn_micros for key, total in own if key.kind not in _PUT_BACK),
        closing_micros=opening + sum(held_change(key, total) for key, total in own),
    )


def charges(view: View, sums: Sums) -> tuple[Charge, ...]:
    """Every amount that the party owes or is owed, by purpose and counterparty. Their sum is its net position.

    What it owes another and is owed by it for the same purpose stands apart, for one of the two is its own supply.
    """
    found: defaultdict[tuple[Purpose, str, Side, bool], list[int]] = defaultdict(lambda: [0, 0])
    for key, total in sums.items():
        for obligation in obligations_of(key, total, view.operator):
            if view.party_id not in obligation.pair:
                continue
            purpose = _PURPOSES[obligation.purpose]
            receives = obligation.pair.creditor == view.party_id
            other = obligation.pair.debtor if receives else obligation.pair.creditor
            reversal = key.kind in _REVERSALS and purpose in _TURNED
            sums_of = found[purpose, other, Side.SUPPLIED if receives is not reversal else Side.RECEIVED, reversal]
            sums_of[0] += total.points if purpose is Purpose.ISSUE_FEE else obligation.points
            sums_of[1] += obligation.amount_micros if receives else -obligation.amount_micros
    order = list(Purpose)
    return tuple(
        Charge(
            section=purpose.section,
            purpose=purpose,
            reversal=reversal,
            side=side,
            counterparty=other,
            counterparty_name=view.name_of(other),
            points=points,
            amount_micros=amount,
        )
        for (purpose, other, side, reversal), (points, amount) in sorted(
            found.items(), key=lambda item: (order.index(item[0][0]), *item[0][1:])
        )
    )


class _Redemptions(NamedTuple):
    """What redemptions with one other party come to; money less reversals."""

    points: int = 0
    reversed_points: int = 0
    direct: int = 0
    topup: int = 0
    margin: int = 0

    def plus(self, kind: MovementKind, total: Sum) -> _Redemptions:
        sign = _REDEMPTIONS[kind]
        return _Redemptions(
            self.points + (total.points if sign > 0 else 0),
            self.reversed_points + (total.points if sign < 0 else 0),
            self.direct + sign * total.direct_micros,
            self.topup + sign * total.topup_micros,
            self.margin + sign * total.margin_micros,
        )


def _redemptions(found: Iterable[tuple[str, Key, Sum]]) -> Iterator[tuple[str, _Redemptions]]:
    by_party: dict[str, _Redemptions] = {}
    for other, key, total in found:
        if key.kind in _REDEMPTIONS:
            by_party[other] = by_party.get(other, _Redemptions()).plus(key.kind, total)
    return iter(sorted(by_party.items()))


def _gifts(view: View, sums: Sums, other_of: Callable[[Key], str | None]) -> tuple[Donated, ...]:
    found: defaultdict[str, int] = defaultdict(int)
    for key, total in sums.items():
        if key.kind == MovementKind.DONATE and (other := other_of(key)) is not None:
            found[other] += total.points
    return tuple(
        Donated(party_id=other, party_name=view.name_of(other), points=points)
        for other, points in sorted(found.items())
    )
