"""The plan of a run."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from coalition_demo import actions
from coalition_demo.actions import Batch, CloseWindow, Enrol, GiveBack, Issue, Redeem, Sweep, TakeBack
from coalition_demo.businesses import BY_ID, GROCER
from coalition_demo.data import Journey, load
from coalition_demo.dice import Dice
from coalition_demo.scenario import Plan, plan
from coalition_demo.schools import SCHOOLS


def transactions(plan_: Plan) -> list[tuple[Batch, Enrol | Issue | TakeBack]]:
    return [(action, item) for action in plan_.actions if isinstance(action, Batch) for item in action.transactions]


@pytest.mark.long
def test_the_same_data_and_seed_give_the_same_plan(quarter: Journey, quarter_plan: Plan) -> None:
    """Nothing but data and seed goes into a plan."""
    assert quarter_plan == plan(quarter, seed=1)


def test_another_seed_gives_another_plan() -> None:
    """Ids and choices follow from the seed."""
    journey = load(2, households=50)

    assert plan(journey, seed=1).actions != plan(journey, seed=2).actions


def test_a_quarter_has_everything_that_can_happen(quarter_plan: Plan) -> None:
    """Every class of action is in the plan of the default run."""
    every = {
        name
        for name, item in vars(actions).items()
        if isinstance(item, type) and item.__module__ == actions.__name__ and name != "Batch"
    }

    assert every == set(quarter_plan.counts())


def test_time_does_not_run_backwards(quarter_plan: Plan) -> None:
    """The commit clock follows the plan."""
    times = [action.at_us for action in quarter_plan.actions]

    assert sorted(times) == times
    assert quarter_plan.starts_us < times[0]


def test_every_id_is_used_once(quarter_plan: Plan) -> None:
    """An id stands for one transaction."""
    ids = [item.id for _, item in transactions(quarter_plan)]
    ids += [action.id for action in quarter_plan.actions if hasattr(action, "id")]

    assert len(set(ids)) == len(ids)


def test_every_purchase_with_a_value_earns_points(quarter: Journey, quarter_plan: Plan) -> None:
    """One point for every ten cents begun, at the business where it was bought."""
    issues = {
        (batch.party, item.reference): item for batch, item in transactions(quarter_plan) if isinstance(item, Issue)
    }

    for purchase in quarter.purchases:
        issue = issues.pop((purchase.business, f"basket {purchase.basket}"), None)
        if purchase.cents == 0:
            assert issue is None
        else:
            assert issue is not None
            assert purchase.cents <= issue.points * 10 < purchase.cents + 10
            assert bool(BY_ID[purchase.business].pending_days) == bool(issue.available_on)
    assert not issues


def test_an_account_is_opened_once_and_before_it_is_used(quarter: Journey, quarter_plan: Plan) -> None:
    """No transaction of a holder comes before its enrolment."""
    known = {school.fund_id for school in SCHOOLS}
    for action in quarter_plan.actions:
        for item in action.transactions if isinstance(action, Batch) else (action,):
            if isinstance(item, Enrol):
                assert item.holder_id not in known
                known.add(item.holder_id)
            else:
                assert getattr(item, "holder_id", None) is None or item.holder_id in known  # type: ignore[union-attr]

    twins = {holder for holder in known if holder.endswith("-twin")}
    assert quarter.households == len(known - twins) - len(SCHOOLS)


def test_points_are_taken_back_from_an_earlier_purchase_and_never_more_than_it_gave(quarter_plan: Plan) -> None:
    """All that is reversed of a purchase is at most what it earned, at the same business, from the same household."""
    left: dict[str, int] = {}
    owner: dict[str, tuple[str, str]] = {}
    for batch, item in transactions(quarter_plan):
        if isinstance(item, Issue):
            left[item.id], owner[item.id] = item.points, (batch.party, item.holder_id)
        elif isinstance(item, TakeBack):
            left[item.original_id] -= item.points
            assert item.points > 0
            assert owner[item.original_id] == (batch.party, item.holder_id)

    assert min(left.values()) >= 0


def test_members_mostly_spend_elsewhere_than_at_the_main_issuer(quarter: Journey, quarter_plan: Plan) -> None:
    """The grocer issues most points; most redemptions happen elsewhere, at businesses that the member knows."""
    visited: dict[str, set[str]] = {}
    for purchase in quarter.purchases:
        visited.setdefault(f"household-{purchase.household}", set()).add(purchase.business)
    redeemed = [
        action
        for action in quarter_plan.actions
        if isinstance(action, Redeem) and action.holder_id.startswith("household-")
    ]

    assert all(action.party in visited[action.holder_id] for action in redeemed)
    assert sum(action.party != GROCER for action in redeemed) > 2 * len(redeemed) / 3


def test_refunds_name_a_redemption_of_the_same_acceptor(quarter_plan: Plan) -> None:
    """Only the author of a redemption may reverse it, and later than it."""
    redeemed = {action.id: action for action in quarter_plan.actions if isinstance(action, Redeem)}
    refunds = [action for action in quarter_plan.actions if isinstance(action, GiveBack)]

    assert refunds
    for refund in refunds:
        assert redeemed[refund.redeem_id].party == refund.party
        assert redeemed[refund.redeem_id].at_us < refund.at_us


def test_each_month_ends_with_a_sweep_and_its_window(quarter_plan: Plan) -> None:
    """Windows are months, numbered from 1, and close right after the sweep of the morning after."""
    closes = [(place, action) for place, action in enumerate(quarter_plan.actions) if isinstance(action, CloseWindow)]

    assert [(action.window, action.title) for _, action in closes] == [
        (1, "January 2017"),
        (2, "February 2017"),
        (3, "March 2017"),
    ]
    for place, action in closes:
        before = quarter_plan.actions[place - 1]
        assert isinstance(before, Sweep)
        assert before.at_us == action.at_us
    assert quarter_plan.actions[-1] == closes[-1][1]


def test_every_day_is_swept_once(quarter_plan: Plan) -> None:
    """Five past midnight in the network's time zone, whatever the season."""
    sweeps = [action.at_us for action in quarter_plan.actions if isinstance(action, Sweep)]
    moments = [datetime.fromtimestamp(at_us / 1_000_000, UTC) for at_us in sweeps]

    assert list(dict.fromkeys((moment.hour, moment.minute) for moment in moments)) == [(5, 5), (4, 5)]
    assert 85 == len({moment.date() for moment in moments}) == len(sweeps)


@pytest.mark.parametrize("hours", [1, 24])
def test_the_length_of_a_slice_changes_batches_and_nothing_that_is_given(hours: int) -> None:
    """However long tills gather, the points are the same."""
    journey = load(2, households=50)
    whole, other = plan(journey, 1), plan(journey, 1, hours)

    given = [
        sorted((item.id, item.points) for _, item in transactions(p) if isinstance(item, Issue)) for p in (whole, other)
    ]
    assert given[0] == given[1]


def test_a_day_without_purchases_is_still_a_day() -> None:
    """Sweeps and windows do not depend on anybody having shopped."""
    journey = load(2, households=50)
    first, last = journey.purchases[0], journey.purchases[-1]
    sparse = replace(journey, purchases=(first, last), coupon_uses=(), children={})

    assert sum(isinstance(action, Sweep) for action in plan(sparse, 1).actions) == 8


def test_dice_depend_on_what_is_thrown_for_and_not_on_what_was_thrown_before() -> None:
    """A new throw elsewhere in the plan changes nothing here."""
    one, two = Dice(7), Dice(7)
    one.below(6, "something else")

    assert one.below(1_000_000, "this") == two.below(1_000_000, "this")
    assert one.key("grocer").public == two.key("grocer").public
    assert one.key("grocer").public != Dice(8).key("grocer").public
