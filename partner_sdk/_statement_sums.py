"""Whether a statement adds up: everything in it that follows from something else in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final, TypeAlias

from partner_sdk._errors import StatementInvalid
from partner_sdk._settlement_lines import LineKind
from partner_sdk._statement_models import Statement, StatementFigures, StatementLine
from partner_sdk._statement_rows import Charge, PointsAccount, Purpose, Section, Side
from partner_sdk._vocabulary import PartyKind

TAXED: Final = (Section.ISSUANCE, Section.REDEMPTION)
_MICROS_PER_UNIT: Final = 10**6
_BPS: Final = 10_000
_REDEMPTIONS: Final = (LineKind.REDEEM, LineKind.REDEEM_REVERSED)

#: What happened, to whose points, and with whom.
_What: TypeAlias = tuple[LineKind, str, str]


def check_sums(statement: Statement) -> None:
    """Raises StatementInvalid, naming what does not add up."""
    figures = statement.figures
    _check_points(figures)
    _check_money(figures)
    _check_tax(figures)
    _check_settlement(figures)
    if statement.lines is not None:
        _check_lines(figures, statement.lines)


def tax_base(charges: Iterable[Charge], section: Section, side: Side) -> int:
    """What the party was supplied with, or has supplied, in micro-units; less what was undone."""
    sign = 1 if side is Side.SUPPLIED else -1
    return sign * sum(charge.amount_micros for charge in charges if charge.section is section and charge.side is side)


def tax_on(base_micros: int, rate_bps: int, minor_digits: int) -> int:
    """The tax on a base, in minor units, rounded half away from zero."""
    divisor = _MICROS_PER_UNIT * _BPS // int(10**minor_digits)
    whole, rest = divmod(abs(base_micros) * rate_bps, divisor)
    rounded = whole + (2 * rest >= divisor)
    return rounded if base_micros >= 0 else -rounded


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise StatementInvalid(f"The statement does not add up: {what}.")


def _check_points(figures: StatementFigures) -> None:
    account = figures.points
    if account is None:
        _require(not figures.elsewhere, "points of a party that has none were redeemed")
        return
    _require(account.opening + account.change == account.closing, "the account of points does not close")
    elsewhere = sum(item.points for item in figures.elsewhere)
    returned = sum(item.reversed_points for item in figures.elsewhere)
    _require(elsewhere == account.redeemed_elsewhere, "acceptors have another sum of points than the account")
    _require(returned == account.redemptions_reversed_elsewhere, "acceptors have another sum of points given back")


def _check_money(figures: StatementFigures) -> None:
    charges = figures.charges
    _require(all(charge.section is charge.purpose.section for charge in charges), "an amount stands in another section")
    for charge in charges:
        # Whoever supplies is paid, and what is undone goes back.
        gets = (charge.side is Side.SUPPLIED) is not charge.reversal
        _require(charge.amount_micros >= 0 if gets else charge.amount_micros <= 0, "an amount is owed the wrong way")
    _require(
        sum(charge.amount_micros for charge in charges) == figures.net_micros, "the charges make another net position"
    )
    reimbursed, topped_up = _by_party(charges, Purpose.REIMBURSEMENT), _by_purpose(charges, Purpose.TOP_UP)
    owed = Counter({item.issuer: item.reimbursement_micros for item in figures.accepted})
    owed.subtract({item.acceptor: item.reimbursement_micros for item in figures.elsewhere})
    _require(_nonzero(owed) == _nonzero(reimbursed), "reimbursements differ from the charges")
    if figures.period.party_kind is not PartyKind.OPERATOR:
        _require(sum(item.top_up_micros for item in figures.accepted) == topped_up, "top-ups differ from the charges")
        margins = sum(item.margin_micros for item in figures.elsewhere)
        _require(-margins == _by_purpose(charges, Purpose.MARGIN), "margins differ from the charges")
    for pool in figures.pools:
        moved = pool.opening_micros + pool.paid_in_micros + pool.put_back_micros - pool.drawn_micros
        _require(moved == pool.closing_micros, f"the prefunded pool of {pool.issuer} does not close")


def _check_tax(figures: StatementFigures) -> None:
    expected = {
        (section, side): base
        for section in TAXED
        for side in Side
        if (base := tax_base(figures.charges, section, side))
    }
    stated = {(line.section, line.side): line.base_micros for line in figures.tax}
    _require(stated == expected and len(stated) == len(figures.tax), "the taxable bases differ from the charges")
    digits = figures.period.currency_exponent
    for line in figures.tax:
        tax = None if line.rate_bps is None else tax_on(line.base_micros, line.rate_bps, digits)
        _require(line.tax_minor == tax, f"the tax on {line.section} is another")


def _check_settlement(figures: StatementFigures) -> None:
    settlement = figures.settlement
    payable = settlement.payable_minor * (_MICROS_PER_UNIT // int(10**figures.period.currency_exponent))
    carried_in = sum(item.amount_micros for item in settlement.carried_in)
    rounding = sum(item.amount_micros for item in settlement.rounding)
    _require(settlement.amount_micros + carried_in == payable + rounding, "what is payable does not follow")
    if settlement.run_id is not None:
        paid = sum(payment.amount_minor for payment in settlement.payments)
        _require(paid == settlement.payable_minor, "the payments have another sum than what is payable")
    _require(figures.period.window in settlement.windows, "the settlement is of other windows")
    if settlement.windows == (figures.period.window,):
        _require(settlement.amount_micros == figures.net_micros, "the settlement is of another net position")


def _check_lines(figures: StatementFigures, lines: tuple[StatementLine, ...]) -> None:
    places = [(line.sequence, line.part) for line in lines]
    _require(places == sorted(set(places)), "its lines are not in order")
    if lines:
        first, last = figures.period.first_sequence, figures.period.last_sequence
        _require(first <= lines[0].sequence and lines[-1].sequence <= last, "a line is not of the window")
    _require(sum(line.amount_micros for line in lines) == figures.net_micros, "the lines make another net position")
    counted = Counter[_What]()
    for line in lines:
        counted[line.kind, line.issuer, line.counterparty] += line.points
    own = figures.period.party_id
    _require(_account(figures, lines, counted) == figures.points, "the lines make another account of points")
    _require(_stated(figures) == _concerning(own, counted), "the lines make other sums of points by party")


def _account(
    figures: StatementFigures, lines: tuple[StatementLine, ...], counted: Counter[_What]
) -> PointsAccount | None:
    """The account of points that the lines make."""
    if figures.points is None:
        return None
    own = figures.period.party_id

    def points(kind: LineKind, *, here: bool = False) -> int:
        return sum(
            count
            for (what, issuer, other), count in counted.items()
            if what is kind and issuer == own and (other == own) is here
        )

    def arrears(kind: LineKind) -> int:
        return sum(line.arrears_points for line in lines if line.kind is kind and line.issuer == own)

    return PointsAccount(
        opening=figures.points.opening,
        issued=points(LineKind.ISSUE),
        arrears_repaid=arrears(LineKind.ISSUE),
        issues_reversed=points(LineKind.ISSUE_REVERSED),
        arrears_made=arrears(LineKind.ISSUE_REVERSED),
        redeemed_elsewhere=points(LineKind.REDEEM),
        redeemed_here=points(LineKind.REDEEM, here=True),
        redemptions_reversed_elsewhere=points(LineKind.REDEEM_REVERSED),
        redemptions_reversed_here=points(LineKind.REDEEM_REVERSED, here=True),
        expired=points(LineKind.EXPIRE),
        given=points(LineKind.POINTS_GIVEN),
        taken=points(LineKind.POINTS_TAKEN),
        closing=figures.points.closing,
    )


def _stated(figures: StatementFigures) -> Counter[_What]:
    """The points that the figures state of the party and one other."""
    own, stated = figures.period.party_id, Counter[_What]()
    for there in figures.elsewhere:
        stated[LineKind.REDEEM, own, there.acceptor] += there.points
        stated[LineKind.REDEEM_REVERSED, own, there.acceptor] += there.reversed_points
    for here in figures.accepted:
        stated[LineKind.REDEEM, here.issuer, own] += here.points
        stated[LineKind.REDEEM_REVERSED, here.issuer, own] += here.reversed_points
    for gift in figures.donated:
        stated[LineKind.DONATE, own, gift.party_id] += gift.points
    for gift in figures.donations:
        # A charity's own points that were given to itself stand in both lists.
        stated[LineKind.DONATE, gift.party_id, own] = gift.points
    return +stated


def _concerning(own: str, counted: Counter[_What]) -> Counter[_What]:
    """The same, of what was counted."""
    found = Counter[_What]()
    for (kind, issuer, other), count in counted.items():
        if own in (issuer, other) and (kind is LineKind.DONATE or (kind in _REDEMPTIONS and issuer != other)):
            found[kind, issuer, other] = count
    return +found


def _by_party(charges: Iterable[Charge], purpose: Purpose) -> Counter[str]:
    sums = Counter[str]()
    for charge in charges:
        if charge.purpose is purpose:
            sums[charge.counterparty] += charge.amount_micros
    return sums


def _by_purpose(charges: Iterable[Charge], purpose: Purpose) -> int:
    return sum(charge.amount_micros for charge in charges if charge.purpose is purpose)


def _nonzero(sums: Counter[str]) -> dict[str, int]:
    return {party_id: amount for party_id, amount in sums.items() if amount}
