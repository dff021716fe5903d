"""Which alerts follow from which facts, to the point and to the microsecond."""

from __future__ import annotations

from dataclasses import replace

import pytest

from coalition.clock import US_PER_S
from coalition.v1 import settlement_alerts_pb2 as pb
from settlement.alerts.alert import SEVERITIES, Alert, kind_name, severity_name
from settlement.alerts.rules import alerts_of
from settlement.alerts.sources import (
    AlertRules,
    Debts,
    DueWindow,
    Facts,
    Issuer,
    JournalHealth,
    OpenDifferences,
    OpenDispute,
    OverduePayment,
)
from settlement.disputes import dispute as states
from settlement.disputes.rules import DAY_US

NOW_US = 1_500_000_000_000_000
RULES = AlertRules()
ISSUER = Issuer("grocer", 0, outstanding_max=1_000, outstanding_alarm=800, prepaid_points=0, reorder_points=0)


def alerts(**facts: object) -> tuple[Alert, ...]:
    """What follows from these facts, now."""
    facts.setdefault("now_us", NOW_US)
    return alerts_of(Facts(**facts), RULES)  # type: ignore[arg-type]


def kinds(**facts: object) -> list[str]:
    """The names of the kinds of that."""
    return [kind_name(alert.about.kind) for alert in alerts(**facts)]


def test_nothing_is_the_matter_with_nothing() -> None:
    """Without facts there is no alert, and every kind has its severity."""
    assert alerts() == ()
    known = {number for number in pb.AlertKind.values() if number}
    assert set(SEVERITIES) == known
    assert {severity_name(severity) for severity in SEVERITIES.values()} == {"WARNING", "CRITICAL"}


@pytest.mark.parametrize(
    ("outstanding", "expected"),
    [
        (0, []),
        (799, []),
        (800, ["LIMIT_NEAR"]),
        (999, ["LIMIT_NEAR"]),
        (1_000, ["LIMIT_REACHED"]),
        (1_001, ["LIMIT_REACHED"]),
    ],
)
def test_limit_warns_first_and_then_is_reached(outstanding: int, expected: list[str]) -> None:
    """From the alarm on one alert, at the limit another in its place."""
    assert kinds(issuers=(replace(ISSUER, outstanding_points=outstanding),)) == expected


@pytest.mark.parametrize(
    ("outstanding", "refused", "expected"),
    [(970, 31, ["LIMIT_REACHED"]), (969, 31, ["LIMIT_NEAR"]), (1_000, 31, ["LIMIT_REACHED"]), (0, 0, [])],
)
def test_limit_is_reached_when_the_last_issue_was_refused(outstanding: int, refused: int, expected: list[str]) -> None:
    """However few points are left, as long as that issue would be refused now."""
    issuer = replace(ISSUER, outstanding_points=outstanding, refused_points=refused)
    assert kinds(issuers=(issuer,)) == expected
    assert kinds(issuers=(replace(issuer, outstanding_max=0, outstanding_alarm=0),)) == []


def test_issuer_without_limit_or_alarm_is_not_warned() -> None:
    """0 means none in terms."""
    assert kinds(issuers=(replace(ISSUER, outstanding_points=10**9, outstanding_max=0, outstanding_alarm=0),)) == []
    assert kinds(issuers=(replace(ISSUER, outstanding_points=999, outstanding_alarm=0),)) == []


@pytest.mark.parametrize(
    ("prepaid", "expected"), [(500, []), (499, ["PACK_LOW"]), (1, ["PACK_LOW"]), (0, ["PACK_EMPTY"])]
)
def test_pack_is_low_and_then_empty(prepaid: int, expected: list[str]) -> None:
    """Below what terms ask for one alert, with none left another in its place."""
    assert kinds(issuers=(replace(ISSUER, prepaid_points=prepaid, reorder_points=500),)) == expected


def test_concentration_is_over_the_share_exactly() -> None:
    """A party that owes 40 % is not over 40 %; one micro-unit more is. Nothing owed is nobody's."""

    def owed(**amounts: int) -> Debts:
        return Debts(3, NOW_US - 5, tuple(sorted(amounts.items())))

    assert kinds(debts=(owed(ash=400_000, birch=300_000, cedar=300_000),)) == []
    (alert,) = alerts(debts=(owed(ash=400_001, birch=300_000, cedar=299_999),))
    assert (kind_name(alert.about.kind), alert.about.party_id, alert.about.window) == ("CONCENTRATION", "ash", 3)
    assert "owes 40.00 % of all that is owed in window 3" in alert.text
    assert alert.since_us == NOW_US - 5
    assert kinds(debts=(owed(), owed(ash=0))) == []


DISPUTE = OpenDispute(
    "01890a5d-ac96-774b-bcce-b302099a8057",
    states.RAISED,
    window=2,
    raiser="florist",
    respondent="grocer",
    operator="operator",
    since_us=NOW_US,
    due_us=NOW_US + 10 * DAY_US,
    problem="",
)


@pytest.mark.parametrize(
    ("state", "party_id"),
    [
        (states.RAISED, "grocer"),
        (states.ANSWERED, "florist"),
        (states.REJECTED, "florist"),
        (states.ESCALATED, "operator"),
        (states.RULED, "operator"),
        (states.ACCEPTED, "operator"),
    ],
)
def test_dispute_warns_whose_turn_it_is(state: pb.AlertKind.ValueType, party_id: str) -> None:
    """Whoever has to do something is warned three days before, to the microsecond; to be late is another alert."""
    dispute = replace(DISPUTE, state=state)
    near_us = dispute.due_us - 3 * DAY_US
    assert kinds(disputes=(dispute,), now_us=near_us - 1) == []
    for now_us, kind, since_us in (
        (near_us, "DISPUTE_DUE", near_us),
        (dispute.due_us, "DISPUTE_DUE", near_us),
        (dispute.due_us + 1, "DISPUTE_LATE", dispute.due_us),
    ):
        (alert,) = alerts(disputes=(dispute,), now_us=now_us)
        assert (kind_name(alert.about.kind), alert.about.party_id, alert.since_us) == (kind, party_id, since_us)
        assert alert.about.subject_id == dispute.dispute_id


def test_short_deadline_is_near_from_the_beginning() -> None:
    """Where fewer days are left than the notice, the alert begins with the dispute's state and no sooner."""
    (alert,) = alerts(disputes=(replace(DISPUTE, due_us=NOW_US + DAY_US),))
    assert alert.since_us == NOW_US


def test_wrong_adjustment_is_the_operators_to_mend() -> None:
    """It is told with what is wrong, whatever the time."""
    (alert,) = alerts(disputes=(replace(DISPUTE, state=states.MISADJUSTED, due_us=0, problem="Too little."),))
    assert (kind_name(alert.about.kind), alert.about.party_id) == ("DISPUTE_LATE", "operator")
    assert alert.text.endswith(": Too little.")


def test_hub_that_is_away_shows_after_a_while() -> None:
    """120 s are borne; one microsecond more is told, since when the hub could not be read."""
    away = JournalHealth(sequence=9, unreadable_since_us=NOW_US - 120 * US_PER_S)
    assert kinds(journal=away) == []
    (alert,) = alerts(journal=away, now_us=NOW_US + 1)
    assert (kind_name(alert.about.kind), alert.since_us) == ("JOURNAL_BEHIND", away.unreadable_since_us)


def test_old_entries_show_that_the_service_is_behind() -> None:
    """Entries that are taken in long after they were committed are told, with how old they are."""
    assert kinds(journal=JournalHealth(behind_us=300 * US_PER_S)) == []
    (alert,) = alerts(journal=JournalHealth(behind_us=301 * US_PER_S))
    assert dict(alert.figures)["behind_s"] == 301


def test_wrong_journal_drowns_out_that_it_is_behind() -> None:
    """Once the journal is wrong nothing is behind any more: that is the one alert about it."""
    (alert,) = alerts(journal=JournalHealth(7, "Entry 8: nonsense.", unreadable_since_us=1))
    assert kind_name(alert.about.kind) == "JOURNAL_STOPPED"
    assert "Nothing after entry 7 is taken in" in alert.text


def test_window_that_should_be_closed() -> None:
    """Half an hour after it was due, a window that is open still is told."""
    due = DueWindow(4, NOW_US - 30 * 60 * US_PER_S)
    assert kinds(due_window=due) == []
    (alert,) = alerts(due_window=due, now_us=NOW_US + 1)
    assert (kind_name(alert.about.kind), alert.about.window, alert.since_us) == ("WINDOW_DUE", 4, due.due_us)


def test_payments_and_differences_are_told_one_by_one() -> None:
    """Each overdue payment is its payer's alert, each reconciliation with open differences its party's."""
    payment = OverduePayment(DISPUTE.dispute_id, "RF18X", "grocer", "florist", 250, "2017-07-01", NOW_US - 2 * DAY_US)
    found = alerts(
        overdue=(payment, replace(payment, reference="RF19Y")),
        differences=(OpenDifferences(DISPUTE.dispute_id, "florist", 3, NOW_US - 5),),
    )
    assert [(kind_name(alert.about.kind), alert.about.party_id, alert.about.subject_id) for alert in found] == [
        ("DIFFERENCES_OPEN", "florist", DISPUTE.dispute_id),
        ("PAYMENT_OVERDUE", "grocer", "RF18X"),
        ("PAYMENT_OVERDUE", "grocer", "RF19Y"),
    ]
    assert dict(found[1].figures) == {"unpaid_minor": 250, "late_days": 2}


def test_same_facts_give_the_same_alerts() -> None:
    """In the same order too, however the facts are ordered, and each about something of its own."""
    issuers = tuple(
        replace(ISSUER, party_id=name, outstanding_points=900, reorder_points=5) for name in ("b", "a", "c")
    )
    found = alerts(issuers=issuers, disputes=(replace(DISPUTE, due_us=NOW_US),))
    assert found == alerts(issuers=issuers[::-1], disputes=(replace(DISPUTE, due_us=NOW_US),))
    assert len({alert.about for alert in found}) == len(found) == 7
