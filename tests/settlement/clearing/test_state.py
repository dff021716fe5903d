"""Clearing as a fold: windows, order, and independence of how the journal is cut into batches."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coalition.v1 import transaction_pb2
from settlement.clearing.books import Books, recompute
from settlement.clearing.entry import ClearingError, Entry, StoredEntry
from settlement.clearing.netting import multilateral, together
from settlement.clearing.state import State, Window, clear
from tests.settlement.journals import OPERATOR, Journal, coalition_of_three, key_of

PARTIES = ("grocer", "florist", "school")


def busy_journal(seed: int, steps: int) -> Journal:
    """Random business of three parties over several windows, with reversals of what came before."""
    chance = random.Random(seed)
    journal = coalition_of_three()
    journal.campaign("school", "playground")
    redemptions: list[tuple[Entry, dict[str, int]]] = []
    issues: list[tuple[Entry, int]] = []
    for _ in range(steps):
        step = chance.randrange(10)
        party = chance.choice(PARTIES)
        points = {issuer: chance.randrange(1, 500) for issuer in PARTIES if chance.random() < 0.6} or {party: 1}
        if step < 3:
            issues.append((journal.issue(party, 10), 10))
        elif step < 6:
            redemptions.append((journal.redeem(party, points), points))
        elif step == 6 and redemptions:
            journal.reverse(*redemptions.pop(chance.randrange(len(redemptions))))
        elif step == 7 and issues:
            original, issued = issues.pop()
            journal.reverse(original, {original.author: issued - 4}, arrears=4)
        elif step == 8:
            journal.owe(party, OPERATOR, chance.randrange(1, 10**6))
            journal.donate("playground", points)
        elif chance.random() < 0.5:
            journal.close()
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
    journal = coalition_of_three()
    redemptions, issues = [], []
    for _ in range(20):
        party = chance.choice(PARTIES)
        points = {issuer: chance.randrange(1, 500) for issuer in chance.sample(PARTIES, chance.randrange(1, 4))}
        redemptions.append((journal.redeem(party, points), points))
        issues.append(journal.issue(party, 100))
    journal.close()
    journal.terms("grocer", "2017-01-02", price_micros=77_777, reimbursement_micros=8_888, prefunded_bps=10_000)
    for original, points in chance.sample(redemptions, len(redemptions)):
        journal.reverse(original, points)
    for original in issues:
        journal.reverse(original, {original.author: 60}, arrears=40)
    owed = together(totals.owed for totals in recompute(journal.entries).totals.values())
    assert set(multilateral(owed).values()) == {0}


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
        clear(State(), [StoredEntry(1, "grocer", transaction_pb2.Transaction(), journal.entries[0].outcome)])
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
    return StoredEntry(window, OPERATOR, first.transaction if genesis else closing, outcome)


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
