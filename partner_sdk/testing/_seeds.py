"""Who is in a test network, unless it is told otherwise. Keys follow from a seed, so every run has the same."""

from __future__ import annotations

import hashlib
from typing import Final

from coalition.keys import SigningKey

#: Businesses, with the names that people see.
PARTNERS: Final = {"grocer": "Green Grocer", "pharmacy": "Corner Pharmacy", "florist": "Flora’s Flowers"}
#: Charities, each with a campaign of the same id, whose fund is called `school-fund` and so on.
CHARITIES: Final = {"school": "Northside School", "shelter": "Riverside Shelter"}
OPERATOR: Final = "operator"
AUDITOR: Final = "settlement"


def key_of(seed: str, name: str) -> SigningKey:
    """The key of somebody in a network of this seed. Everybody can compute it: for tests only."""
    return SigningKey.from_seed(hashlib.sha256(f"coalition-test/{seed}/{name}".encode()).digest())


def fund_of(charity: str) -> str:
    """The fund of a charity's campaign."""
    return f"{charity}-fund"
