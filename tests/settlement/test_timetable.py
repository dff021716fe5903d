"""What is due when, as the windows of the journal stand."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from coalition.errors import Refused, reason_name
from settlement.schedule.rule import Period, Schedule
from settlement.timetable import CLOSINGS_MAX, UNSETTLED_MAX, Timetable
from tests.settlement.office import Office

DAY_US = 86_400 * 1_000_000
#: At midnight in New York, where the office's network is.
DAILY = Schedule(Period.DAILY, 0, payment_days=1)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """A coalition of three that was founded at noon on 2 January 2017, a Monday."""
    office = Office(tmp_path)
    office.business(1_000_000)
    office.now_us = office.journal.now_us
    return office


def timetable(office: Office, schedule: Schedule | None = DAILY) -> Timetable:
    return Timetable(schedule, office.desk, office.intake, lambda: office.now_us)


def refusal(table: Timetable, closings: int = 0) -> str:
    with pytest.raises(Refused) as error:
        table.outlook(closings)
    return f"{reason_name(error.value.reason)}: {error.value.message}"


def test_the_open_window_is_due_at_the_next_closing(office: Office) -> None:
    """Not a microsecond before it; closings to come begin with it until it is due."""
    table = timetable(office)
    outlook = table.outlook(2)
    assert (outlook.window.number, outlook.due.day, outlook.is_due) == (2, date(2017, 1, 3), False)
    assert [closing.day for closing, _ in outlook.closings] == [date(2017, 1, 3), date(2017, 1, 4)]
    assert outlook.time_zone == "America/New_York"

    office.now_us = outlook.due.moment_us - 1
    assert not table.outlook(0).is_due
    office.now_us += 1
    later = table.outlook(1)
    assert later.is_due
    assert [(closing.day, due) for closing, due in later.closings] == [(date(2017, 1, 4), date(2017, 1, 5))]

    office.now_us += 10 * DAY_US
    assert table.outlook(0).due == outlook.due


def test_payments_are_due_for_what_is_not_settled(office: Office) -> None:
    """Closed, proposed and given-up windows; not the open one, nor one that is paid. The newest of very many."""
    for day in range(3, 6):
        office.journal.at(f"2017-01-0{day}")
        office.business(1_000_000)
    office.settle(1, 1, 2)

    outlook = timetable(office).outlook(0)

    assert [(window.number, due) for window, due in outlook.unsettled] == [
        (3, date(2017, 1, 5)),
        (4, date(2017, 1, 6)),
    ]
    for _ in range(UNSETTLED_MAX):
        office.business(1)
    unsettled = timetable(office).outlook(0).unsettled
    assert [window.number for window, _ in unsettled] == list(range(5, 5 + UNSETTLED_MAX))


def test_what_cannot_be_told_is_refused(office: Office, tmp_path: Path) -> None:
    """Without a schedule or a journal, for too many closings, and where the journal turned out wrong."""
    assert "NOT_FOUND: No schedule is set" in refusal(timetable(office, None))
    assert f"FIELD_INVALID: closings is {CLOSINGS_MAX + 1}" in refusal(timetable(office), CLOSINGS_MAX + 1)
    assert len(timetable(office).outlook(CLOSINGS_MAX).closings) == CLOSINGS_MAX
    (tmp_path / "fresh").mkdir()
    fresh = Office(tmp_path / "fresh")
    assert "NOT_FOUND: Nothing of the journal" in refusal(timetable(fresh))
    office.intake.stop("grocer's points went astray")
    assert "WRONG_STATE" in refusal(timetable(office))
    assert "grocer" not in refusal(timetable(office))
