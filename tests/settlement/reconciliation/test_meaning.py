"""What each kind of difference means, case by case; the table in docs/settlement.md says the same in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from coalition.v1 import settlement_reconciliation_pb2 as pb
from partner_sdk.settlement import NegativePoints
from tests.settlement.reconciliation.comparison import (
    BALANCE,
    BEGIN_US,
    FULL,
    MINUTE_US,
    REFUNDS,
    Ledger,
    compare,
    row,
)

NO_IDS = replace(FULL, id=None)
NO_TIMES = replace(FULL, id=None, time=None)


def test_what_agrees_is_not_reported() -> None:
    """Same id, kind and points: whatever the reference and time, for an id is an id."""
    ledger = Ledger()
    ledger.add("issue", 10, "R1")
    ledger.add("redeem", 5, "R2")
    ledger.add("donate", 7)
    compared = compare(ledger, [row(10, 1, "EARN", "x", minute=900), row(5, 2, "burn"), row(7, 3, "gift")], FULL)
    assert compared.found == []
    assert compared.agreement.by_id == compared.agreement.entries == 3


def test_missing_on_either_side() -> None:
    """A row without an entry, an entry without a row."""
    ledger = Ledger()
    ledger.add("issue", 10)
    compared = compare(ledger, [row(20, 77, "earn")], FULL)
    assert compared.found == [("MISSING_AT_HUB", 2, 0), ("MISSING_AT_PARTNER", 0, 1)]
    hub, partner = compared.differences
    assert hub.correction.action == pb.CORRECTION_ACTION_RESEND
    assert "again, with the same id" in hub.correction.text
    assert (partner.correction.action, partner.entry_points) == (pb.CORRECTION_ACTION_CORRECT_BOOKS, 10)


def test_amounts_and_kinds_that_differ() -> None:
    """Other points, or points that go the other way, under one id."""
    ledger = Ledger()
    ledger.add("issue", 10)
    ledger.add("redeem", 10)
    ledger.add("issue", 30)
    compared = compare(ledger, [row(12, 1, "earn"), row(10, 2, "earn"), row(25, 3, "earn")], FULL)
    assert compared.found == [("AMOUNT_DIFFERS", 2, 1), ("AMOUNT_DIFFERS", 3, 2), ("AMOUNT_DIFFERS", 4, 3)]
    less, kind, more = compared.differences
    assert (less.correction.action, less.correction.points) == (pb.CORRECTION_ACTION_CORRECT_BOOKS, 2)
    assert "of another kind" in kind.explanation
    assert (more.correction.action, more.correction.points) == (pb.CORRECTION_ACTION_REVERSE_AT_HUB, 5)


def test_duplicates_in_the_file() -> None:
    """The same id twice, known to the journal or not; and without ids the same reference, points and time."""
    ledger = Ledger()
    ledger.add("issue", 10, "R1")
    ledger.add("issue", 20, "R2")
    rows = [
        *[row(10, 1, "earn", "R1")] * 2,
        row(20, None, "earn", "R2", minute=2),
        row(20, None, "earn", "R2", minute=3),
        *[row(9, 77, "earn")] * 2,
    ]
    compared = compare(ledger, rows, FULL)
    assert compared.found == [("DUPLICATE", 3, 1), ("DUPLICATE", 5, 2), ("MISSING_AT_HUB", 6, 0), ("DUPLICATE", 7, 0)]
    assert [item.other_row for item in compared.differences] == [2, 4, 0, 6]


def test_another_id_is_another_thing() -> None:
    """Two sales on one receipt, one of which never arrived: it is missing at the hub, and repeats nothing."""
    ledger = Ledger()
    ledger.add("issue", 10, "R1")
    rows = [row(10, 1, "earn", "R1", 1), row(10, 77, "earn", "R1", 1.5), row(10, None, "earn", "R1", 2)]
    compared = compare(ledger, rows, FULL)
    assert compared.found == [("MISSING_AT_HUB", 3, 0), ("DUPLICATE", 4, 1)]
    assert compared.differences[0].correction.action == pb.CORRECTION_ACTION_RESEND


def test_the_same_id_twice_elsewhere() -> None:
    """In whichever order: the row of the same points is the entry, the other repeats it."""
    ledger = Ledger()
    ledger.add("issue", 10, window=2)
    rows = [row(12, 1, "earn"), row(10, 1, "earn", minute=1)]
    assert compare(ledger, rows, FULL).found == [("DUPLICATE", 2, 1), ("IN_ANOTHER_WINDOW", 3, 1)]


def test_duplicates_in_the_journal() -> None:
    """Two transactions for one reference of the file: sent again under a new id, even hours later."""
    ledger = Ledger()
    ledger.add("issue", 10, "R1")
    ledger.add("issue", 10, "R1", minute=500)
    compared = compare(ledger, [row(10, 1, "earn", "R1", minute=1)], FULL)
    assert compared.found == [("DUPLICATE", 2, 2)]
    assert compared.differences[0].other_sequence == 1
    assert compared.differences[0].correction.action == pb.CORRECTION_ACTION_REVERSE_AT_HUB


def test_as_often_here_as_there_is_no_duplicate() -> None:
    """Two rows and two entries of one reference and points are two things."""
    ledger = Ledger()
    ledger.add("issue", 10, "R1", minute=1)
    ledger.add("issue", 10, "R1", minute=2)
    rows = [row(10, None, "earn", "R1", minute=1), row(10, None, "earn", "R1", minute=2)]
    compared = compare(ledger, rows, NO_IDS)
    assert (compared.found, compared.agreement.by_reference) == ([], 2)


def test_one_that_is_missing_shifts_no_others() -> None:
    """Rows of one reference and points are told by their times: a row that is not there is the only finding."""
    ledger = Ledger()
    for second in (0, 100, 200):
        ledger.add("issue", 10, "R1", minute=second / 60)
    rows = [row(10, None, "earn", "R1", minute=second / 60) for second in (130, 230)]
    compared = compare(ledger, rows, NO_IDS)
    assert (compared.found, compared.agreement.by_reference) == ([("MISSING_AT_PARTNER", 0, 1)], 2)


def test_what_was_done_is_paired_first() -> None:
    """A try that was declined at the till comes before the one that was not; the entry is the latter's."""
    ledger = Ledger()
    ledger.add("issue", 10, "R1", minute=1)
    rows = [row(10, None, "earn", "R1", minute=0.5, status="no"), row(10, None, "earn", "R1", minute=1.5)]
    compared = compare(ledger, rows, NO_IDS)
    assert (compared.found, compared.agreement.by_reference, compared.agreement.declined) == ([], 1, 1)


def test_a_try_again_with_the_same_id_is_one_thing() -> None:
    """A log has the attempt that failed and the one that did not; what was done counts."""
    ledger = Ledger()
    ledger.add("issue", 10)
    rows = [row(10, 1, "earn", status="wait"), row(10, 1, "earn", status="no"), row(10, 1, "earn")]
    compared = compare(ledger, rows, FULL)
    assert (compared.found, compared.agreement.by_id, compared.agreement.left_out) == ([], 1, 2)


def test_another_window() -> None:
    """By id, by reference, and by the id of what is reversed: late at night the entry joined the next window."""
    ledger = Ledger()
    ledger.add("issue", 10, "R1", window=2)
    ledger.add("issue", 20, "R2", window=2)
    ledger.add("issue", 30, "R3")
    ledger.add("reverse", 30, "R4", window=2, about=3)
    rows = [row(10, 1, "earn"), row(20, None, "earn", "R2", minute=2), row(30, 3, "earn"), row(30, 3, "refund")]
    compared = compare(ledger, rows, FULL)
    assert compared.found == [("IN_ANOTHER_WINDOW", 2, 1), ("IN_ANOTHER_WINDOW", 3, 2), ("IN_ANOTHER_WINDOW", 5, 4)]
    assert {item.window for item in compared.differences} == {2}
    assert compared.differences[0].correction.action == pb.CORRECTION_ACTION_MOVE_PERIOD


def test_reversed_wholly_and_in_part() -> None:
    """The file counts as final what the journal reverses; each reversal is told."""
    ledger = Ledger()
    ledger.add("issue", 10)
    ledger.add("reverse", 4, about=1)
    ledger.add("reverse", 6, about=1)
    compared = compare(ledger, [row(10, 1, "earn")], FULL)
    assert compared.found == [("REVERSED", 2, 2), ("REVERSED", 2, 3)]
    assert [item.other_sequence for item in compared.differences] == [1, 1]
    assert compared.agreement.by_id == 1


def test_reversals_of_later_windows_are_not_this_one_s() -> None:
    """What is reversed next month is next month's business."""
    ledger = Ledger()
    ledger.add("issue", 10)
    ledger.add("reverse", 10, window=2, about=1)
    assert compare(ledger, [row(10, 1, "earn")], FULL).found == []


def test_a_refund_is_the_journal_s_reversal() -> None:
    """By its own id, by that of what it refunds, as a negative row, by either reference, or by points and time."""
    ledger, rows = Ledger(), []
    for place in range(6):
        points = 10 * (place + 1)
        issued = ledger.add("issue", points, f"R{place}")
        reversal = ledger.add("reverse", points - 1, f"V{place}" if place < 5 else "", about=issued)
        rows.append(row(points, issued, "earn", f"R{place}"))
        minute = reversal
        rows.append(
            (
                row(points - 1, reversal, "refund"),
                row(points - 1, issued, "refund"),
                row(1 - points, issued, "earn"),
                row(1 - points, None, "earn", f"V{place}", minute),
                row(points - 1, None, "refund", f"R{place}", minute),
                row(points - 1, None, "refund", minute=minute),
            )[place]
        )
    compared = compare(ledger, rows, FULL)
    assert compared.found == []
    agreement = compared.agreement
    assert (agreement.by_id, agreement.by_reference, agreement.by_time) == (9, 2, 1)


def test_who_books_net_agrees() -> None:
    """A row of what is left after refunds, and a sale declined at the till that was reversed for that."""
    ledger = Ledger()
    ledger.add("issue", 10)
    ledger.add("reverse", 4, about=1)
    ledger.add("issue", 20)
    ledger.add("reverse", 20, about=3)
    compared = compare(ledger, [row(6, 1, "earn"), row(20, 3, "earn", status="no")], FULL)
    assert (compared.found, compared.agreement.by_id) == ([], 2)


def test_refunds_that_the_journal_lacks() -> None:
    """One too many, and one of other points."""
    ledger = Ledger()
    ledger.add("issue", 10)
    ledger.add("redeem", 30)
    ledger.add("reverse", 3, about=2)
    rows = [row(10, 1, "earn"), row(10, 1, "refund"), row(30, 2, "burn"), row(5, 2, "refund")]
    compared = compare(ledger, rows, FULL)
    assert compared.found == [("MISSING_AT_HUB", 3, 0), ("AMOUNT_DIFFERS", 5, 3)]
    assert compared.differences[0].correction.action == pb.CORRECTION_ACTION_REVERSE_AT_HUB


def test_a_reversal_of_what_the_file_lacks_is_missing_as_well() -> None:
    """Neither of the two is in the file, so neither is final there."""
    ledger = Ledger()
    ledger.add("issue", 10)
    ledger.add("reverse", 10, about=1)
    assert compare(ledger, [], FULL).found == [("MISSING_AT_PARTNER", 0, 1), ("MISSING_AT_PARTNER", 0, 2)]


def test_declined_there_and_here() -> None:
    """Rejected by the journal and done for the file; accepted by the journal and declined for the file."""
    ledger = Ledger()
    ledger.add("redeem", 10, "R1", accepted=False)
    ledger.add("redeem", 20)
    ledger.add("redeem", 30, accepted=False)
    ledger.add("redeem", 40, "R4", accepted=False)
    rows = [
        row(10, 1, "burn"),
        row(20, 2, "burn", status="no"),
        row(30, 3, "burn", status="no"),
        row(40, None, "burn", "R4", minute=4),
        row(50, 77, "burn", status="no"),
    ]
    compared = compare(ledger, rows, FULL)
    assert compared.found == [("DECLINED", 2, 1), ("MISSING_AT_PARTNER", 3, 2), ("DECLINED", 5, 4)]
    assert compared.differences[0].reason == "INSUFFICIENT_POINTS"
    assert "INSUFFICIENT_POINTS" in compared.differences[0].explanation
    assert compared.agreement.declined == 2


def test_rejected_first_and_accepted_then_is_accepted() -> None:
    """Of two entries of one reference the accepted one is the row's; the rejected one needs no row."""
    ledger = Ledger()
    ledger.add("redeem", 10, "R1", accepted=False)
    ledger.add("redeem", 10, "R1")
    assert compare(ledger, [row(10, None, "burn", "R1", minute=1)], NO_IDS).found == []


def test_in_doubt() -> None:
    """Pending rows, known or not; open holds, with a row or without; not those that ended, even in a later window."""
    ledger = Ledger()
    ledger.add("redeem", 10)
    ledger.add("redeem", 20, accepted=False)
    ledger.add("hold", 30, "H3")
    ledger.add("hold", 40)
    ledger.add("hold", 50)
    ledger.add("capture", 50, about=5)
    ledger.add("hold", 60)
    ledger.add("release", 60, about=7, author="hub", window=2)
    ledger.add("hold", 70)
    rows = [
        row(10, 1, "burn", status="wait"),
        row(20, 2, "burn", status="wait"),
        row(99, 77, "burn", status="wait"),
        row(30, None, "burn", "H3", minute=3),
        row(50, 5, "burn"),
        row(70, 9, "auth"),
    ]
    compared = compare(ledger, rows, FULL)
    assert compared.found == [
        ("IN_DOUBT", 2, 1),
        ("IN_DOUBT", 3, 2),
        ("IN_DOUBT", 4, 0),
        ("IN_DOUBT", 5, 3),
        ("IN_DOUBT", 7, 9),
        ("IN_DOUBT", 0, 4),
        ("MISSING_AT_PARTNER", 0, 5),
        ("MISSING_AT_PARTNER", 0, 7),
    ]
    waits = [item.correction.action for item in compared.differences if item.sequence in (3, 4, 9)]
    assert waits == [pb.CORRECTION_ACTION_WAIT_FOR_HOLD] * 3


def test_holds_are_expected_only_of_who_keeps_them() -> None:
    """Holds move nothing; a file without a word for them does not lack them."""
    ledger = Ledger()
    ledger.add("hold", 50)
    ledger.add("capture", 40, about=1)
    ledger.add("hold", 60)
    ledger.add("release", 60, about=3)
    without = replace(FULL, kinds={word: kind for word, kind in FULL.kinds.items() if word != "auth"})
    assert compare(ledger, [row(40, 2, "burn")], without).found == []


def test_a_hold_that_is_booked_as_redeemed() -> None:
    """It is its capture, wherever that is; and when it was let go nothing was redeemed."""
    ledger = Ledger()
    ledger.add("hold", 50)
    ledger.add("capture", 40, about=1)
    ledger.add("hold", 60)
    ledger.add("release", 60, about=3)
    ledger.add("hold", 70)
    ledger.add("capture", 70, about=5, window=2)
    without = replace(FULL, kinds={word: kind for word, kind in FULL.kinds.items() if word != "auth"})
    compared = compare(ledger, [row(50, 1, "burn"), row(60, 3, "burn"), row(70, 5, "burn")], without)
    assert compared.found == [("AMOUNT_DIFFERS", 2, 2), ("REVERSED", 3, 3), ("IN_ANOTHER_WINDOW", 4, 6)]
    assert compared.differences[1].other_sequence == 4


def test_a_hold_beside_its_capture() -> None:
    """A sale that is booked when it is authorised and when it is captured is there twice."""
    ledger = Ledger()
    ledger.add("hold", 50)
    ledger.add("capture", 50, about=1)
    without = replace(FULL, kinds={word: kind for word, kind in FULL.kinds.items() if word != "auth"})
    compared = compare(ledger, [row(50, 1, "burn"), row(50, 2, "burn")], without)
    assert compared.found == [("DUPLICATE", 2, 1)]
    (twice,) = compared.differences
    assert (twice.other_row, twice.other_sequence) == (3, 2)
    assert "without being captured" not in twice.explanation


def test_nobody_else_captures_a_hold() -> None:
    """Ids are an author's own, so another's capture may name the same id for a hold of theirs."""
    ledger = Ledger()
    ledger.add("hold", 50)
    ledger.add("capture", 50, about=1, author="florist")
    assert compare(ledger, [row(50, 1, "auth")], FULL).found == [("IN_DOUBT", 2, 1)]


def test_nothing_is_guessed_between_candidates() -> None:
    """Two entries of the same points at about the time, or two rows for one entry: none is taken, and that is told."""
    ledger = Ledger()
    ledger.add("issue", 10, minute=1)
    ledger.add("issue", 10, minute=2)
    ledger.add("issue", 20, minute=100)
    rows = [row(10, None, "earn", minute=1), row(20, None, "earn", minute=100), row(20, None, "earn", minute=101)]
    compared = compare(ledger, rows, NO_IDS)
    assert sorted(compared.found) == [
        ("MISSING_AT_HUB", 2, 0),
        ("MISSING_AT_HUB", 3, 0),
        ("MISSING_AT_HUB", 4, 0),
        *(("MISSING_AT_PARTNER", 0, sequence) for sequence in (1, 2, 3)),
    ]
    assert "could be any of 2 entries" in compared.differences[0].explanation


def test_another_window_makes_nothing_clear() -> None:
    """A row that two entries of the windows asked about could be is not taken for one of another window."""
    ledger = Ledger()
    ledger.add("issue", 10, minute=1)
    ledger.add("issue", 10, minute=2)
    ledger.add("issue", 10, minute=1, window=2)
    compared = compare(ledger, [row(10, None, "earn", minute=1)], NO_IDS)
    assert sorted(compared.found) == [
        ("MISSING_AT_HUB", 2, 0),
        ("MISSING_AT_PARTNER", 0, 1),
        ("MISSING_AT_PARTNER", 0, 2),
    ]


def test_points_and_time_suffice_where_nothing_else_fits() -> None:
    """One entry of these points within the tolerance; a row that has a reference or an id means that one only."""
    ledger = Ledger()
    ledger.add("issue", 10, minute=1)
    ledger.add("issue", 20, "R2", minute=2)
    ledger.add("issue", 30, "R3", minute=3)
    rows = [
        row(10, None, "earn", minute=2.5),
        row(20, None, "earn", "other", minute=2),
        row(30, 77, "earn", minute=3),
    ]
    compared = compare(ledger, rows, FULL)
    assert sorted(compared.found) == [
        ("MISSING_AT_HUB", 3, 0),
        ("MISSING_AT_HUB", 4, 0),
        ("MISSING_AT_PARTNER", 0, 2),
        ("MISSING_AT_PARTNER", 0, 3),
    ]
    assert compared.agreement.by_time == 1


def test_an_unknown_id_may_still_be_told_by_its_reference() -> None:
    """Reference, points and time agree, so it is the same, and sending it again would book it twice."""
    ledger = Ledger()
    ledger.add("issue", 10, "R1")
    compared = compare(ledger, [row(10, 77, "earn", "R1", minute=1)], FULL)
    assert (compared.found, compared.agreement.by_reference) == ([], 1)


def test_the_tolerance_is_kept_to_the_microsecond() -> None:
    """Two minutes apart is the same time, a microsecond more is not; and then it is told where it might be."""
    ledger = Ledger()
    ledger.add("issue", 10, "R1", committed_us=BEGIN_US + 2 * MINUTE_US)
    ledger.add("issue", 20, "R2", committed_us=BEGIN_US + 2 * MINUTE_US + 1)
    compared = compare(ledger, [row(10, None, "earn", "R1"), row(20, None, "earn", "R2")], NO_IDS)
    assert compared.found == [("MISSING_AT_HUB", 3, 0), ("MISSING_AT_PARTNER", 0, 2)]
    assert "entry 2 has the same reference and points at another" in compared.differences[0].explanation


@pytest.mark.parametrize(
    ("time_format", "days"),
    [
        ("iso", ("2026-10-24", "2026-10-25")),
        ("iso", ("2026-10-24 00:00:00", "2026-10-25 00:00:00")),
        ("excel", ("46319", "46320")),
        ("%d.%m.%Y", ("24.10.2026", "25.10.2026")),
    ],
)
def test_days_are_whole(time_format: str, days: tuple[str, str]) -> None:
    """However they are written, an entry of their first minute or their last is of them; also where a day has 25 hours.
    What the mapping tolerates comes on top."""
    ledger, zone = Ledger(), ZoneInfo("Europe/Berlin")
    moments = [datetime(2026, 10, day, hour, 59, tzinfo=zone) for day, hour in ((24, 0), (24, 23), (25, 0), (25, 23))]
    moments.append(datetime(2026, 10, 26, 1, 30, tzinfo=zone))
    for points, moment in enumerate(moments, 1):
        ledger.add("issue", points, f"R{points}", committed_us=int(moment.timestamp()) * 1_000_000)
    rows = [
        {**row(points, None, "earn", f"R{points}"), "time": days[day]} for points, day in enumerate((0, 0, 1, 1, 1), 1)
    ]
    exact = replace(NO_IDS, time_format=time_format, time_zone="Europe/Berlin", tolerance_s=0)
    assert compare(ledger, rows, exact).found == [("MISSING_AT_HUB", 6, 0), ("MISSING_AT_PARTNER", 0, 5)]
    assert compare(ledger, rows, replace(exact, tolerance_s=7_200)).found == []


def test_without_times_references_are_enough() -> None:
    """Points and reference; of other points where the reference is there once."""
    ledger = Ledger()
    ledger.add("issue", 10, "R1")
    ledger.add("issue", 20, "R2")
    compared = compare(ledger, [row(10, None, "earn", "R1"), row(25, None, "earn", "R2")], NO_TIMES)
    assert compared.found == [("AMOUNT_DIFFERS", 3, 2)]


def test_kinds_may_be_unknown() -> None:
    """Without a column for kinds a negative row is a refund; or the sign is the member's balance."""
    ledger = Ledger()
    ledger.add("issue", 10, "R1")
    ledger.add("redeem", 20, "R2")
    ledger.add("reverse", 5, "R3", about=2)
    rows = [row(10, 1), row(20, 2), row(-5, None, "", "R3", minute=3)]
    assert compare(ledger, rows, REFUNDS).found == []
    rows = [row(10, 1), row(-20, 2), row(5, None, "", "R3", minute=3)]
    assert compare(ledger, rows, BALANCE).found == []
    rows = [row(10, 1), row(20, 2), row(5, 2)]
    assert compare(ledger, rows, BALANCE).found == [("AMOUNT_DIFFERS", 3, 2)]


def test_signs_may_mean_nothing() -> None:
    """Where what is redeemed is negative anyway, the kind says all."""
    ledger = Ledger()
    ledger.add("redeem", 20)
    ledger.add("reverse", 5, about=1)
    mapping = replace(FULL, negative=NegativePoints.IGNORE)
    assert compare(ledger, [row(-20, 1, "burn"), row(5, 2, "refund")], mapping).found == []


def test_what_moves_nothing_is_left_out() -> None:
    """Kinds that the mapping leaves out, purchases without points, and empty lines."""
    blank = dict.fromkeys(row(0), "")
    rows = [row(10, 1, "Expired"), row(0, 77, "earn"), blank, row(0, None, "earn", "R1")]
    compared = compare(Ledger(), rows, FULL)
    assert compared.found == []
    assert (compared.taken.rows, compared.taken.left_out, compared.agreement.left_out) == (3, 1, 2)


def test_others_entries_are_nobody_s_here() -> None:
    """Another party's transactions are neither missing nor matched, even under the same id."""
    ledger = Ledger()
    ledger.add("issue", 10, "R1", author="florist")
    assert compare(ledger, [row(10, 1, "earn", "R1", minute=1)], FULL).found == [("MISSING_AT_HUB", 2, 0)]


def test_reversals_of_earlier_windows() -> None:
    """The original is in a window before, and is looked up there: by its id and reference the refund is found."""
    ledger = Ledger()
    ledger.add("issue", 10, "R1", window=0)
    ledger.add("reverse", 4, about=1)
    ledger.add("reverse", 6, about=1)
    for mapping, sign in ((FULL, 1), (BALANCE, -1)):
        rows = [row(4 * sign, 1, "refund"), row(6 * sign, None, "refund", "R1", minute=3)]
        assert compare(ledger, rows, mapping).found == []
