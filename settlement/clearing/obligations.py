"""Who owes whom: what a window's sums come to for each two parties."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from enum import StrEnum, unique
from typing import NamedTuple

from settlement.clearing.movements import MovementKind
from settlement.clearing.totals import Key, Sum, Totals


class Pair(NamedTuple):
    """Who owes whom."""

    debtor: str
    creditor: str


class Owed(NamedTuple):
    """How much, and the points behind it; only a reimbursement has some. Never negative."""

    points: int
    amount_micros: int


@unique
class Purpose(StrEnum):
    """What an obligation is for. Of those that a reversal turns round the debtor says which way it goes."""

    REIMBURSEMENT = "reimbursement"
    TOP_UP = "top-up"
    MARGIN = "margin"
    ISSUE_FEE = "issue fee"
    PAID_IN = "paid in"
    PAID_BACK = "paid back"
    CORRECTION = "correction"


class Obligation(NamedTuple):
    """One party owes another so much, for one purpose."""

    pair: Pair
    purpose: Purpose
    points: int
    amount_micros: int


_REVERSED = (MovementKind.ISSUE_REVERSED, MovementKind.REDEEM_REVERSED)


def obligations_of(key: Key, total: Sum, operator: str) -> Iterator[Obligation]:
    """What movements of one key make parties owe. Nothing is owed to oneself, and nothing is not owed.

    A reimbursement of nothing is listed where there are points behind it: the issuer prepaid all of it.
    """
    issuer, counterparty = key.issuer, key.counterparty
    if key.kind == MovementKind.OBLIGATION:
        yield Obligation(Pair(issuer, counterparty), Purpose.CORRECTION, 0, total.direct_micros)
        return
    turned = key.kind in _REVERSED
    elsewhere = key.kind in (MovementKind.REDEEM, MovementKind.REDEEM_REVERSED) and issuer != counterparty
    for debtor, creditor, purpose, points, micros in (
        (issuer, counterparty, Purpose.REIMBURSEMENT, total.points if elsewhere else 0, total.direct_micros),
        (operator, counterparty, Purpose.TOP_UP, 0, total.topup_micros),
        (issuer, operator, Purpose.MARGIN, 0, total.margin_micros),
        (issuer, operator, Purpose.ISSUE_FEE, 0, total.fee_micros),
    ):
        if points or micros:
            pair = Pair(creditor, debtor) if turned else Pair(debtor, creditor)
            yield Obligation(pair, purpose, points, micros)
    if total.paid_in_micros:
        yield Obligation(Pair(issuer, operator), Purpose.PAID_IN, 0, total.paid_in_micros)
    if total.paid_back_micros:
        yield Obligation(Pair(operator, issuer), Purpose.PAID_BACK, 0, total.paid_back_micros)


def owed_in(totals: Totals, operator: str) -> dict[Pair, Owed]:
    """Gross: every pair that owes, whatever for, ordered by party id."""
    points: defaultdict[Pair, int] = defaultdict(int)
    micros: defaultdict[Pair, int] = defaultdict(int)
    for key, total in totals.sums.items():
        for obligation in obligations_of(key, total, operator):
            points[obligation.pair] += obligation.points
            micros[obligation.pair] += obligation.amount_micros
    return {pair: Owed(points[pair], micros[pair]) for pair in sorted(micros)}
