"""Double entry: entries that balance, and balances that must be there at the end of a day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, unique
from typing import NamedTuple


@unique
class Unit(Enum):
    """What is counted."""

    #: Micro-units of the settlement currency.
    MONEY = "money"
    POINTS = "points"


class Posting(NamedTuple):
    """One line of an entry. Positive: debit; negative: credit."""

    account: str
    amount: int
    unit: Unit = Unit.MONEY


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened. Its postings sum to zero in each unit."""

    day: str
    text: str
    postings: tuple[Posting, ...]
    #: The settlement window that it is about; 0 for a payment.
    window: int = 0
    #: A payment's reference; else empty.
    reference: str = ""


class Balance(NamedTuple):
    """What an account, with all below it, must hold at the end of a day."""

    day: str
    account: str
    amount: int
    unit: Unit = Unit.MONEY


@dataclass(frozen=True, slots=True)
class Ledger:
    """The entries of one view, in the order in which they are booked."""

    title: str
    currency: str
    entries: tuple[Entry, ...]
    balances: tuple[Balance, ...]

    @property
    def accounts(self) -> tuple[tuple[str, Unit | None], ...]:
        """Every account with the unit of its postings, by name; None for one that only sums up those below it."""
        units: dict[str, Unit | None] = {balance.account: None for balance in self.balances}
        for entry in self.entries:
            units.update((posting.account, posting.unit) for posting in entry.postings)
        return tuple(sorted(units.items()))


@dataclass(slots=True)
class Bookkeeper:
    """Collects the entries of a ledger."""

    title: str
    currency: str
    _entries: list[Entry] = field(default_factory=list)
    _balances: dict[tuple[str, str], Balance] = field(default_factory=dict)

    def book(self, day: str, text: str, postings: Iterable[Posting], *, window: int = 0, reference: str = "") -> None:
        """One more entry, with one line for each account; none when nothing moved."""
        sums: defaultdict[tuple[str, Unit], int] = defaultdict(int)
        for posting in postings:
            sums[posting.account, posting.unit] += posting.amount
        lines = tuple(Posting(account, amount, unit) for (account, unit), amount in sums.items() if amount)
        for unit in Unit:
            assert sum(line.amount for line in lines if line.unit is unit) == 0, "what is debited is credited"
        if lines:
            self._entries.append(Entry(day, text, lines, window, reference))

    def expect(self, balance: Balance) -> None:
        """A balance at the end of a day; a later word on the same account and day replaces an earlier one."""
        self._balances[balance.day, balance.account] = balance

    def ledger(self) -> Ledger:
        """Everything, by day."""
        entries = sorted(self._entries, key=lambda entry: entry.day)
        balances = sorted(self._balances.values(), key=lambda balance: (balance.day, balance.account))
        return Ledger(self.title, self.currency, tuple(entries), tuple(balances))


def account(*parts: str) -> str:
    """An account's name out of its parts, each beginning with a capital: party ids keep their hyphens and digits.

    Ids are lower-case, so different ones stay different.
    """
    return ":".join(f"{part[:1].upper()}{part[1:]}" for part in parts)
