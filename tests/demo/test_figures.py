"""The checks at the end of a run notice what is wrong."""

from __future__ import annotations

from dataclasses import replace

from coalition_demo.figures import (
    PartyFigures,
    SchoolFigures,
    Stage,
    WindowFigures,
    schools_check,
    trial_checks,
    windows_check,
)
from coalition_demo.tables import cents_text, dollars
from partner_sdk.operator import IssuerTotals, TrialBalance

WINDOW = WindowFigures(
    number=1,
    title="January 2017",
    state="settled",
    first_sequence=1,
    last_sequence=100,
    gross=Stage(50, 3),
    bilateral=Stage(40, 2),
    multilateral=Stage(30, 2),
    sum_micros=0,
    sum_minor=0,
)
SCHOOL = SchoolFigures(
    party_id="river-school",
    name="River School",
    title="Science",
    goal=1_000,
    pledges=1,
    pledged_at_most=500,
    given_by_pledge=60,
    given_singly=40,
    raised=100,
    available=30,
    spent=50,
    claimed=20,
)
TOTALS = IssuerTotals(
    issuer="grocer",
    issued=100,
    issue_reversed=10,
    redeemed=30,
    redeem_reversed=5,
    expired=15,
    adjusted=0,
    in_lots=52,
    in_holds=0,
    arrears=2,
)
GROCER = PartyFigures(
    party_id="grocer",
    name="Grocer",
    issued=90,
    redeemed_here=0,
    redeemed_elsewhere=20,
    redeemed_own=5,
    expired=15,
    outstanding=50,
    net_micros=0,
    paid_minor=0,
)


def test_windows_must_be_settled_and_sum_to_zero() -> None:
    """A remainder, an unsettled window or a missing one is named."""
    assert windows_check([WINDOW], 1).holds
    assert not windows_check([WINDOW], 2).holds
    for wrong in (
        replace(WINDOW, sum_micros=1),
        replace(WINDOW, sum_minor=-1),
        replace(WINDOW, state="pending_settlement"),
    ):
        check = windows_check([wrong], 1)
        assert not check.holds
        assert "window 1" in check.found


def test_schools_must_have_what_they_were_given_and_did_not_spend() -> None:
    """A point that a school neither has nor spent is noticed."""
    assert schools_check([SCHOOL]).holds
    assert not schools_check([SCHOOL, replace(SCHOOL, available=31)]).holds
    assert not schools_check([replace(SCHOOL, given_singly=39)]).holds


def test_the_trial_balance_must_be_exact_and_settlement_must_have_counted_the_same() -> None:
    """A lost point fails the first check, a miscounted one the second."""
    exact, same = trial_checks(TrialBalance((TOTALS,), 100), [GROCER])
    assert exact.holds
    assert same.holds

    exact, _ = trial_checks(TrialBalance((replace(TOTALS, in_lots=51),), 100), [GROCER])
    assert not exact.holds
    assert "grocer" in exact.found

    for wrong in (
        replace(GROCER, issued=91),
        replace(GROCER, redeemed_own=4),
        replace(GROCER, expired=16),
        replace(GROCER, party_id="baker"),
    ):
        _, same = trial_checks(TrialBalance((TOTALS,), 100), [wrong])
        assert not same.holds


def test_money_is_shown_to_the_cent() -> None:
    """Half a cent is rounded up in size, and nothing is never negative."""
    assert dollars(1_234_567_890) == "1,234.57"
    assert dollars(-5_000) == "-0.01"
    assert dollars(-4_999) == "0.00"
    assert cents_text(-123) == "-1.23"
