"""Limits hold cumulatively, inside an envelope as outside, and no sum ever leaves what can be counted."""

from __future__ import annotations

import pytest

from coalition.form.checks import OUTSTANDING_MAX, POINTS_MAX
from coalition.v1 import transaction_pb2 as pb
from network.ledger.pledges import ACCRUED_BPS_MAX
from tests.network.ledger.desk import TWO, Desk, facts
from tests.network.town import FUND


def test_every_transaction_faces_what_the_ones_before_it_left(desk: Desk) -> None:
    """Ten redemptions in one envelope share one balance."""
    desk.ok("grocer", desk.issue("anna", 95))

    outcomes = desk.say("pharmacy", *(desk.redeem("anna", "pharmacy", 10) for _ in range(10)))

    assert [bool(outcome.reason) for outcome in outcomes] == [False] * 9 + [True]
    assert facts(outcomes[9]) == {"holder_id": "anna", "available": "5", "asked": "10"}


@pytest.mark.parametrize("kind", ["issue", "redeem", "donate", "transfer", "hold"])
def test_one_transaction_moves_no_more_than_policy_allows(kind: str) -> None:
    """The most points in a transaction, and one more."""
    desk = Desk(transaction_points_max=100, transfer_points_max=1_000)
    desk.ok("grocer", *(desk.issue("anna", 100) for _ in range(3)))
    made = {
        "issue": lambda points: desk.issue("anna", points),
        "redeem": lambda points: desk.redeem("anna", "grocer", points),
        "donate": lambda points: desk.donate("anna", "grocer", points),
        "transfer": lambda points: desk.transfer("anna", "bert", "grocer", points),
        "hold": lambda points: desk.hold("anna", "grocer", points),
    }[kind]

    assert desk.why("grocer", made(101)) == "TRANSACTION_LIMIT"
    assert desk.why("grocer", made(100)) == "accepted"


def test_a_member_redeems_and_holds_so_much_a_day() -> None:
    """Redemptions and holds at all acceptors count together, from midnight to midnight; a fund's do not count."""
    desk = Desk(redeem_points_per_day_max=100)
    desk.ok("grocer", desk.issue("anna", 500))
    desk.ok("grocer", desk.donate("anna", "grocer", 200))

    desk.ok("pharmacy", desk.redeem("anna", "pharmacy", 60))
    assert desk.why("butcher", desk.hold("anna", "butcher", 41)) == "DAILY_LIMIT"
    held = desk.hold("anna", "butcher", 40)
    assert desk.why("butcher", held) == "accepted"
    desk.ok("butcher", desk.release(held, "butcher"))
    assert desk.why("pharmacy", desk.redeem_with(None, "anna", 1)) == "DAILY_LIMIT"
    desk.at("2024-01-11 00:00")
    assert desk.why("pharmacy", desk.redeem("anna", "pharmacy", 100)) == "accepted"


def test_without_a_daily_limit_there_is_none() -> None:
    """Zero redeemed points a day means no limit."""
    desk = Desk(redeem_points_per_day_max=0)
    desk.ok("grocer", desk.issue("anna", 500_000))

    assert desk.why("pharmacy", desk.redeem("anna", "pharmacy", 500_000)) == "accepted"


def test_transfers_have_limits_of_their_own() -> None:
    """So much in one transfer, so much a day; both may be none."""
    desk = Desk(transfer_points_max=50, transfer_points_per_day_max=80)
    desk.ok("grocer", desk.issue("anna", 500))

    def send(points: int) -> pb.Transaction:
        return desk.transfer("anna", "bert", "grocer", points)

    assert desk.why("grocer", send(51)) == "TRANSFER_NOT_ALLOWED"
    assert desk.why("grocer", send(50), send(31)) == "DAILY_LIMIT"
    assert desk.why("grocer", send(30)) == "accepted"
    assert desk.why("grocer", send(1)) == "DAILY_LIMIT"
    desk.at("2024-01-11 00:00")
    assert desk.why("grocer", send(50)) == "accepted"


def test_transfers_may_be_forbidden() -> None:
    """Zero points in a transfer means that there are none."""
    desk = Desk(transfer_points_max=0)
    desk.ok("grocer", desk.issue("anna", 5))

    assert desk.why("grocer", desk.transfer("anna", "bert", "grocer", 1)) == "TRANSFER_NOT_ALLOWED"


def test_an_issuer_stays_below_its_cap(desk: Desk) -> None:
    """Points in lots and in holds count; what was redeemed makes room; a refund is never refused for it."""
    desk.ok("operator", desk.terms("grocer", "2024-01-17", outstanding_points_max=100))
    desk.at("2024-01-17 00:00")
    desk.ok("grocer", desk.issue("anna", 60))
    desk.ok("pharmacy", desk.hold("anna", "pharmacy", 50))

    rejected = desk.say("grocer", desk.issue("bert", 41))[0]
    assert facts(rejected) == {"outstanding": "60", "asked": "41", "limit": "100"}
    assert desk.why("grocer", desk.issue("bert", 40)) == "accepted"
    assert desk.why("grocer", desk.issue("bert", 1)) == "OUTSTANDING_LIMIT"
    redeemed = desk.redeem("bert", "pharmacy", 40)
    desk.ok("pharmacy", redeemed)
    assert desk.why("grocer", desk.issue("anna", 40)) == "accepted"
    assert desk.why("pharmacy", desk.reverse(redeemed, 40)) == "accepted"


def test_points_that_repay_arrears_are_not_outstanding(desk: Desk) -> None:
    """An issue that only pays back what is owed fits under a cap that is reached."""
    issued = desk.issue("anna", 60)
    desk.ok("grocer", issued)
    desk.ok("pharmacy", desk.redeem("anna", "pharmacy", 60))
    desk.ok("grocer", desk.reverse(issued, 60))
    desk.ok("operator", desk.terms("grocer", "2024-01-17", outstanding_points_max=100))
    desk.at("2024-01-17 00:00")
    desk.ok("grocer", desk.issue("bert", 100))

    assert desk.why("grocer", desk.issue("anna", 61)) == "OUTSTANDING_LIMIT"
    assert desk.why("grocer", desk.issue("anna", 60)) == "accepted"
    assert desk.arrears("anna") == {}


def test_nobody_counts_more_than_the_most() -> None:
    """The largest issues and corrections, again and again, end at the cap with a reason, not with an overflow."""
    desk = Desk(transaction_points_max=POINTS_MAX, redeem_points_per_day_max=0)
    full = OUTSTANDING_MAX // POINTS_MAX
    held = desk.state.holders.get("anna")
    assert held is not None
    desk.ok("grocer", *(desk.issue("anna", POINTS_MAX) for _ in range(100)))
    # The rest of the way in one step; a million transactions would take a minute.
    _pour(desk, "anna", "grocer", (full - 100 - 1) * POINTS_MAX)

    assert desk.why("grocer", desk.issue("anna", POINTS_MAX)) == "accepted"
    assert desk.balance("anna") == (OUTSTANDING_MAX, 0)
    assert desk.why("grocer", desk.issue("anna", 1)) == "OUTSTANDING_LIMIT"
    assert desk.why("butcher", desk.issue("anna", 1)) == "OUTSTANDING_LIMIT"
    assert desk.why("operator", desk.adjust("anna", "grocer", 1), keys=TWO) == "OUTSTANDING_LIMIT"
    assert desk.why("grocer", desk.issue("bert", 1)) == "OUTSTANDING_LIMIT"
    assert desk.why("butcher", desk.issue("bert", 1)) == "accepted"
    assert desk.why("grocer", desk.transfer("bert", "anna", "grocer", 1)) == "OUTSTANDING_LIMIT"


def test_a_pledge_counts_without_overflowing() -> None:
    """What a whole life of the largest issues accrues still fits, and never gives more than the pledge's cap."""
    desk = Desk(transaction_points_max=POINTS_MAX)
    desk.ok("grocer", desk.pledge("anna", 10_000))
    pledge = (desk.state.pledges.get("anna") or ())[0]
    desk.state.pledges.put("anna", (pledge._replace(accrued_bps=ACCRUED_BPS_MAX - 1),))

    desk.ok("grocer", desk.issue("anna", POINTS_MAX))

    after = (desk.state.pledges.get("anna") or ())[0]
    assert (after.accrued_bps, after.due_points) == (ACCRUED_BPS_MAX, 5_000)
    assert desk.why("hub", _gift(desk, pledge.pledge_id, 5_001)) == "PLEDGE_EXCEEDED"
    assert desk.why("hub", _gift(desk, pledge.pledge_id, 5_000)) == "accepted"


def _gift(desk: Desk, pledge_id: bytes, points: int) -> pb.Transaction:
    return desk.transaction(donate=pb.Donate(holder_id="anna", fund_id=FUND, points=points, pledge_id=pledge_id))


def _pour(desk: Desk, holder_id: str, issuer: str, points: int) -> None:
    """As if the issuer had issued so many points more to a holder that has some."""
    state = desk.state
    holder, totals = state.holders.get(holder_id), state.totals.get(issuer)
    lot = (state.lots.get(holder_id) or ())[0]
    assert holder is not None
    assert totals is not None
    state.holders.put(holder_id, holder._replace(points=holder.points + points))
    state.lots.put(holder_id, (lot._replace(points=lot.points + points),))
    state.totals.put(issuer, totals._replace(issued=totals.issued + points, in_lots=totals.in_lots + points))
