"""Cleared windows of made-up journals, with runs that settle them, as the books of money take them in."""

from __future__ import annotations

import random
from collections import Counter

from settlement.books.books import ClosedWindow, IssuerBooks, keep_books
from settlement.books.clearing import Cleared, Paid, SettledRun, WindowSums
from settlement.books.cohorts import PointsFlow
from settlement.books.estimates import Estimator
from settlement.clearing.books import Books, recompute
from settlement.clearing.netting import multilateral
from settlement.clearing.obligations import owed_in
from settlement.clearing.totals import Totals
from tests.settlement.books.made_up import MICROS_PER_MINOR, value_of
from tests.settlement.clearing.test_state import busy_journal
from tests.settlement.journals import OPERATOR

CURRENCY = "USD"


def closed_windows(books: Books, chance: random.Random) -> list[ClosedWindow]:
    """The journal's windows, of which some were closed on one day and others weeks later."""
    windows, day = [], 1
    for window in books.windows.values():
        if window.is_open:
            continue
        day += chance.choice([0, 1, 20])
        windows.append(ClosedWindow(window.number, f"2017-{1 + day // 28:02}-{1 + day % 28:02}", window.last_sequence))
    return windows


def cleared_of(seed: int, steps: int = 60) -> tuple[Cleared, tuple[IssuerBooks, ...]]:
    """Random business, of which at least one window is closed, and the books of those who issued points in it."""
    chance = random.Random(seed)
    journal = busy_journal(seed, steps)
    journal.close()
    books = recompute(journal.entries)
    windows = closed_windows(books, chance)[:12]
    totals = {window.number: books.totals.get(window.number, Totals()) for window in windows}
    payments, settled = settle(windows, totals, chance)
    cleared = Cleared(
        OPERATOR,
        CURRENCY,
        tuple(WindowSums(window, totals[window.number].sums) for window in windows),
        payments,
        settled,
    )
    flows = [PointsFlow(number, *key, *flow) for number, found in totals.items() for key, flow in found.flows.items()]
    return cleared, keep_books(flows, windows, value_of, MICROS_PER_MINOR, Estimator())


def settle(
    windows: list[ClosedWindow], totals: dict[int, Totals], chance: random.Random
) -> tuple[tuple[Paid, ...], tuple[SettledRun, ...]]:
    """Runs over one or two windows each, through the operator; some pay in parts, and leave a part to the next run."""
    left, number = list(windows), 0
    carried: Counter[str] = Counter()
    payments: list[Paid] = []
    settled: list[SettledRun] = []
    while left:
        number += 1
        part, left = left[: chance.randint(1, 2)], left[2:] if len(left) > 1 else []
        if len(part) == 1 and len(windows) > 1 and windows.index(part[0]) + 1 < len(windows):
            left = windows[windows.index(part[0]) + 1 :]
        day = part[-1].day
        for window in part:
            carried.update(multilateral(owed_in(totals[window.number], OPERATOR)))
        for party_id in sorted(carried):
            due = carried[party_id] // MICROS_PER_MINOR * MICROS_PER_MINOR
            if party_id == OPERATOR or not due or chance.random() < 0.2:
                continue
            payer, payee = (OPERATOR, party_id) if due > 0 else (party_id, OPERATOR)
            payments.append(Paid(day, f"R{number}", payer, payee, abs(due), f"RF{number:02}{party_id}"))
            carried[payer] += abs(due)
            carried[payee] -= abs(due)
        if left or chance.random() < 0.7:
            rest = {party_id: micros for party_id, micros in carried.items() if micros}
            settled.append(SettledRun(day, f"R{number}", tuple(window.number for window in part), rest))
    return tuple(payments), tuple(settled)
