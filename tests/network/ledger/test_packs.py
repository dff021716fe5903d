"""Packs of points are ordered where terms are funded by them, and hold up nobody who issues."""

from __future__ import annotations

from coalition.v1 import network_pb2
from coalition.v1 import transaction_pb2 as pb
from network.ledger.records import Usage
from tests.network.ledger.desk import Desk, facts
from tests.network.town import CHARITY

PACKS: dict[str, int] = {"funding": network_pb2.FUNDING_PACKS, "pack_points": 1_000}


def order(desk: Desk, packs: int = 1) -> pb.Transaction:
    return desk.transaction(order_pack=pb.OrderPack(packs=packs, reference="PO-7"))


def test_who_agreed_on_packs_orders_them(desk: Desk) -> None:
    """From the day on which the terms hold, as often as wanted; partner and charity alike."""
    desk.ok("operator", *(desk.terms(name, "2024-01-17", **PACKS) for name in ("grocer", CHARITY)))
    before = desk.say("grocer", order(desk))[0]
    desk.at("2024-01-17 00:00")

    assert facts(before) == {"party_id": "grocer", "day": "2024-01-10", "effective_on": "2024-01-10"}
    outcome = desk.ok("grocer", order(desk), order(desk, 1_000), order(desk))
    assert not outcome.allocations
    assert desk.why(CHARITY, order(desk)) == "accepted"
    assert desk.why("pharmacy", order(desk)) == "PACKS_NOT_AGREED"


def test_an_order_moves_no_points(desk: Desk) -> None:
    """All that changes is what the issuer has ordered that day."""
    desk.ok("operator", desk.terms("grocer", "2024-01-17", **PACKS))
    desk.at("2024-01-17 00:00")
    before = desk.snapshot()

    desk.ok("grocer", order(desk, 3))

    ordered = {(Usage.ORDERED_IN_PACKS, "grocer", "2024-01-17"): 3_000}
    assert desk.snapshot() == {**before, "usage": {**before["usage"], **ordered}}


def test_issuing_goes_on_without_a_pack(desk: Desk) -> None:
    """A till does not stop because nobody ordered: what is not paid for ahead is owed when it is redeemed."""
    desk.ok("operator", desk.terms("grocer", "2024-01-17", **PACKS))
    desk.at("2024-01-17 00:00")

    assert desk.why("grocer", desk.issue("anna", 5_000)) == "accepted"
    desk.ok("grocer", order(desk))
    assert desk.why("grocer", desk.issue("anna", 5_000)) == "accepted"


def test_an_order_has_a_bound_in_money() -> None:
    """Ten million units of the currency bound the packs in one order."""
    desk = Desk()
    dear = PACKS | {"pack_points": 10**7, "price_micros": 500_000}
    desk.ok("operator", desk.terms("grocer", "2024-01-17", **dear))
    desk.at("2024-01-17 00:00")

    assert desk.why("grocer", order(desk, 2)) == "accepted"
    rejected = desk.say("grocer", order(desk, 3))[0]
    assert facts(rejected) == {"points": "30000000", "limit": "20000000"}


def test_only_a_business_orders_packs(desk: Desk) -> None:
    """The operator sells them and the hub issues nothing; who has no terms cannot order."""
    assert desk.refused("operator", order(desk)) == "KIND_NOT_ALLOWED"
    assert desk.refused("hub", order(desk)) == "KIND_NOT_ALLOWED"
    desk.ok("operator", desk.register("baker", network_pb2.PARTY_KIND_PARTNER))
    assert desk.why("baker", order(desk)) == "TERMS_MISSING"


def test_terms_of_packs_keep_the_notice(desk: Desk) -> None:
    """A party cannot slip into another funding sooner than into another price; the first possible day is said."""
    outcome = desk.say("operator", desk.terms("grocer", "2024-01-16", **PACKS))[0]

    assert facts(outcome) == {"effective_on": "2024-01-16", "earliest": "2024-01-17"}
    assert desk.why("operator", desk.terms("grocer", "2024-01-17", **PACKS)) == "accepted"


def test_orders_of_a_day_have_a_bound() -> None:
    """A hundred of the largest: so no window's sums grow beyond what settlement can add up."""
    desk = Desk()
    dear = PACKS | {"pack_points": 10**7, "price_micros": 500_000}
    desk.ok("operator", desk.terms("grocer", "2024-01-17", **dear))
    desk.at("2024-01-17 00:00")

    desk.ok("grocer", *(order(desk, 2) for _ in range(100)))
    rejected = desk.say("grocer", order(desk))[0]
    assert facts(rejected) == {"used": "2000000000", "asked": "10000000", "limit": "2000000000", "day": "2024-01-17"}
    desk.at("2024-01-18 00:00")
    assert desk.why("grocer", order(desk, 2)) == "accepted"
