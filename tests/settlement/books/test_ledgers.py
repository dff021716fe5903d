"""Entries for accountants: Beancount finds no fault with them, and finds every fault that is put in."""

from __future__ import annotations

import csv
import io
import random
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from beancount import loader
from beancount.core.data import Transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from settlement.books.beancount import beancount_text
from settlement.books.books import ClosedWindow
from settlement.books.clearing import Cleared, Paid, SettledRun, WindowSums, clearing_ledger
from settlement.books.entries_csv import entries_csv
from settlement.books.ledger import Balance, Bookkeeper, Ledger, Posting, account
from settlement.books.own import own_ledger
from settlement.clearing.movements import MovementKind
from settlement.clearing.totals import NOTHING, Key
from tests.settlement.books.cleared import CURRENCY, cleared_of
from tests.settlement.journals import OPERATOR

FEW = settings(max_examples=7, deadline=None)
MICRO = Decimal("0.000001")


def faults(text: str) -> list[str]:
    """What Beancount has to say against a file."""
    _, errors, _ = loader.load_string(text)
    return [error.message for error in errors]


def balances(text: str) -> Counter[str]:
    """What every account holds in the end, in micro-units or points, as Beancount read it."""
    entries, errors, _ = loader.load_string(text)
    assert not errors
    held: Counter[str] = Counter()
    for entry in entries:
        if isinstance(entry, Transaction):
            for posting in entry.postings:
                assert posting.units is not None
                number = posting.units.number
                assert number is not None
                held[posting.account] += int(number / MICRO if posting.units.currency == CURRENCY else number)
    return held


def ledgers(seed: int) -> tuple[Cleared, dict[str, Ledger]]:
    """All ledgers of random business: of the clearing, and each party's own."""
    cleared, books = cleared_of(seed)
    of_issuer = {found.issuer: found for found in books}
    own = {party_id: own_ledger(party_id, cleared, of_issuer.get(party_id)) for party_id in cleared.parties}
    return cleared, {"": clearing_ledger(cleared, books), **own}


@FEW
@given(st.integers(0, 10**6))
def test_beancount_finds_no_fault(seed: int) -> None:
    """Every ledger of random business balances, to the last millionth, at the end of every window and run."""
    _, found = ledgers(seed)
    for ledger in found.values():
        assert not faults(beancount_text(ledger))


@FEW
@given(st.integers(0, 10**6))
def test_accounts_hold_what_the_clearing_says(seed: int) -> None:
    """Positions, what is open, pools and points in Beancount's own sums are those that were added up elsewhere."""
    cleared, found = ledgers(seed)
    cleared_books = cleared_of(seed)[1]
    house = balances(beancount_text(found[""]))
    for window, _ in cleared.windows:
        for party_id, micros in cleared.positions[window.number].items():
            assert house[account("Liabilities", "Parties", party_id, f"Window-{window.number}")] == -micros
            own = balances(beancount_text(found[party_id]))
            assert own[f"Assets:Clearing:Window-{window.number}"] == micros
    for books in cleared_books:
        assert house[account("Liabilities", "Points", books.issuer)] == -books.outstanding_points
        own = balances(beancount_text(found[books.issuer]))
        deferred = sum(micros for name, micros in own.items() if name.startswith("Liabilities:Deferred:"))
        assert deferred == -books.deferred_micros
        operators = balances(beancount_text(found[OPERATOR]))
        assert operators[account("Liabilities", "Prefunded", books.issuer)] == -own["Assets:Prefunded"]
    bank = sum(balances(beancount_text(found[party_id]))["Assets:Bank"] for party_id in cleared.parties)
    assert bank == 0


@FEW
@given(st.integers(0, 10**6), st.randoms(use_true_random=False))
def test_one_millionth_too_much_is_found(seed: int, chance: random.Random) -> None:
    """Whatever single figure is changed by the smallest amount, in an entry or in a balance, Beancount objects."""
    _, found = ledgers(seed)
    ledger = found[chance.choice(sorted(found))]
    if not ledger.entries:
        return
    assert faults(beancount_text(spoiled_balance(ledger, chance)))
    assert faults(beancount_text(spoiled_entry(ledger, chance)))
    assert faults(beancount_text(moved_wrongly(ledger, chance)))


def spoiled_balance(ledger: Ledger, chance: random.Random) -> Ledger:
    """One expected balance is another."""
    place = chance.randrange(len(ledger.balances))
    balances = list(ledger.balances)
    balances[place] = balances[place]._replace(amount=balances[place].amount + chance.choice([-1, 1]))
    return replace(ledger, balances=tuple(balances))


def spoiled_entry(ledger: Ledger, chance: random.Random) -> Ledger:
    """One line of one entry is more than the others make up for."""
    return _with_postings(ledger, chance, lambda lines: [lines[0]._replace(amount=lines[0].amount + 1), *lines[1:]])


def moved_wrongly(ledger: Ledger, chance: random.Random) -> Ledger:
    """An entry that still balances moves one more to an account whose balance is known."""

    def more(lines: list[Posting]) -> list[Posting]:
        return [*lines, lines[0]._replace(amount=1), Posting("Equity:Nowhere", -1, lines[0].unit)]

    known = {balance.account for balance in ledger.balances}
    places = [
        place
        for place, entry in enumerate(ledger.entries)
        if any(entry.postings[0].account == name or entry.postings[0].account.startswith(f"{name}:") for name in known)
    ]
    return _with_postings(ledger, chance, more, places)


def _with_postings(
    ledger: Ledger,
    chance: random.Random,
    change: Callable[[list[Posting]], list[Posting]],
    places: list[int] | None = None,
) -> Ledger:
    place = chance.choice(places) if places else chance.randrange(len(ledger.entries))
    entries = list(ledger.entries)
    entries[place] = replace(entries[place], postings=tuple(change(list(entries[place].postings))))
    return replace(ledger, entries=tuple(entries))


def small_clearing() -> Cleared:
    """The grocer's price is 0.010, half prefunded; the florist accepted 300 points and was paid all but a cent."""
    sums = {
        Key(MovementKind.ISSUE, "grocer", ""): NOTHING._replace(
            entries=1, points=1_000, fee_micros=1_000_000, paid_in_micros=5_000_000
        ),
        Key(MovementKind.REDEEM, "grocer", "florist"): NOTHING._replace(
            entries=3, points=300, direct_micros=1_500_000, topup_micros=900_001, drawn_micros=1_500_000
        ),
    }
    return Cleared(
        OPERATOR,
        CURRENCY,
        (WindowSums(ClosedWindow(1, "2017-01-31", 9), sums),),
        (
            Paid("2017-01-31", "A", "grocer", OPERATOR, 7_500_000, "RF18A1"),
            Paid("2017-01-31", "A", OPERATOR, "florist", 2_390_000, "RF88A2"),
        ),
        (SettledRun("2017-01-31", "A", (1,), {"florist": 10_001, OPERATOR: -10_001}),),
    )


@pytest.mark.timeout(20)
def test_years_of_daily_windows_are_quick() -> None:
    """What is open at the end of each of 800 days, with a settled run of 20 payments on each: one pass, not days times
    payments times runs."""
    windows, payments, settled = [], [], []
    for number in range(1, 801):
        day = (date(2017, 1, 1) + timedelta(days=number)).isoformat()
        windows.append(WindowSums(ClosedWindow(number, day, number), {}))
        payments += [Paid(day, str(number), "grocer", "florist", 1, f"RF{number}-{part}") for part in range(20)]
        settled.append(SettledRun(day, str(number), (number,), {"grocer": number, "florist": -number}))
    ledger = own_ledger("grocer", Cleared(OPERATOR, CURRENCY, tuple(windows), tuple(payments), tuple(settled)), None)
    assert [balance.amount for balance in ledger.balances] == list(range(1, 801))


def test_clearing_as_text() -> None:
    """The whole file of a small clearing, for people to read."""
    assert beancount_text(clearing_ledger(small_clearing(), ())) == (
        Path(__file__).parent / "clearing.beancount"
    ).read_text(encoding="utf-8")


@pytest.mark.parametrize("party_id", ["florist", "grocer", OPERATOR])
def test_own_books_as_text(party_id: str) -> None:
    """The same seen from each party: what it earned, spent, holds and is owed."""
    text = beancount_text(own_ledger(party_id, small_clearing(), None))
    assert text == (Path(__file__).parent / f"books-{party_id}.beancount").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["clearing", "books-florist", "books-grocer", "books-operator"])
def test_bean_check_passes(name: str) -> None:
    """The program itself says nothing about the files above."""
    path = Path(__file__).parent / f"{name}.beancount"
    done = subprocess.run(
        [sys.executable, "-m", "beancount.scripts.check", "--no-cache", str(path)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_accounts_of_all_parties_are_valid_and_differ() -> None:
    """A party's id makes an account's name whatever letters, digits and hyphens it has."""
    names = {
        account("Liabilities", "Parties", party_id) for party_id in ("ab", "a-b", "a--b", "a1", "a-1", "ab-", "z9-9")
    }
    assert len(names) == 7
    lines = [f"2017-01-01 open {name} USD" for name in names]
    assert not faults("\n".join(lines))


def test_empty_ledger_is_a_file_too() -> None:
    """A party without any business has books without entries."""
    ledger = own_ledger("idle", small_clearing(), None)
    assert not ledger.entries
    text = beancount_text(ledger)
    assert not faults(text)
    assert not re.search(r"^\d", text, re.MULTILINE)


def test_later_word_on_a_balance_counts() -> None:
    """Of two windows that were closed on one day the books say what was there after the second."""
    keeper = Bookkeeper("Two windows", CURRENCY)
    for window, held in ((1, 5), (2, 12)):
        keeper.book(
            "2017-01-31", f"Window {window}", (Posting("Assets:A", held), Posting("Equity:B", -held)), window=window
        )
        keeper.expect(Balance("2017-01-31", "Assets:A", {1: 5, 2: 17}[window]))
    ledger = keeper.ledger()
    assert ledger.balances == (Balance("2017-01-31", "Assets:A", 17),)
    assert not faults(beancount_text(ledger))


@FEW
@given(st.integers(0, 10**6))
def test_csv_has_the_same_entries(seed: int) -> None:
    """Each entry's lines balance in each commodity, and all of them are those of the ledger."""
    _, found = ledgers(seed)
    for ledger in found.values():
        rows = list(csv.DictReader(io.StringIO(entries_csv(ledger), newline="")))
        assert len(rows) == sum(len(entry.postings) for entry in ledger.entries)
        sums: dict[tuple[str, str], Decimal] = {}
        for row in rows:
            key = row["entry"], row["commodity"]
            sums[key] = sums.get(key, Decimal(0)) + Decimal(row["debit"] or "0") - Decimal(row["credit"] or "0")
            assert bool(row["debit"]) != bool(row["credit"])
            assert row["date"] == ledger.entries[int(row["entry"]) - 1].day
        assert not any(sums.values())
