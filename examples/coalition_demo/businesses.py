"""The partners of the demo: departments of a supermarket chain, each run as a business of its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Business:
    """A partner, the departments that it runs, and its terms. Rates are micro-units of the currency per point."""

    party_id: str
    name: str
    departments: tuple[str, ...]
    price_micros: int
    reimbursement_micros: int
    issue_fee_micros: int
    #: Share of the price that is owed when a point is issued, in hundredths of a percent.
    prefunded_bps: int = 0
    #: Points in one pack that is paid for ahead; 0: none. It orders one at the beginning of each month.
    pack_points: int = 0
    #: The most points of it that may be outstanding; 0: no limit. Near it, finance is warned.
    outstanding_points_max: int = 0
    #: Days after a purchase from which its points may be spent: the time in which goods may be brought back.
    pending_days: int = 0


#: One point is given for every ten cents that a purchase has begun, so a point that costs its issuer 0.0010 to 0.0015
#: dollars gives back 1 to 1.5 percent of the price.
CENTS_PER_POINT: Final = 10

#: Lines whose product is missing from the products' table, or whose department no business runs, go here.
GENERAL_STORE: Final = "general-store"
FUEL_STATION: Final = "fuel-station"
GROCER: Final = "grocer"

BUSINESSES: Final = (
    Business("bakery", "Bakery", ("PASTRY",), 1_300, 850, 40),
    Business("beauty-shop", "Beauty shop", ("COSMETICS",), 1_500, 800, 60),
    Business("butcher", "Butcher", ("MEAT", "MEAT-PCKGD"), 1_200, 900, 40),
    Business("deli", "Deli", ("DELI", "CHEF SHOPPE", "RESTAURANT"), 1_300, 850, 40),
    Business("fishmonger", "Fishmonger", ("SEAFOOD", "SEAFOOD-PCKGD"), 1_300, 850, 40),
    Business("florist", "Florist", ("FLORAL", "GARDEN CENTER"), 1_500, 800, 60),
    Business(FUEL_STATION, "Fuel station", ("FUEL", "AUTOMOTIVE"), 1_000, 900, 20, prefunded_bps=5_000),
    Business(
        GENERAL_STORE,
        "General store",
        (
            "MISCELLANEOUS",
            "TRAVEL & LEISURE",
            "COUPON",
            "GM MERCH EXP",
            "PHOTO & VIDEO",
            "CNTRL/STORE SUP",
            "POSTAL CENTER",
            "TOYS",
            "PROD-WHS SALES",
            "ELECT &PLUMBING",
            "CHARITABLE CONT",
            "HOUSEWARES",
        ),
        1_250,
        900,
        50,
    ),
    Business("greengrocer", "Greengrocer", ("PRODUCE", "SALAD BAR"), 1_200, 900, 40),
    Business(GROCER, "Grocer", ("GROCERY", "FROZEN GROCERY"), 1_100, 900, 30, outstanding_points_max=5_000_000),
    Business("health-shop", "Health shop", ("NUTRITION",), 1_400, 850, 50, pack_points=50_000),
    Business("pharmacy", "Pharmacy", ("DRUG GM",), 1_250, 900, 40, prefunded_bps=10_000, pending_days=14),
    Business("wine-shop", "Wine shop", ("SPIRITS",), 1_500, 800, 60),
)

BY_ID: Final = {business.party_id: business for business in BUSINESSES}
_BY_DEPARTMENT: Final = {
    department: business.party_id for business in BUSINESSES for department in business.departments
}


def business_of(department: str | None) -> str:
    """The party id of the one business that runs a department; of the general store when there is none."""
    return GENERAL_STORE if department is None else _BY_DEPARTMENT.get(department, GENERAL_STORE)


def unknown_departments(departments: Iterable[str]) -> tuple[str, ...]:
    """Departments that no business names, which the general store therefore takes; sorted."""
    return tuple(sorted(set(departments) - _BY_DEPARTMENT.keys()))
