"""The clearing house's view: what every party owes all others together, window by window, and what it has paid.

| account                         | holds                                                              |
|---------------------------------|--------------------------------------------------------------------|
| Liabilities:Parties:P:Window-n  | P's net position of window n, for good; a credit is owed to P      |
| Liabilities:Parties:P:Paid      | what P has paid (credit) and received (debit)                      |
| Liabilities:Parties:P           | both together: what is open, with what runs have carried           |
| Liabilities:Points:P            | P's points in circulation                                          |
| Equity:Points:…                 | how they came about, and where they went                           |
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeVar

from settlement.books.books import ClosedWindow, IssuerBooks
from settlement.books.ledger import Balance, Bookkeeper, Ledger, Posting, Unit, account
from settlement.books.points import PointsMovement
from settlement.clearing.netting import multilateral
from settlement.clearing.obligations import Obligation, Purpose, obligations_of, owed_in
from settlement.clearing.totals import Key, Sum, Totals

T = TypeVar("T")


class Paid(NamedTuple):
    """Money that went from one party to another to settle; negative when it came back."""

    day: str
    #: The run that it is settled with: the one that instructed it or, of what came late, the one that took it over;
    #: empty as long as none has.
    run: str
    payer: str
    payee: str
    micros: int
    #: The payment's own reference.
    reference: str
    #: Whether it came, or came back, when the run that instructed it was done with it.
    late: bool = False

    @property
    def title(self) -> str:
        """What a ledger calls it."""
        return f"{'Late' if self.late else f'Run {self.run}'}: {self.payer} pays {self.payee}"


class SettledRun(NamedTuple):
    """A run whose payments are all made or carried."""

    day: str
    run: str
    windows: tuple[int, ...]
    #: What every party still receives (positive) or owes of everything settled so far: micro-units that sum to zero.
    carried: Mapping[str, int]


class WindowSums(NamedTuple):
    """A closed window and what it adds up to."""

    window: ClosedWindow
    sums: Mapping[Key, Sum]


@dataclass(frozen=True, slots=True)
class Cleared:
    """What the books of money are made from: windows from the first to the one that they are as of, ascending."""

    operator: str
    currency: str
    windows: tuple[WindowSums, ...]
    #: Up to the last day, in the order in which they were made.
    payments: tuple[Paid, ...] = ()
    settled: tuple[SettledRun, ...] = ()
    #: By window: net positions.
    positions: Mapping[int, Mapping[str, int]] = field(init=False)

    def __post_init__(self) -> None:
        positions = {window.number: multilateral(owed_in(Totals(sums), self.operator)) for window, sums in self.windows}
        object.__setattr__(self, "positions", positions)

    @property
    def parties(self) -> tuple[str, ...]:
        """Everybody with a position or a payment, by party id."""
        paid = {party_id for payment in self.payments for party_id in (payment.payer, payment.payee)}
        return tuple(sorted(paid.union(*self.positions.values())))

    @property
    def days(self) -> tuple[str, ...]:
        """The days at the end of which balances are known: those on which a window was closed or a run settled."""
        closed = {window.day for window, _ in self.windows}
        return tuple(sorted(closed | {run.day for run in self.settled}))

    def obligations(self, sums: Mapping[Key, Sum]) -> Iterator[tuple[Key, Obligation]]:
        """What movements of a window make parties owe."""
        for key, total in sums.items():
            for obligation in obligations_of(key, total, self.operator):
                yield key, obligation

    def still_open(self) -> Iterator[tuple[str, Mapping[str, int]]]:
        """What every party still receives (positive) or owes at the end of each of `days`; good until the next one.

        It follows from positions and from what runs say they carried, without the payments that settled them; only
        those of runs that are not settled yet count.
        """
        windows = _until(self.windows, lambda found: found.window.day)
        payments = _until(self.payments, lambda payment: payment.day)
        runs = _until(self.settled, lambda run: run.day)
        found: Counter[str] = Counter()
        counted: dict[int, Mapping[str, int]] = {}
        paid: defaultdict[str, list[Paid]] = defaultdict(list)
        done_runs: set[str] = set()
        done_windows: set[int] = set()
        carried: Mapping[str, int] = {}
        for day in self.days:
            for window, _ in windows(day):
                if window.number not in done_windows:
                    counted[window.number] = self.positions[window.number]
                    found.update(counted[window.number])
            for payment in payments(day):
                if payment.run not in done_runs:
                    paid[payment.run].append(payment)
                    _pay(found, payment, 1)
            for run in runs(day):
                # What it carried stands for its windows and payments, and for what the run before it had carried.
                found.subtract(carried)
                carried = run.carried
                found.update(carried)
                for number in run.windows:
                    found.subtract(counted.pop(number, {}))
                for payment in paid.pop(run.run, ()):
                    _pay(found, payment, -1)
                done_runs.add(run.run)
                done_windows.update(run.windows)
            yield day, found


def _until(items: Iterable[T], day_of: Callable[[T], str]) -> Callable[[str], Iterator[T]]:
    """Gives, day by day, what is not later and was not given before. Items of one day keep their order."""
    left = deque(sorted(items, key=day_of))

    def until(day: str) -> Iterator[T]:
        while left and day_of(left[0]) <= day:
            yield left.popleft()

    return until


def _pay(found: Counter[str], payment: Paid, sign: int) -> None:
    found[payment.payer] += sign * payment.micros
    found[payment.payee] -= sign * payment.micros


PURPOSES: Final = {
    Purpose.REIMBURSEMENT: "reimbursements",
    Purpose.TOP_UP: "top-ups out of what was prefunded",
    Purpose.MARGIN: "margins",
    Purpose.ISSUE_FEE: "issue fees",
    Purpose.PAID_IN: "prefunding paid in",
    Purpose.PAID_BACK: "prefunding paid back",
    Purpose.CORRECTION: "corrections",
}
_PARTIES: Final = ("Liabilities", "Parties")


def clearing_ledger(cleared: Cleared, books: Iterable[IssuerBooks]) -> Ledger:
    """Everybody's positions, payments and points."""
    keeper = Bookkeeper("Clearing of the coalition", cleared.currency)
    for window, sums in cleared.windows:
        _book_obligations(keeper, cleared, window, sums)
        for party_id, amount in cleared.positions[window.number].items():
            keeper.expect(Balance(window.day, _window(party_id, window), -amount))
    for issuer in books:
        days = {window.number: window.day for window, _ in cleared.windows}
        for moved in issuer.movements:
            book_points(keeper, days[moved.points.window], moved.points)
    for payment in cleared.payments:
        keeper.book(
            payment.day,
            payment.title,
            (
                Posting(account(*_PARTIES, payment.payer, "Paid"), -payment.micros),
                Posting(account(*_PARTIES, payment.payee, "Paid"), payment.micros),
            ),
            reference=payment.reference,
        )
    for day, still_open in cleared.still_open():
        for party_id in cleared.parties:
            keeper.expect(Balance(day, account(*_PARTIES, party_id), -still_open.get(party_id, 0)))
    return keeper.ledger()


def book_points(keeper: Bookkeeper, day: str, moved: PointsMovement) -> None:
    """An issuer's points of one window, and how many must be in circulation then."""
    own = account("Liabilities", "Points", moved.issuer)
    for name, points in (
        ("Issued", moved.issued),
        ("Issues-reversed", -moved.issue_reversed),
        ("Redeemed", -moved.redeemed),
        ("Redemptions-reversed", moved.redeem_reversed),
        ("Expired", -moved.expired),
        ("Given", moved.given),
        ("Taken", -moved.taken),
    ):
        keeper.book(
            day,
            f"Window {moved.window}: points of {moved.issuer}, {name.lower().replace('-', ' ')}",
            (Posting(own, -points, Unit.POINTS), Posting(account("Equity", "Points", name), points, Unit.POINTS)),
            window=moved.window,
        )
    keeper.expect(Balance(day, own, -moved.closing, Unit.POINTS))


def _window(party_id: str, window: ClosedWindow) -> str:
    return account(*_PARTIES, party_id, f"Window-{window.number}")


def _book_obligations(keeper: Bookkeeper, cleared: Cleared, window: ClosedWindow, sums: Mapping[Key, Sum]) -> None:
    postings: defaultdict[Purpose, list[Posting]] = defaultdict(list)
    for _, owed in cleared.obligations(sums):
        postings[owed.purpose] += (
            Posting(_window(owed.pair.debtor, window), owed.amount_micros),
            Posting(_window(owed.pair.creditor, window), -owed.amount_micros),
        )
    for purpose, text in PURPOSES.items():
        keeper.book(window.day, f"Window {window.number}: {text}", postings[purpose], window=window.number)
