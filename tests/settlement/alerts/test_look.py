"""What alerts follow from is read from the books, the runs, the disputes and the schedule."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from coalition.clock import US_PER_S
from coalition.v1 import error_pb2, transaction_pb2
from coalition.v1 import settlement_reconciliation_pb2 as reconciliation_pb
from coalition.v1.network_pb2 import FUNDING_PACKS
from settlement.alerts.alert import kind_name
from settlement.alerts.look import Lookout
from settlement.alerts.sources import AlertRules, JournalHealth
from settlement.disputes.desk import DisputeDesk
from settlement.disputes.rules import DAY_US, DisputeRules
from settlement.disputes.step import RAISE
from settlement.runs.run import Run
from settlement.schedule.rule import Period, Schedule
from settlement.store.reconciliations import add_reconciliation
from settlement.store.runs import read_run
from tests.settlement.books import take_in
from tests.settlement.decisions import CONFIRM
from tests.settlement.disputes.steps import dispute_id, signed_step
from tests.settlement.journals import key_of
from tests.settlement.office import CHECKER, Office


class Tower(Office):
    """An office from which somebody looks out."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.journal.at("2017-07-13")
        self.health = JournalHealth()
        self.schedule: Schedule | None = None
        self.rules = AlertRules(concentration_bps=10_000)
        #: The one that looks again and again.
        self.lasting: Lookout | None = None

    def write(self) -> None:
        """Take in what the journal has got meanwhile; by the clock it is now."""
        take_in(self.intake, self.journal.entries[self.intake.progress.state.sequence :])

    def seen(self) -> list[tuple[str, str, int]]:
        """Kind, party and window of every alert."""
        look = self.lasting or self.lookout()
        return [(kind_name(alert.about.kind), alert.about.party_id, alert.about.window) for alert in look()]

    def lookout(self) -> Lookout:
        """One that has seen nothing yet."""
        return Lookout(self.database, self.intake, lambda: self.now_us, self.rules, self.schedule, lambda: self.health)


@pytest.fixture
def tower(tmp_path: Path) -> Iterator[Tower]:
    """Nothing is the matter yet."""
    tower = Tower(tmp_path)
    yield tower
    tower.database.close()


def test_nothing_is_seen_before_the_journal_has_begun(tower: Tower) -> None:
    """Of a journal that cannot be read, only that."""
    assert tower.seen() == []
    tower.health = JournalHealth(0, unreadable_since_us=1)
    assert tower.seen() == [("JOURNAL_BEHIND", "", 0)]


def test_limits_and_packs_are_those_of_todays_terms(tower: Tower) -> None:
    """Points and prepaid points are the pools', limits those of the terms that are in force today."""
    limited = {"price_micros": 10_000, "outstanding_points_max": 1_000, "alarm_bps": 8_000}
    tower.journal.terms("grocer", **limited)
    tower.journal.terms("florist", price_micros=10_000, funding=FUNDING_PACKS, pack_points=100, reorder_points=50)
    tower.journal.issue("grocer", 799)
    tower.journal.order_packs("florist", 1)
    tower.write()
    assert tower.seen() == []
    tower.journal.issue("grocer", 1)
    tower.journal.issue("florist", 60)
    tower.write()
    assert tower.seen() == [("LIMIT_NEAR", "grocer", 0), ("PACK_LOW", "florist", 0)]
    tower.journal.issue("grocer", 200)
    tower.journal.issue("florist", 40)
    tower.write()
    assert tower.seen() == [("LIMIT_REACHED", "grocer", 0), ("PACK_EMPTY", "florist", 0)]
    tower.journal.redeem("school", {"grocer": 201})
    tower.journal.order_packs("florist", 1)
    tower.journal.terms("grocer", "2017-07-20", **{**limited, "outstanding_points_max": 900})
    tower.write()
    assert tower.seen() == []
    tower.now_us += 10 * DAY_US
    assert tower.seen() == [("LIMIT_NEAR", "grocer", 0)]


def test_limit_is_reached_with_the_first_issue_that_is_refused_for_it(tower: Tower) -> None:
    """Until a later one is accepted, or there is room for it again; refusals for other reasons say nothing."""
    tower.journal.terms("grocer", price_micros=10_000, outstanding_points_max=1_000)
    tower.lasting = tower.lookout()

    def refuse(points: int, reason: int = error_pb2.REASON_OUTSTANDING_LIMIT) -> list[tuple[str, str, int]]:
        issue = transaction_pb2.Issue(holder_id="anna", points=points)
        tower.journal.append("grocer", rejected=True, reason=reason, issue=issue)
        tower.write()
        found = tower.seen()
        assert [(kind_name(alert.about.kind), alert.about.party_id, 0) for alert in tower.lookout()()] == found
        return found

    reached = [("LIMIT_REACHED", "grocer", 0)]
    line = tower.journal.issue("grocer", 970)
    assert refuse(40, error_pb2.REASON_DATE_INVALID) == []
    assert refuse(40) == reached
    assert refuse(40, error_pb2.REASON_DATE_INVALID) == reached
    tower.journal.issue("grocer", 20)
    tower.write()
    assert tower.seen() == []
    assert refuse(40) == reached
    tower.journal.reverse(line, {"grocer": 100})
    tower.write()
    assert tower.seen() == []


def test_concentration_is_of_closed_windows_until_they_are_settled(tower: Tower) -> None:
    """An open window's first obligation is all that is owed in it; that is no news. A settled one is over."""
    tower.rules = AlertRules(concentration_bps=4_000)
    tower.business(3_000_000, close=False)
    assert tower.seen() == []
    tower.business(1_000_000)
    assert tower.seen() == [("CONCENTRATION", "florist", 1)]
    tower.business(1_000_000)
    assert tower.seen() == [("CONCENTRATION", "florist", 1), ("CONCENTRATION", "florist", 2)]
    tower.settle(1, 1)
    assert tower.seen() == [("CONCENTRATION", "florist", 2)]


def test_payments_are_overdue_after_their_day_and_until_they_are_made(tower: Tower) -> None:
    """Without a schedule two days after they were instructed, in the network's time zone; once paid, no more."""
    tower.business(3_000_000)
    run = tower.instruct(1, 1)
    # 22:40 in New York, on the 13th of July.
    assert tower.intake.directory.network is not None
    calendar = tower.intake.directory.network.calendar
    assert calendar.day(tower.now_us) == "2017-07-13"
    tower.now_us = calendar.moment_us("2017-07-16", 0) - 1
    assert tower.seen() == []
    tower.now_us += 1
    payers = {standing.instruction.payer for standing in run.standings}
    assert tower.seen() == [("PAYMENT_OVERDUE", payer, 0) for payer in sorted(payers)]
    run = tower.run_desk.run(run.run_id)
    while run.outstanding:
        run = tower.decide(CHECKER, CONFIRM, 1, party_id=run.outstanding[0])
    assert tower.seen() == []


def test_run_is_read_once_for_each_of_its_events(tower: Tower, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often somebody looks; what has changed is seen all the same."""
    reads = []

    def read(connection: Connection, run: bytes) -> Run | None:
        reads.append(run)
        return read_run(connection, run)

    monkeypatch.setattr("settlement.alerts.look.read_run", read)
    tower.business(3_000_000)
    tower.instruct(1, 1)
    tower.lasting = tower.lookout()
    assert tower.seen() == []
    tower.now_us += 4 * DAY_US
    overdue = [("PAYMENT_OVERDUE", "florist", 0), ("PAYMENT_OVERDUE", "operator", 0)]
    assert (tower.seen(), tower.seen(), len(reads)) == (overdue, overdue, 1)
    tower.decide(CHECKER, CONFIRM, 1, party_id="florist")
    assert (tower.seen(), tower.seen(), len(reads)) == (overdue[1:], overdue[1:], 2)
    tower.decide(CHECKER, CONFIRM, 1, party_id="grocer")
    assert (tower.seen(), len(reads)) == ([], 2)


def test_schedule_says_when_windows_and_payments_are_due(tower: Tower) -> None:
    """Payments by business days from the closing, though never before they were instructed; windows by the cut-off."""
    tower.schedule = Schedule(Period.DAILY, cut_off_min=18 * 60, payment_days=1)
    tower.business(3_000_000)
    (window,) = tower.desk.windows()[:1]
    network = tower.intake.directory.network
    assert network is not None
    tower.now_us = window.window.closed_us
    tower.instruct(1, 1)
    # Closed on a Thursday at noon for Wednesday's cut-off, so due on Thursday.
    tower.now_us = network.calendar.moment_us("2017-07-14", 0) - 1
    late = ("WINDOW_DUE", "", 2)
    assert tower.seen() == [late]
    tower.now_us += 1
    assert ("PAYMENT_OVERDUE", "florist", 0) in tower.seen()
    due_us = network.calendar.moment_us("2017-07-13", 18 * 60)
    for now_us, expected in ((due_us + 1_800 * US_PER_S, False), (due_us + 1_800 * US_PER_S + 1, True)):
        tower.now_us = now_us
        assert (late in tower.seen()) is expected


def test_disputes_are_those_that_wait_for_somebody(tower: Tower) -> None:
    """A dispute is seen when its deadline is near."""
    tower.journal.issue("grocer", 100)
    line = tower.journal.redeem("florist", {"grocer": 50})
    tower.write()
    desk = DisputeDesk(tower.database, tower.intake, lambda: tower.now_us, DisputeRules())
    signed = signed_step(
        key_of("florist"),
        "florist",
        RAISE,
        identifier=dispute_id(),
        claim={"sequence": line.sequence},
        decided_us=tower.now_us,
    )
    desk.take(signed, "florist")
    tower.now_us += 7 * DAY_US - 1
    assert tower.seen() == []
    tower.now_us += 1
    assert tower.seen() == [("DISPUTE_DUE", "grocer", 1)]
    tower.now_us += 3 * DAY_US + 1
    # Nobody answered: now the operator has twenty days.
    assert tower.seen() == []
    tower.now_us += 20 * DAY_US
    assert tower.seen() == [("DISPUTE_LATE", "operator", 1)]


def test_differences_are_open_until_the_window_is_reconciled_without_any(tower: Tower) -> None:
    """The last reconciliation that was recorded of a window counts, and each party's by itself."""

    def record(number: int, party_id: str, differences: int) -> None:
        summary = reconciliation_pb.ReconciliationSummary(
            reconciliation_id=dispute_id(number),
            party_id=party_id,
            windows=[1],
            counts=[reconciliation_pb.DifferenceCount(count=differences)],
            recorded_us=tower.now_us,
        )
        with tower.database.write() as connection:
            add_reconciliation(connection, summary, b"")

    tower.business(5)
    record(1, "florist", 3)
    record(2, "grocer", 1)
    assert tower.seen() == [("DIFFERENCES_OPEN", "florist", 0), ("DIFFERENCES_OPEN", "grocer", 0)]
    record(3, "florist", 0)
    assert tower.seen() == [("DIFFERENCES_OPEN", "grocer", 0)]
