"""Points are set aside once and resolved once: captured, released, or timed out."""

from __future__ import annotations

import pytest

from coalition.v1 import transaction_pb2 as pb
from tests.network.ledger.desk import Desk, facts, parts
from tests.network.town import CHARITY, DAY_US, FUND, POLICY, key_of


@pytest.fixture
def hold(desk: Desk) -> pb.Transaction:
    """Anna has 100 points; the pharmacy holds 30 of them for two days."""
    made = desk.hold("anna", "pharmacy", 30)
    desk.ok("grocer", desk.issue("anna", 100))
    desk.ok("pharmacy", made)
    return made


def test_held_points_cannot_be_spent(desk: Desk, hold: pb.Transaction) -> None:
    """What is set aside is out of the balance until it comes back."""
    assert desk.balance("anna") == (70, 30)
    assert desk.why("butcher", desk.redeem("anna", "butcher", 71)) == "INSUFFICIENT_POINTS"
    desk.ok("pharmacy", desk.release(hold, "pharmacy"))
    assert desk.why("butcher", desk.redeem("anna", "butcher", 100)) == "accepted"


def test_a_capture_takes_some_and_returns_the_rest(desk: Desk, hold: pb.Transaction) -> None:
    """The outcome names what was captured; the rest joins the lot that it came from."""
    captured = desk.ok("pharmacy", desk.capture(hold, 12))

    assert parts(captured) == [("grocer", "2024-02-29", 12)]
    assert desk.balance("anna") == (88, 0)
    assert desk.lots("anna") == [("grocer", "2024-02-29", "", 88)]


def test_a_capture_takes_no_more_than_is_held(desk: Desk, hold: pb.Transaction) -> None:
    """All of it, and not one point more."""
    assert facts(desk.say("pharmacy", desk.capture(hold, 31))[0]) == {"held": "30", "asked": "31"}
    assert desk.why("pharmacy", desk.capture(hold, 30)) == "accepted"


@pytest.mark.parametrize("first", ["capture", "release"])
@pytest.mark.parametrize("second", ["capture", "release"])
def test_a_hold_is_resolved_once(desk: Desk, hold: pb.Transaction, first: str, second: str) -> None:
    """After a capture, in part or whole, or a release, there is nothing left to resolve; also in the same envelope."""

    def resolve(how: str) -> pb.Transaction:
        return desk.capture(hold, 10) if how == "capture" else desk.release(hold, "pharmacy")

    assert desk.why("pharmacy", resolve(first), resolve(second)) == "HOLD_RESOLVED"
    assert desk.why("pharmacy", resolve(second)) == "HOLD_RESOLVED"


def test_only_who_holds_may_resolve(desk: Desk, hold: pb.Transaction) -> None:
    """For others there is no such hold, even when they name its acceptor; an unknown id is none either."""
    assert desk.why("butcher", desk.capture(hold, 1)) == "HOLD_UNKNOWN"
    assert desk.why("butcher", desk.release(hold, "butcher")) == "HOLD_UNKNOWN"
    assert desk.why("butcher", desk.release(hold, "pharmacy")) == "HOLD_UNKNOWN"
    assert desk.why("pharmacy", desk.release(hold, "butcher")) == "HOLD_UNKNOWN"
    assert desk.why("pharmacy", desk.capture(desk.issue("anna", 1), 1)) == "HOLD_UNKNOWN"


def test_a_hold_ends_at_its_moment(desk: Desk, hold: pb.Transaction) -> None:
    """Until the last microsecond it can be captured and the hub must leave it; from its end on it is the reverse."""
    other = desk.hold("anna", "pharmacy", 5)
    other.hold.expires_us = hold.hold.expires_us
    desk.ok("pharmacy", other)
    desk.now_us = hold.hold.expires_us - 2

    assert desk.why("hub", desk.release(hold, "pharmacy")) == "HOLD_NOT_EXPIRED"
    assert desk.why("pharmacy", desk.capture(hold, 1)) == "accepted"
    assert desk.why("pharmacy", desk.capture(other, 1)) == "HOLD_EXPIRED"
    assert desk.why("hub", desk.release(other, "pharmacy")) == "accepted"
    assert desk.balance("anna") == (99, 0)


def test_the_holder_of_a_hold_that_ended_may_still_give_it_back(desk: Desk, hold: pb.Transaction) -> None:
    """The acceptor releases when it likes, before the hub does so."""
    desk.now_us = hold.hold.expires_us + DAY_US

    assert desk.why("pharmacy", desk.release(hold, "pharmacy")) == "accepted"
    assert desk.why("hub", desk.release(hold, "pharmacy")) == "HOLD_RESOLVED"


def test_a_hold_lasts_as_long_as_policy_allows(desk: Desk) -> None:
    """It ends in the future, and no later than the longest lifetime after its commit."""
    desk.ok("grocer", desk.issue("anna", 100))
    longest_us = POLICY.hold_lifetime_max_s * 1_000_000

    def until(end_us: int) -> pb.Transaction:
        made = desk.hold("anna", "pharmacy", 1)
        made.hold.expires_us = end_us
        return made

    committed_us = desk.state.head.committed_us + 1
    assert desk.why("pharmacy", until(committed_us)) == "HOLD_LIFETIME"
    committed_us += 1
    assert desk.why("pharmacy", until(committed_us + longest_us + 1)) == "HOLD_LIFETIME"
    committed_us += 1
    assert desk.why("pharmacy", until(committed_us + longest_us)) == "accepted"
    committed_us += 1
    assert desk.why("pharmacy", until(committed_us + 1)) == "accepted"


def test_points_that_expire_while_held_can_still_be_captured(desk: Desk) -> None:
    """A hold is a promise to the acceptor; what it returns after its expiry is worthless to the holder."""
    desk.ok("grocer", desk.issue("anna", 100))
    desk.at("2024-02-29 23:00")
    hold = desk.hold("anna", "pharmacy", 30)
    desk.ok("pharmacy", hold)
    desk.at("2024-03-01 01:00")

    assert parts(desk.ok("pharmacy", desk.capture(hold, 10))) == [("grocer", "2024-02-29", 10)]
    assert desk.why("pharmacy", desk.redeem("anna", "pharmacy", 1)) == "INSUFFICIENT_POINTS"
    assert parts(desk.ok("hub", desk.expire("2024-02-29", "anna"))) == [("grocer", "2024-02-29", 90)]


def test_a_captured_hold_can_be_refunded(desk: Desk, hold: pb.Transaction) -> None:
    """A capture is a redemption: its author reverses it, up to what was captured; the hold itself is none."""
    capture = desk.capture(hold, 12)
    desk.ok("pharmacy", capture)

    assert desk.why("pharmacy", desk.reverse(hold, 1)) == "NOT_REVERSIBLE"
    assert desk.why("pharmacy", desk.reverse(capture, 13)) == "REVERSAL_EXCEEDS_ORIGINAL"
    assert desk.why("pharmacy", desk.reverse(capture, 12)) == "accepted"
    assert desk.balance("anna") == (100, 0)


def test_an_account_with_held_points_stays_open(desk: Desk) -> None:
    """It is not empty while somebody may still capture from it or give back to it."""
    desk.ok("grocer", desk.issue("anna", 30))
    hold = desk.hold("anna", "pharmacy", 30)
    desk.ok("pharmacy", hold)

    def close() -> pb.Transaction:
        return desk.transaction(close=pb.Close(holder_id="anna", order=desk.order("anna", close=True)))

    rejected = desk.say("grocer", close())[0]
    assert facts(rejected) == {"holder_id": "anna", "points": "0", "held": "30"}
    desk.ok("pharmacy", desk.capture(hold, 30))
    assert desk.why("grocer", close()) == "accepted"


def test_a_funds_points_can_be_held(desk: Desk) -> None:
    """With the consent of the charity."""
    desk.ok("grocer", desk.issue("anna", 100))
    desk.ok("grocer", desk.donate("anna", "grocer", 40))
    hold = desk.hold("anna", "pharmacy", 40)
    hold.hold.holder_id = FUND
    hold.hold.consent.CopyFrom(desk.consent_by(key_of(CHARITY), FUND, "pharmacy", 40))

    desk.ok("pharmacy", hold)
    assert parts(desk.ok("pharmacy", desk.capture(hold, 15))) == [("grocer", "9999-12-31", 15)]
    assert desk.balance(FUND) == (25, 0)
