"""Books for people and machines: liability, its movement, cohorts and estimates as rows, tables and JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Final

from rich.table import Table

from partner_sdk.settlement import Books, CohortBooks, Deferral, IssuerBooks, PointsMovement, RedemptionEstimate
from settlement.report.money import decimal_text, micros_text
from settlement.report.tables import rows_table
from settlement.report.window import Rows

_PPM_DIGITS: Final = 4
_POINTS: Final = tuple(PointsMovement.__slots__)
#: Figures of a deferral, as columns are called: without their unit.
_MONEY: Final = tuple(name.removesuffix("_micros") for name in Deferral.__slots__)
#: The tables, and the columns of each. In those of money, amounts are decimal text in units of the currency.
COLUMNS: Final = {
    "liability": ("issuer", "point", "outstanding", "value", "expected", "expected_value", "deferred"),
    "points": ("window", "issuer", *_POINTS),
    "deferred": ("window", "issuer", *_MONEY),
    "cohorts": (
        "issuer",
        "expires",
        "origin",
        "age_months",
        "entered",
        "redeemed",
        "donated",
        "expired",
        "outstanding",
        "expected",
        "value",
        "expected_value",
        "allocated",
        "recognised",
        "breakage",
        "deferred",
    ),
    "estimates": ("issuer", "life_months", "as_of_month", "cohorts", "rate", "std_error", "used", "note"),
}
_GROUPED: Final = ("outstanding", "value", "expected", "deferred")


def tables_of(books: Books) -> dict[str, Rows]:
    """The rows of every table, by the table's name."""
    issuers = books.issuers
    return {
        "liability": [_liability(found) for found in issuers],
        "points": [
            {"window": moved.window, "issuer": found.issuer, **{name: getattr(moved.points, name) for name in _POINTS}}
            for found in issuers
            for moved in found.movements
        ],
        "deferred": [
            {"window": moved.window, "issuer": found.issuer, **_deferral(moved.deferral)}
            for found in issuers
            for moved in found.movements
        ],
        "cohorts": [_cohort(found.issuer, cohort) for found in issuers for cohort in found.cohorts],
        "estimates": [_estimate(found.issuer, estimate) for found in issuers for estimate in found.estimates],
    }


def books_json(books: Books) -> dict[str, Any]:
    """Everything, for machines: money as decimal text in units of the currency, points as integers."""
    return {
        "window": books.window,
        "day": books.day.isoformat(),
        "currency": books.currency,
        "currency_exponent": books.currency_exponent,
        **tables_of(books),
        "assumptions": list(books.assumptions),
    }


def books_tables(books: Books) -> list[Table]:
    """What a terminal has room for: the last window's movement, and cohorts grouped by expiry and by age."""
    rows, currency = tables_of(books), books.currency
    last = {name: [row for row in rows[name] if row["window"] == books.window] for name in ("points", "deferred")}
    by_expiry = _grouped(books.issuers, "expires", lambda cohort: _expiry(cohort)[:7])
    by_age = _grouped(books.issuers, "age_months", lambda cohort: f"{cohort.age_months:3}")
    heading = f"Books as of {books.day}, window {books.window}"
    return [
        rows_table(f"{heading}\nLiability, {currency}", rows["liability"], COLUMNS["liability"]),
        rows_table("Points in that window", last["points"], COLUMNS["points"][1:]),
        rows_table(f"Deferred revenue in that window, {currency}", last["deferred"], COLUMNS["deferred"][1:]),
        rows_table(f"Outstanding by month of expiry, {currency}", by_expiry, ("expires", *_GROUPED)),
        rows_table(f"Outstanding by age in months, {currency}", by_age, ("age_months", *_GROUPED)),
        rows_table("Redeemed in the end, of 100", rows["estimates"], COLUMNS["estimates"]),
    ]


def _liability(found: IssuerBooks) -> dict[str, str | int]:
    return {
        "issuer": found.issuer,
        "point": micros_text(found.value_micros),
        "outstanding": found.outstanding_points,
        "value": micros_text(found.value_of_outstanding_micros),
        "expected": sum(cohort.expected_points for cohort in found.cohorts),
        "expected_value": micros_text(sum(cohort.expected_value_micros for cohort in found.cohorts)),
        "deferred": micros_text(found.deferred_micros),
    }


def _deferral(deferral: Deferral) -> dict[str, str | int]:
    return {name: micros_text(getattr(deferral, f"{name}_micros")) for name in _MONEY}


def _cohort(issuer: str, cohort: CohortBooks) -> dict[str, str | int]:
    deferral = cohort.deferral
    allocated = deferral.sold_micros + deferral.granted_micros + deferral.received_micros
    return {
        "issuer": issuer,
        "expires": _expiry(cohort),
        "origin": cohort.origin,
        "age_months": cohort.age_months,
        "entered": cohort.entered_points,
        "redeemed": cohort.redeemed_points,
        "donated": cohort.donated_points,
        "expired": cohort.expired_points,
        "outstanding": cohort.outstanding_points,
        "expected": cohort.expected_points,
        "value": micros_text(cohort.value_micros),
        "expected_value": micros_text(cohort.expected_value_micros),
        "allocated": micros_text(allocated - deferral.cancelled_micros - deferral.donated_micros),
        "recognised": micros_text(deferral.recognised_micros),
        "breakage": micros_text(deferral.breakage_micros),
        "deferred": micros_text(deferral.closing_micros),
    }


def _estimate(issuer: str, estimate: RedemptionEstimate) -> dict[str, str | int]:
    return {
        "issuer": issuer,
        "life_months": estimate.life_months,
        "as_of_month": estimate.as_of_month,
        "cohorts": estimate.cohorts,
        "rate": decimal_text(estimate.rate_ppm, _PPM_DIGITS),
        "std_error": decimal_text(estimate.std_error_ppm, _PPM_DIGITS),
        "used": decimal_text(estimate.used_ppm, _PPM_DIGITS),
        "note": estimate.reason or "",
    }


def _expiry(cohort: CohortBooks) -> str:
    return cohort.expires_on.isoformat() if cohort.expires_on else "never"


def _grouped(issuers: Iterable[IssuerBooks], name: str, group: Callable[[CohortBooks], str]) -> Rows:
    """Cohorts with something outstanding, added up by what `group` says of them."""
    sums: dict[str, Counter[str]] = {}
    for found in issuers:
        for cohort in found.cohorts:
            if cohort.outstanding_points or cohort.deferral.closing_micros:
                figures = sums.setdefault(group(cohort), Counter())
                figures["outstanding"] += cohort.outstanding_points
                figures["expected"] += cohort.expected_points
                figures["value"] += cohort.value_micros
                figures["deferred"] += cohort.deferral.closing_micros
    return [
        {
            name: key,
            "outstanding": figures["outstanding"],
            "value": micros_text(figures["value"]),
            "expected": figures["expected"],
            "deferred": micros_text(figures["deferred"]),
        }
        for key, figures in sorted(sums.items())
    ]
