"""Refunds: of a purchase, taking points back, and of a redemption, giving them back. Never more than the original."""

from __future__ import annotations

import pytest

from coalition.v1 import transaction_pb2 as pb
from tests.network.ledger.desk import Desk, facts, parts
from tests.network.town import DAY_US, key_of


def test_a_refund_is_partial_repeatable_and_bounded(desk: Desk) -> None:
    """Parts of it may be reversed one after the other, up to the whole, cumulatively inside an envelope too."""
    issued = desk.issue("anna", 100)
    desk.ok("grocer", issued)

    desk.ok("grocer", desk.reverse(issued, 40))
    outcomes = desk.say("grocer", desk.reverse(issued, 40), desk.reverse(issued, 40))

    assert [bool(outcome.reason) for outcome in outcomes] == [False, True]
    assert facts(outcomes[1]) == {"original": "100", "reversed": "80", "asked": "40"}
    assert desk.why("grocer", desk.reverse(issued, 20)) == "accepted"
    assert desk.why("grocer", desk.reverse(issued, 1)) == "REVERSAL_EXCEEDS_ORIGINAL"


def test_a_reversal_names_what_it_reverses(desk: Desk) -> None:
    """Its outcome has the kind, sequence and commit time of the original."""
    issued = desk.issue("anna", 100)
    original = desk.ok("grocer", issued)

    found = desk.ok("grocer", desk.reverse(issued, 40)).original

    assert found.kind == pb.TRANSACTION_KIND_ISSUE
    assert (found.sequence, found.committed_us) == (original.sequence, original.committed_us)


def test_only_the_author_reverses(desk: Desk) -> None:
    """Another party's transaction is unknown to it, and so is an id that nobody used."""
    issued = desk.issue("anna", 100)
    desk.ok("grocer", issued)

    assert desk.why("butcher", desk.reverse(issued, 1)) == "ORIGINAL_UNKNOWN"
    assert desk.why("grocer", desk.reverse(desk.issue("anna", 1), 1)) == "ORIGINAL_UNKNOWN"
    itself = desk.transaction(reverse=pb.Reverse(points=1))
    itself.reverse.original_id = itself.transaction_id
    assert desk.why("grocer", itself) == "ORIGINAL_UNKNOWN"


def test_what_was_rejected_or_moves_no_points_in_or_out_cannot_be_reversed(desk: Desk) -> None:
    """Donations, transfers, holds, reversals and everything that was rejected."""
    desk.ok("grocer", desk.issue("anna", 100))
    rejected = desk.redeem("anna", "grocer", 101)
    desk.say("grocer", rejected)
    reversal = desk.reverse(rejected, 1)
    desk.say("grocer", reversal)
    others = [
        desk.donate("anna", "grocer", 1),
        desk.transfer("anna", "bert", "grocer", 1),
        desk.hold("anna", "grocer", 1),
    ]
    desk.ok("grocer", *others, desk.enrol("cleo"))

    for original in (rejected, reversal, *others):
        assert desk.why("grocer", desk.reverse(original, 1)) == "NOT_REVERSIBLE"


def test_an_issue_is_reversed_in_its_own_envelope(desk: Desk) -> None:
    """What an envelope did can be undone by the same envelope."""
    issued = desk.issue("anna", 100)
    redeemed = desk.redeem("anna", "grocer", 100)

    desk.ok("grocer", issued, redeemed, desk.reverse(redeemed, 30), desk.reverse(issued, 100))

    assert desk.balance("anna") == (0, 0)
    assert desk.arrears("anna") == {"grocer": 70}


def test_a_shortfall_becomes_arrears_that_later_issues_repay(desk: Desk) -> None:
    """Only issues by the same issuer repay, before they fill a lot; the outcome says how much."""
    issued = desk.issue("anna", 100)
    desk.ok("grocer", issued)
    desk.ok("butcher", desk.issue("anna", 500))
    desk.ok("pharmacy", desk.redeem("anna", "pharmacy", 80))

    reversal = desk.ok("grocer", desk.reverse(issued, 100))
    assert (reversal.arrears_points, parts(reversal)) == (80, [("grocer", "2024-02-29", 20)])
    assert (reversal.balance.available_points, reversal.balance.arrears_points) == (500, 80)

    desk.ok("butcher", desk.issue("anna", 10))
    assert desk.arrears("anna") == {"grocer": 80}
    some = desk.ok("grocer", desk.issue("anna", 30))
    assert (some.arrears_points, parts(some)) == (30, [])
    rest = desk.ok("grocer", desk.issue("anna", 60, available_on="2024-01-20"))
    assert (rest.arrears_points, parts(rest)) == (50, [("grocer", "2024-02-29", 10)])
    assert desk.arrears("anna") == {}


def test_an_issue_that_repaid_arrears_can_be_reversed_too(desk: Desk) -> None:
    """What it repaid is owed again."""
    first, second = desk.issue("anna", 100), desk.issue("anna", 60)
    desk.ok("grocer", first)
    desk.ok("pharmacy", desk.redeem("anna", "pharmacy", 100))
    desk.ok("grocer", desk.reverse(first, 100), second)
    assert desk.arrears("anna") == {"grocer": 40}

    reversal = desk.ok("grocer", desk.reverse(second, 60))

    assert reversal.arrears_points == 60
    assert desk.arrears("anna") == {"grocer": 100}


def test_arrears_are_kept_for_each_issuer(desk: Desk) -> None:
    """A holder may owe several, and the balance shows the sum."""
    issues = {name: desk.issue("anna", 10) for name in ("pharmacy", "grocer")}
    for name, issued in issues.items():
        desk.ok(name, issued)
    desk.ok("butcher", desk.redeem("anna", "butcher", 20))

    for name, issued in issues.items():
        last = desk.ok(name, desk.reverse(issued, 10))

    assert desk.arrears("anna") == {"grocer": 10, "pharmacy": 10}
    assert last.balance.arrears_points == 20


def test_a_refund_takes_what_the_purchase_gave_first(desk: Desk) -> None:
    """Of the issuer's lots the one that was filled, then those that last longest; of no other issuer."""
    early = desk.issue("anna", 10)
    desk.ok("grocer", early)
    desk.at("2024-02-10 12:00")
    middle = desk.issue("anna", 20)
    desk.ok("grocer", middle)
    desk.ok("butcher", desk.issue("anna", 40))

    assert parts(desk.ok("grocer", desk.reverse(early, 4))) == [("grocer", "2024-02-29", 4)]
    desk.at("2024-03-10 12:00")
    desk.ok("grocer", desk.issue("anna", 50))
    both = desk.ok("grocer", desk.reverse(middle, 20))
    assert parts(both) == [("grocer", "2024-03-31", 20)]


@pytest.mark.parametrize("swept", [False, True])
def test_a_refund_finds_no_expired_points(swept: bool, desk: Desk) -> None:
    """What is past its date is gone whether or not the hub has swept: other lots pay, and then arrears."""
    early = desk.issue("anna", 10)
    desk.ok("grocer", early)
    desk.at("2024-03-10 12:00")
    desk.ok("grocer", desk.issue("anna", 3))
    if swept:
        desk.ok("hub", desk.expire("2024-03-09", "anna"))

    refund = desk.ok("grocer", desk.reverse(early, 10))

    assert parts(refund) == [("grocer", "2024-04-30", 3)]
    assert refund.arrears_points == 7


def test_a_refund_takes_pending_points_before_spendable_ones(desk: Desk) -> None:
    """Of those that expire when the refunded ones do."""
    issued = desk.issue("anna", 10)
    desk.ok("grocer", issued, desk.issue("anna", 6, available_on="2024-01-20"))

    left = desk.ok("grocer", desk.reverse(issued, 10)).balance

    assert (left.available_points, left.pending_points) == (6, 0)


def test_a_redemption_returns_to_its_lots_the_last_consumed_first(desk: Desk) -> None:
    """Issuer and expiry come back as they were, from the end of what was consumed."""
    desk.ok("grocer", desk.issue("anna", 10))
    desk.at("2024-02-10 12:00")
    desk.ok("butcher", desk.issue("anna", 10))
    desk.at("2024-02-11 12:00")
    redeemed = desk.redeem("anna", "pharmacy", 20)
    assert parts(desk.ok("pharmacy", redeemed)) == [("grocer", "2024-02-29", 10), ("butcher", "2024-03-31", 10)]

    assert parts(desk.ok("pharmacy", desk.reverse(redeemed, 4))) == [("butcher", "2024-03-31", 4)]
    back = desk.ok("pharmacy", desk.reverse(redeemed, 8))
    assert [(issuer, points) for issuer, _, points in parts(back)] == [("grocer", 2), ("butcher", 6)]
    assert desk.ok("pharmacy", desk.reverse(redeemed, 8)).balance.available_points == 20


@pytest.mark.parametrize(
    ("grace", "returned_on", "expires_on"),
    [
        # 2024-02-29 is 29 days after 31 January, and 30 days after the 30th.
        (30, "2024-01-30 23:59:59.999999", "2024-02-29"),
        (30, "2024-01-31 00:00", "2024-03-31"),
        (0, "2024-02-29 23:59:59.999999", "2024-02-29"),
        (0, "2024-03-01 00:00", "2024-03-31"),
        (60, "2024-03-15 12:00", "2024-05-31"),
    ],
)
def test_returned_points_have_time_to_be_spent(grace: int, returned_on: str, expires_on: str) -> None:
    """Those that would expire within the policy's grace last to the end of the month in which the grace ends."""
    desk = Desk(reversal_grace_days=grace)
    desk.ok("grocer", desk.issue("anna", 10))
    redeemed = desk.redeem("anna", "pharmacy", 10)
    desk.ok("pharmacy", redeemed)
    desk.at(returned_on)

    assert parts(desk.ok("pharmacy", desk.reverse(redeemed, 10))) == [("grocer", expires_on, 10)]


def test_points_that_never_expire_come_back_as_such(desk: Desk) -> None:
    """A fund's points have no expiry before a refund and none after it."""
    desk.ok("grocer", desk.issue("anna", 10))
    desk.ok("grocer", desk.donate("anna", "grocer", 10))
    consent = desk.consent_by(key_of("school"), "fund-garden", "pharmacy", 10)
    redeemed = desk.redeem_with(consent, "fund-garden", 10)
    desk.ok("pharmacy", redeemed)
    desk.now_us += 300 * DAY_US

    assert parts(desk.ok("pharmacy", desk.reverse(redeemed, 10))) == [("grocer", "9999-12-31", 10)]


def test_a_closed_account_takes_no_refund(desk: Desk) -> None:
    """Neither of a purchase nor of a redemption; both are rejected for the same reason."""
    issued, redeemed = desk.issue("anna", 10), desk.redeem("anna", "grocer", 10)
    close = desk.transaction(close=pb.Close(holder_id="anna", order=desk.order("anna", close=True)))
    desk.ok("grocer", issued, redeemed, close)

    assert desk.why("grocer", desk.reverse(issued, 1)) == "HOLDER_CLOSED"
    assert desk.why("grocer", desk.reverse(redeemed, 1)) == "HOLDER_CLOSED"
