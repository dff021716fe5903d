"""Points by expiry: what was bought for counts with the points of that purchase alone."""

from __future__ import annotations

from coalition.v1 import transaction_pb2
from settlement.clearing.books import recompute
from tests.settlement.journals import coalition_of_three


def test_points_of_sales_are_told_from_those_given() -> None:
    """In one month and with one expiry, an issue without a purchase amount adds points that nothing was sold with."""
    journal = coalition_of_three()
    sale = transaction_pb2.Issue(holder_id="anna", points=10, purchase_amount_minor=1_000)
    journal.append("grocer", allocations={"grocer": 10}, issue=sale)
    journal.issue("grocer", 100_000)
    journal.redeem("florist", {"grocer": 5})
    flows = recompute(journal.entries).totals[1].flows.values()
    assert [tuple(flow) for flow in flows] == [(100_010, 1_000, 10), (5, 0, 0)]
