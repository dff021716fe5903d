"""One party's own view: what it earned, what it spent, and, of an issuer, what it has deferred.

| account                       | holds                                                                               |
|-------------------------------|-------------------------------------------------------------------------------------|
| Assets:Clearing:Window-n      | its net position of window n, for good; a debit is owed to it                       |
| Assets:Clearing:Paid          | what it has paid (debit) and received (credit) in settlement                        |
| Assets:Clearing               | both together: what is open, with what runs have carried                            |
| Assets:Bank                   | the other side of its payments                                                      |
| Assets:Prefunded              | its money that the operator holds                                                   |
| Income:Accepted               | reimbursements for points of others                                                 |
| Expenses:Redemptions          | reimbursements for its own points, and what came out of the prefunded pool for them |
| Expenses:Margins, :Issue-fees | what the operator takes of the price, and for issuing                               |
| Expenses:Corrections          | what the operator corrected                                                         |
| Liabilities:Deferred:2018-01  | revenue deferred for points that expire in that month, or Never                     |
| Income:Sales                  | what sales lose to the points that were issued with them                            |
| Expenses:Points-given         | points without a sale                                                               |
| Income:Points:Cancelled       | what was deferred for points that were taken back                                   |
| Income:Points:Redeemed        | revenue of points that were redeemed                                                |
| Income:Points:Breakage        | revenue of points that are not expected to be                                       |

The operator's own: Income:Issue-fees, :Margins, :Corrections, and Liabilities:Prefunded:P, what it holds of P's money.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from settlement.books.books import ClosedWindow, IssuerBooks, WindowMovement
from settlement.books.clearing import PURPOSES, Cleared, book_points
from settlement.books.cohorts import Cohort
from settlement.books.ledger import Balance, Bookkeeper, Ledger, Posting, account
from settlement.books.months import month_number, month_text
from settlement.books.revenue import Deferral
from settlement.clearing.movements import MovementKind
from settlement.clearing.obligations import Purpose
from settlement.clearing.totals import Key, Sum, held_change

_CLEARING: Final = "Assets:Clearing"
_PREFUNDED: Final = "Assets:Prefunded"
_DEFERRED: Final = "Liabilities:Deferred"

_OF_ISSUER: Final = {
    Purpose.REIMBURSEMENT: "Expenses:Redemptions",
    Purpose.MARGIN: "Expenses:Margins",
    Purpose.ISSUE_FEE: "Expenses:Issue-fees",
    Purpose.PAID_IN: _PREFUNDED,
    Purpose.PAID_BACK: _PREFUNDED,
    Purpose.CORRECTION: "Expenses:Corrections",
}
_OF_COUNTERPARTY: Final = {
    Purpose.REIMBURSEMENT: "Income:Accepted",
    Purpose.TOP_UP: "Income:Accepted",
    Purpose.CORRECTION: "Expenses:Corrections",
}
_OF_OPERATOR: Final = {Purpose.MARGIN: "Income:Margins", Purpose.ISSUE_FEE: "Income:Issue-fees"}


def own_ledger(party_id: str, cleared: Cleared, books: IssuerBooks | None) -> Ledger:
    """A party's entries; `books` are its own, where it has issued points."""
    keeper = Bookkeeper(f"Books of {party_id}", cleared.currency)
    held: Counter[str] = Counter()
    moved = {} if books is None else {found.points.window: found for found in books.movements}
    for window, sums in cleared.windows:
        _book_obligations(keeper, party_id, cleared, window, sums)
        _book_pools(keeper, party_id, cleared, window, sums)
        for key, total in sums.items():
            held[key.issuer] += held_change(key, total)
        _expect_pools(keeper, party_id, cleared, window, held)
        if party_id in cleared.positions[window.number]:
            keeper.expect(Balance(window.day, _window(window), cleared.positions[window.number][party_id]))
        if books is not None:
            _book_deferrals(keeper, window, moved[window.number], books)
    for payment in cleared.payments:
        paid = payment.micros * ((payment.payer == party_id) - (payment.payee == party_id))
        keeper.book(
            payment.day,
            payment.title,
            (Posting(f"{_CLEARING}:Paid", paid), Posting("Assets:Bank", -paid)),
            reference=payment.reference,
        )
    if party_id in cleared.parties:
        for day, still_open in cleared.still_open():
            keeper.expect(Balance(day, _CLEARING, still_open.get(party_id, 0)))
    return keeper.ledger()


def _window(window: ClosedWindow) -> str:
    return account(_CLEARING, f"Window-{window.number}")


def _book_obligations(
    keeper: Bookkeeper, party_id: str, cleared: Cleared, window: ClosedWindow, sums: Mapping[Key, Sum]
) -> None:
    postings: defaultdict[Purpose, list[Posting]] = defaultdict(list)
    for key, owed in cleared.obligations(sums):
        amount = owed.amount_micros * ((owed.pair.creditor == party_id) - (owed.pair.debtor == party_id))
        if amount:
            other = _other_side(party_id, key, owed.purpose, cleared.operator)
            postings[owed.purpose] += (Posting(_window(window), amount), Posting(other, -amount))
    for purpose, text in PURPOSES.items():
        keeper.book(window.day, f"Window {window.number}: {text}", postings[purpose], window=window.number)


def _other_side(party_id: str, key: Key, purpose: Purpose, operator: str) -> str:
    if party_id == operator and purpose in (Purpose.TOP_UP, Purpose.PAID_IN, Purpose.PAID_BACK):
        return _held_for(key.issuer)
    if party_id == operator and purpose is Purpose.CORRECTION:
        return "Income:Corrections"
    if party_id == operator and purpose in _OF_OPERATOR:
        return _OF_OPERATOR[purpose]
    return (_OF_ISSUER if party_id == key.issuer else _OF_COUNTERPARTY)[purpose]


def _held_for(issuer: str) -> str:
    return account("Liabilities", "Prefunded", issuer)


def _book_pools(
    keeper: Bookkeeper, party_id: str, cleared: Cleared, window: ClosedWindow, sums: Mapping[Key, Sum]
) -> None:
    """What redemptions took out of pools: for the issuer a part of their price, for the operator its margin there."""
    used: list[Posting] = []
    kept: list[Posting] = []
    for key, total in sums.items():
        taken = total.paid_in_micros - total.paid_back_micros - held_change(key, total)
        if key.issuer == party_id:
            used += (Posting("Expenses:Redemptions", taken), Posting(_PREFUNDED, -taken))
        if party_id == cleared.operator:
            turned = key.kind == MovementKind.REDEEM_REVERSED
            margin = taken - (-total.topup_micros if turned else total.topup_micros)
            kept += (Posting(_held_for(key.issuer), margin), Posting("Income:Margins", -margin))
    keeper.book(
        window.day, f"Window {window.number}: redemptions out of what was prefunded", used, window=window.number
    )
    keeper.book(window.day, f"Window {window.number}: margins out of what was prefunded", kept, window=window.number)


def _expect_pools(
    keeper: Bookkeeper, party_id: str, cleared: Cleared, window: ClosedWindow, held: Mapping[str, int]
) -> None:
    for issuer, micros in held.items():
        if party_id == issuer:
            keeper.expect(Balance(window.day, _PREFUNDED, micros))
        elif party_id == cleared.operator:
            keeper.expect(Balance(window.day, _held_for(issuer), -micros))


def _book_deferrals(keeper: Bookkeeper, window: ClosedWindow, moved: WindowMovement, books: IssuerBooks) -> None:
    book_points(keeper, window.day, moved.points)
    deferrals = books.deferrals[window.number]
    for text, other, figures in _DEFERRALS:
        keeper.book(
            window.day,
            f"Window {window.number}: {text}",
            _deferral_postings(deferrals, other, figures),
            window=window.number,
        )
    keeper.expect(Balance(window.day, _DEFERRED, -moved.deferral.closing_micros))
    if window.number == books.movements[-1].points.window:
        for cohort in books.cohorts:
            keeper.expect(Balance(window.day, _deferred(cohort.cohort), -cohort.deferral.closing_micros))


#: What deferrals are booked as: the other account, and which figures add to what is deferred or take from it.
_DEFERRALS: Final = (
    ("revenue deferred out of sales", "Income:Sales", (("sold_micros", 1),)),
    ("points without a sale", "Expenses:Points-given", (("granted_micros", 1),)),
    ("points taken back", "Income:Points:Cancelled", (("cancelled_micros", -1),)),
    ("donated points, which never expire", "", (("received_micros", 1), ("donated_micros", -1))),
    ("revenue of redeemed points", "Income:Points:Redeemed", (("recognised_micros", -1),)),
    ("breakage", "Income:Points:Breakage", (("breakage_micros", -1),)),
)


def _deferral_postings(
    deferrals: Mapping[Cohort, Deferral], other: str, figures: Iterable[tuple[str, int]]
) -> Iterable[Posting]:
    for cohort, deferral in deferrals.items():
        for name, sign in figures:
            amount = sign * getattr(deferral, name)
            yield Posting(_deferred(cohort), -amount)
            if other:
                yield Posting(other, amount)


def _deferred(cohort: Cohort) -> str:
    month = month_text(month_number(cohort.expires_on)) if cohort.expires else "Never"
    return account(_DEFERRED, month)
