"""Days begin and end where the network's time zone says; expiry, availability and ends are exact to the microsecond."""

from __future__ import annotations

import pytest

from tests.network.ledger.desk import Desk, parts
from tests.network.town import DAY_US


@pytest.mark.parametrize(
    ("zone", "winter"),
    [("Europe/Berlin", 3_600), ("America/New_York", -18_000), ("Asia/Kathmandu", 20_700), ("UTC", 0)],
)
def test_points_can_be_spent_to_the_last_microsecond(zone: str, winter: int) -> None:
    """Points of January with one month to spend them end with the last day of February, in local time."""
    desk = Desk(zone)
    desk.ok("grocer", desk.issue("anna", 10))
    desk.at("2024-02-29 23:59:59.999998")
    assert desk.now_us == (1_709_251_200 - winter) * 1_000_000 - 2

    assert desk.why("pharmacy", desk.redeem("anna", "pharmacy", 1), desk.redeem("anna", "pharmacy", 1)) == "accepted"
    assert desk.why("pharmacy", desk.redeem("anna", "pharmacy", 1)) == "INSUFFICIENT_POINTS"


def test_points_expire_in_the_middle_of_an_envelope(desk: Desk) -> None:
    """Each transaction has its own commit time, so midnight may pass between two of them."""
    desk.ok("grocer", desk.issue("anna", 10))
    desk.at("2024-02-29 23:59:59.999999")

    first, second = desk.say("pharmacy", desk.redeem("anna", "pharmacy", 1), desk.redeem("anna", "pharmacy", 1))

    assert not first.reason
    assert second.reason
    assert second.committed_us == first.committed_us + 1


def test_summer_time_ends_a_day_an_hour_earlier() -> None:
    """The night in which clocks go forward has its midnight where the clock on the wall has it."""
    desk = Desk()
    desk.at("2024-02-10 12:00")
    desk.ok("grocer", desk.issue("anna", 10))
    desk.at("2024-03-31 23:59:59.999999")
    assert desk.now_us == 1_711_922_400 * 1_000_000 - 1

    assert desk.why("pharmacy", desk.redeem("anna", "pharmacy", 1)) == "accepted"
    assert desk.why("pharmacy", desk.redeem("anna", "pharmacy", 1)) == "INSUFFICIENT_POINTS"


def test_a_day_without_midnight_begins_when_it_begins() -> None:
    """In a zone that skips midnight, the last moment of the day before is the one before the jump."""
    desk = Desk("America/Santiago", expiry_months=12)
    desk.at("2024-07-10 12:00")
    # On 8 September 2024 the clock goes from 23:59:59 on the 7th to 01:00.
    desk.ok("grocer", desk.issue("anna", 10, available_on="2024-09-08"))
    desk.now_us = 1_725_768_000 * 1_000_000 - 1

    assert desk.why("pharmacy", desk.redeem("anna", "pharmacy", 1)) == "INSUFFICIENT_POINTS"
    assert desk.why("pharmacy", desk.redeem("anna", "pharmacy", 1)) == "accepted"


def test_expired_points_are_worthless_before_they_are_swept(desk: Desk) -> None:
    """No sweep is needed for points to be out of the balance, and a sweep changes nothing of what is available."""
    desk.ok("grocer", desk.issue("anna", 10))
    desk.at("2024-03-01 00:00")

    rejected = desk.say("pharmacy", desk.redeem("anna", "pharmacy", 1))[0]
    assert {fact.name: fact.value for fact in rejected.facts}["available"] == "0"
    assert desk.balance("anna") == (10, 0)

    swept = desk.ok("hub", desk.expire("2024-02-29", "anna"))
    assert parts(swept) == [("grocer", "2024-02-29", 10)]
    assert desk.balance("anna") == (0, 0)


def test_points_are_swept_only_when_their_last_day_is_over(desk: Desk) -> None:
    """A sweep on the last day itself is not due, one microsecond later it is."""
    desk.ok("grocer", desk.issue("anna", 10))
    desk.at("2024-02-29 23:59:59.999999")

    assert desk.why("hub", desk.expire("2024-02-29", "anna")) == "NOT_DUE"
    assert desk.why("hub", desk.expire("2024-02-29", "anna")) == "accepted"


def test_pending_points_become_available_with_their_day(desk: Desk) -> None:
    """Points with a first day are pending until it begins, and then one with those that were available already."""
    desk.ok("grocer", desk.issue("anna", 5))
    pending = desk.ok("grocer", desk.issue("anna", 10, available_on="2024-01-12"))
    assert (pending.balance.available_points, pending.balance.pending_points) == (5, 10)

    desk.at("2024-01-11 23:59:59.999999")
    assert desk.why("pharmacy", desk.redeem("anna", "pharmacy", 6)) == "INSUFFICIENT_POINTS"
    spent = desk.ok("pharmacy", desk.redeem("anna", "pharmacy", 6))

    assert parts(spent) == [("grocer", "2024-02-29", 6)]
    assert desk.lots("anna") == [("grocer", "2024-02-29", "", 9)]


def test_a_first_day_that_has_come_means_at_once(desk: Desk) -> None:
    """Today or an earlier day as the first day makes no pending lot."""
    desk.ok(
        "grocer", desk.issue("anna", 1, available_on="2024-01-10"), desk.issue("anna", 1, available_on="2023-12-01")
    )

    assert desk.lots("anna") == [("grocer", "2024-02-29", "", 2)]


def test_points_cannot_expire_before_they_are_available(desk: Desk) -> None:
    """A first day after the last day is rejected; the last day itself is allowed."""
    assert desk.why("grocer", desk.issue("anna", 1, available_on="2024-03-01")) == "DATE_INVALID"
    assert desk.why("grocer", desk.issue("anna", 1, available_on="2024-02-29")) == "accepted"


def test_expiry_follows_policy() -> None:
    """Without a number of months points never expire; with one they last to the end of that month."""
    forever, year = Desk(expiry_months=0), Desk(expiry_months=12)
    forever.ok("grocer", forever.issue("anna", 1))
    year.ok("grocer", year.issue("anna", 1))

    assert forever.lots("anna") == [("grocer", "9999-12-31", "", 1)]
    assert year.lots("anna") == [("grocer", "2025-01-31", "", 1)]


def test_the_clock_may_stand_still_or_step_back(desk: Desk) -> None:
    """Commit times increase by at least a microsecond, whatever the hub's clock says."""
    first = desk.ok("grocer", desk.issue("anna", 1), desk.issue("anna", 1))
    desk.now_us -= DAY_US // 2
    second = desk.ok("grocer", desk.issue("anna", 1))

    assert second.committed_us == first.committed_us + 1
