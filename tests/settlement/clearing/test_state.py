"""Clearing as a fold: windows, order, and independence of how the journal is cut into batches."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coalition.v1 import transaction_pb2
from coalition.v1.network_pb2 import FUNDING_PACKS
from settlement.clearing.books import Books, recompute
from settlement.clearing.directory import Directory
from settlement.clearing.entry import ClearingError, Entry
from settlement.clearing.movements import Movement, MovementKind
from settlement.clearing.netting import multilateral, together
from settlement.clearing.obligations import owed_in
from settlement.clearing.pools import Pool
from settlement.clearing.state import State, Window, clear
from settlement.clearing.totals import Key, Sum, held_change
from tests.settlement.journals import OPERATOR, Journal, coalition_of_three, key_of, made_up

PARTIES = ("grocer", "florist", "school")
SHARES = (0, 3_333, 10_000)
FUNDINGS = (*({"prefunded_bps": share} for share in SHARES), {"funding": FUNDING_PACKS, "pack_points": 300})


class Stock:
    """How many points of each party are outstanding in a made-up journal."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.points = dict.fromkeys(PARTIES, 0)

    def some(self) -> dict[str, int]:
        """Points of one or more parties, as far as there are any."""
        return {
            issuer: self._chance.randrange(1, there + 1)
            for issuer, there in self.points.items()
            if there and self._chance.random() < 0.7
        }

    def move(self, points: Mapping[str, int], sign: int) -> None:
        """More of them, or fewer."""
        for issuer, moved in points.items():
            self.points[issuer] += sign * moved
            assert self.points[issuer] >= 0


def busy_journal(seed: int, steps: int) -> Journal:
    """Random business of three parties over several windows, with reversals of what came before and changing terms."""
    chance = random.Random(seed)
    journal, stock = coalition_of_three(), Stock(chance)
    journal.campaign("school", "playground")
    redemptions: list[tuple[Entry, dict[str, int]]] = []
    issues: list[tuple[Entry, int]] = []
    for _ in range(steps):
        step = chance.randrange(12)
        party = chance.choice(PARTIES)
        points = stock.some()
        if step < 4:
            issued, arrears = chance.randrange(2, 900), chance.choice([0, 0, 1])
            issues.append((journal.issue(party, issued, arrears=arrears), issued))
            stock.move({party: issued - arrears}, 1)
        elif step < 7 and points:
            redemptions.append((journal.redeem(party, points), points))
            stock.move(points, -1)
        elif step == 7 and redemptions:
            original, returned = redemptions.pop(chance.randrange(len(redemptions)))
            journal.reverse(original, returned)
            stock.move(returned, 1)
        elif step == 8 and issues:
            original, issued = issues.pop()
            taken = min(issued, chance.randrange(stock.points[original.author] + 1))
            journal.reverse(original, {original.author: taken} if taken else {}, arrears=issued - taken)
            stock.move({original.author: taken}, -1)
        elif step == 9 and points:
            journal.owe(party, OPERATOR, chance.randrange(1, 10**6))
            journal.donate("playground", points)
        elif step == 10 and points:
            journal.expire(points)
            stock.move(points, -1)
        elif chance.random() < 0.5:
            journal.close()
        else:
            price, funding = chance.randrange(10_000, 15_000), chance.choice(FUNDINGS)
            journal.terms(party, "2017-01-02", price_micros=price, reimbursement_micros=8_000, **funding)
            if "pack_points" in funding:
                journal.order_packs(party, chance.randrange(1, 4))
    return journal


def test_windows_are_ranges_of_the_journal() -> None:
    """A window ends with the entry that closes it; the next one begins with the entry and the moment after."""
    journal = coalition_of_three()
    start, closing = journal.entries[0], journal.close()
    books = recompute(journal.entries)
    assert books.windows == {
        1: Window(1, 1, start.committed_us, closing.sequence, closing.committed_us),
        2: Window(2, closing.sequence + 1, closing.committed_us),
    }
    assert [window.is_open for window in books.windows.values()] == [False, True]


@given(st.integers(0, 10**6), st.lists(st.integers(1, 40), min_size=1, max_size=60))
def test_batches_do_not_matter(seed: int, sizes: list[int]) -> None:
    """However the journal is cut into batches, the books are those of the whole."""
    entries = busy_journal(seed, 60).entries
    state, books, place = State(), Books(), 0
    for size in [*sizes, len(entries)]:
        state, changes = clear(state, entries[place : place + size])
        books, place = books.with_changes(changes), place + size
    assert books == recompute(entries)
    assert state.sequence == len(entries)


@given(st.integers(0, 10**6))
def test_nothing_is_owed_in_the_end_when_everything_was_reversed(seed: int) -> None:
    """A journal followed by the reversal of all its business leaves nobody owing anybody anything, over all windows."""
    chance = random.Random(seed)
    journal, stock = coalition_of_three(), Stock(chance)
    redemptions, issues = [], []
    for _ in range(20):
        party, issued = chance.choice(PARTIES), chance.randrange(1, 900)
        issues.append((journal.issue(party, issued), issued))
        stock.move({party: issued}, 1)
        if points := stock.some():
            redemptions.append((journal.redeem(chance.choice(PARTIES), points), points))
            stock.move(points, -1)
        if chance.random() < 0.3:
            rates = {"price_micros": chance.randrange(9_000, 77_777), "prefunded_bps": chance.choice(SHARES)}
            journal.terms(chance.choice(PARTIES), "2017-01-02", reimbursement_micros=8_888, **rates)
    journal.close()
    for original, points in chance.sample(redemptions, len(redemptions)):
        journal.reverse(original, points)
    for original, issued in issues:
        journal.reverse(original, {original.author: issued})
    books = recompute(journal.entries)
    owed = together(owed_in(totals, OPERATOR) for totals in books.totals.values())
    assert set(multilateral(owed).values()) == {0}
    assert set(books.pools.values()) == {Pool()}


@given(st.integers(0, 10**6))
def test_the_operator_holds_what_was_paid_in_and_not_given_back(seed: int) -> None:
    """After every entry, an issuer has paid the operator and the acceptors the price of what was redeemed elsewhere,
    its fees, and what lies in its pool; so a change of price or share moves no money that was paid in. What is there is
    what was paid in less what was drawn."""
    state, books = State(), Books()
    prices: Counter[str] = Counter()
    for entry in busy_journal(seed, 60).entries:
        state, changes = clear(state, [entry])
        books = books.with_changes(changes)
        for _, movements in changes.movements:
            for movement in movements:
                prices[movement.issuer] += price_of(movement, state.directory, entry)
        for issuer, pool in state.pools.items():
            sums = [
                (key, total)
                for totals in books.totals.values()
                for key, total in totals.sums.items()
                if key.issuer == issuer
            ]
            assert sum(paid_by(key, total) for key, total in sums) == prices[issuer] + pool.held_micros
            assert sum(held_change(key, total) for key, total in sums) == pool.held_micros
            assert (pool.outstanding_points + pool.prepaid_points) or not pool.held_micros


def price_of(movement: Movement, directory: Directory, entry: Entry) -> int:
    """What an issuer owes for a movement, whatever it paid in before: price and fee of the day, of the original's day
    for reversals."""
    original = entry.outcome.original
    moment_us, sequence = (
        (original.committed_us, original.sequence) if original.sequence else (entry.committed_us, entry.sequence)
    )
    assert directory.network is not None
    rates = directory.price_of(movement.issuer, directory.network.calendar.day(moment_us), sequence)
    elsewhere = movement.issuer != movement.counterparty
    match movement.kind:
        case MovementKind.ISSUE:
            return rates.issue_fee * movement.points
        case MovementKind.ISSUE_REVERSED:
            return -rates.issue_fee * movement.points
        case MovementKind.REDEEM:
            return rates.price * movement.points * elsewhere
        case MovementKind.REDEEM_REVERSED:
            return -rates.price * movement.points * elsewhere
        case _:
            return 0


def paid_by(key: Key, total: Sum) -> int:
    """What an issuer has paid, corrections aside."""
    if key.kind == MovementKind.OBLIGATION:
        return 0
    sign = -1 if key.kind in (MovementKind.ISSUE_REVERSED, MovementKind.REDEEM_REVERSED) else 1
    owed = total.direct_micros + total.margin_micros + total.fee_micros
    return sign * owed + total.paid_in_micros - total.paid_back_micros


def test_a_failed_batch_changes_nothing() -> None:
    """The state before a batch that cannot be cleared is still good for the right one."""
    journal = coalition_of_three()
    state, _ = clear(State(), journal.entries)
    journal.close()
    journal.donate("nowhere", {"grocer": 1})
    with pytest.raises(ClearingError):
        clear(state, journal.entries[state.sequence :])
    after, changes = clear(state, journal.entries[state.sequence : -1])
    assert [window.number for window in changes.windows] == [1, 2]
    assert after.sequence == len(journal.entries) - 1


def test_order_is_required() -> None:
    """Gaps, repetitions, other windows, a clock that stands still, and two beginnings are refused by sequence."""
    journal = coalition_of_three()
    state, _ = clear(State(), journal.entries)
    following = journal.close()
    for entries, text in (
        ([journal.entries[0]], "it does not follow entry 7"),
        ([following, following], "it does not follow entry 8"),
    ):
        with pytest.raises(ClearingError, match=text):
            clear(state, entries)
    with pytest.raises(ClearingError, match="a journal begins by founding the network"):
        clear(State(), [made_up(1, "grocer", transaction_pb2.Transaction(), journal.entries[0].outcome)])
    for change, text in (
        ({"window": 2}, "it belongs to window 2, but window 1 is open"),
        ({"committed_us": state.committed_us}, "its commit time is not later"),
        ({"close": 9}, "it closes window 9, but window 1 is open"),
        ({"genesis": True}, "the network was founded before"),
    ):
        with pytest.raises(ClearingError, match=text):
            clear(state, [spoiled(following, journal.entries[0], **change)])


def spoiled(
    entry: Entry, first: Entry, *, window: int = 1, committed_us: int = 0, close: int = 1, genesis: bool = False
) -> Entry:
    """`entry` with one thing wrong."""
    outcome = type(entry.outcome)()
    outcome.CopyFrom(entry.outcome)
    outcome.committed_us = committed_us or outcome.committed_us
    closing = transaction_pb2.Transaction(close_window=transaction_pb2.CloseWindow(window=close))
    return made_up(window, OPERATOR, first.transaction if genesis else closing, outcome)


def test_directory_knows_keys_and_status() -> None:
    """Keys that were added count, keys that were removed do not, and strangers have none."""
    journal = coalition_of_three()
    old, new = key_of("grocer").public, b"n" * 32
    change = transaction_pb2.SetPartyKeys(party_id="grocer", add_keys=[new], remove_keys=[old])
    journal.append(OPERATOR, set_party_keys=change)
    journal.append(OPERATOR, set_party_status=transaction_pb2.SetPartyStatus(party_id="grocer", status=2))
    state, changes = clear(State(), journal.entries)
    assert state.directory.keys_of("grocer") == {new}
    assert state.directory.keys_of("stranger") == frozenset()
    assert state.directory.parties["grocer"].status == 2
    assert len(changes.lessons) == len(journal.entries)
    stranger = transaction_pb2.SetPartyKeys(party_id="stranger", add_keys=[b"n" * 32])
    with pytest.raises(ClearingError, match="the party stranger was never registered"):
        clear(state, [journal.append(OPERATOR, set_party_keys=stranger)])
