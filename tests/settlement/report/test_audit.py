"""Whoever makes the books anew finds every figure of the service that is another."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from partner_sdk.settlement import Obligation, PartyActivity, Window, WindowReport, WindowState
from settlement.clearing.activity import activity_in
from settlement.clearing.books import Books, recompute
from settlement.clearing.obligations import owed_in
from settlement.report.audit import differences
from tests.settlement.journals import OPERATOR, stocked_coalition


def told(books: Books) -> dict[int, WindowReport]:
    """What an honest service says."""
    reports = {}
    for number, window in books.windows.items():
        totals = books.totals[number]
        reports[number] = WindowReport(
            window=Window(
                number,
                WindowState.OPEN if window.is_open else WindowState.CLOSED,
                window.first_sequence,
                window.last_sequence or None,
                datetime(2017, 1, 1, tzinfo=UTC),
                None,
            ),
            currency="USD",
            currency_exponent=2,
            obligations=tuple(Obligation(*pair, *owed) for pair, owed in owed_in(totals, OPERATOR).items()),
            bilateral=(),
            positions=(),
            activity=tuple(PartyActivity(party, *figures) for party, figures in activity_in(totals).items()),
        )
    return reports


@pytest.fixture(scope="module")
def books() -> Books:
    """Two windows with business."""
    journal = stocked_coalition()
    journal.redeem("florist", {"grocer": 10})
    return recompute(journal.entries)


def test_an_honest_service_agrees(books: Books) -> None:
    """Nothing is found where nothing is wrong."""
    assert list(differences(books, told(books), OPERATOR)) == []


def test_every_wrong_figure_is_named(books: Books) -> None:
    """An amount, a missing or invented obligation, a count of points, a window's bounds, a window too few or many."""
    reports = told(books)
    first, *others = reports[2].obligations
    changed = {
        **reports,
        2: replace(
            reports[2],
            window=replace(reports[2].window, first_sequence=99),
            obligations=(
                replace(first, amount_micros=first.amount_micros + 1),
                *others[1:],
                Obligation("school", "grocer", 5, 7),
            ),
            activity=(
                replace(reports[2].activity[0], accepted=11),
                replace(reports[2].activity[0], party_id="school"),
                *reports[2].activity[1:],
            ),
        ),
        3: reports[2],
    }
    del changed[1]
    assert list(differences(books, changed, OPERATOR)) == [
        "window 1: the service has none",
        "window 2: it has entries 12 to …",
        "window 2: grocer owes florist 0.080000 for 10 points, but the service says 0.080001 for 10 points",
        "window 2: grocer owes operator 0.020000 for 0 points, but the service says nothing",
        "window 2: school owes grocer nothing, but the service says 0.000007 for 5 points",
        "window 2: florist accepted points 10, but the service says 11",
        "window 2: nothing happened to points of school, but the service says so",
        "window 3: the journal has none",
    ]
