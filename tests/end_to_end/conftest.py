"""One real network for all tests here that only look at it or add to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from partner_sdk import PartyStatus
from partner_sdk.testing import LocalNetwork
from tests.end_to_end.outsider import Outsider

PARTNERS = {
    "grocer": "Green Grocer",
    "pharmacy": "Corner Pharmacy",
    "florist": "Flora’s Flowers",
    "baker": "Bread and More",
    "butcher": "The Butcher",
}


@pytest.fixture(scope="package")
def network() -> Iterator[LocalNetwork]:
    """The baker is suspended, the butcher has changed its key; anna has 500 points, the school's fund 40 of others."""
    with LocalNetwork(partners=PARTNERS) as network:
        anna = network.member("anna", points=500)
        pharmacy = network.client("pharmacy")
        pharmacy.issue("anna", 100)
        pharmacy.donate("anna", "school-fund", 40, consent=anna.consent_to_donate("pharmacy", "school-fund", 40))
        operator = network.operator
        operator.set_party_status("baker", PartyStatus.SUSPENDED, "unpaid")
        operator.set_party_keys(
            "butcher", add_keys=[network.key("butcher-2").public], remove_keys=[network.key("butcher").public]
        )
        yield network


@pytest.fixture(scope="package")
def outsider(network: LocalNetwork) -> Iterator[Outsider]:
    outsider = Outsider(network)
    with outsider.channel:
        yield outsider
