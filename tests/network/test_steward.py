"""Sweeps: what is due is done once, and what cannot be done is left alone."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from coalition.ids import derived_id
from coalition.v1 import transaction_pb2 as pb
from coalition.v1.journal_pb2 import JournalEntry, StreamEntriesRequest
from coalition.v1.ledger_service_pb2 import GetBalanceRequest, ListTransactionsRequest, TransactionRecord
from coalition.v1.operator_service_pb2 import GetTrialBalanceRequest, SweepRequest, SweepResponse
from coalition.v1.outcome_pb2 import OUTCOME_STATUS_REJECTED, Balance, Outcome
from tests.databases import BOTH, Databases
from tests.network.conftest import AUDITOR, RunningHub, running_hub, serving
from tests.network.town import FUND

pytestmark = pytest.mark.engines(*BOTH)


def sweep(hub: RunningHub) -> SweepResponse:
    answer = hub.ask("operator", hub.operator.Sweep, SweepRequest())
    assert isinstance(answer, SweepResponse)
    return answer


def done(hub: RunningHub) -> tuple[int, int, int]:
    """What a sweep did: holds released, points expired, points donated."""
    swept = sweep(hub)
    return swept.holds_released, swept.points_expired, swept.points_donated


def balance(hub: RunningHub, holder_id: str) -> Balance:
    answer = hub.ask("operator", hub.ledger.GetBalance, GetBalanceRequest(holder_id=holder_id)).balance
    assert isinstance(answer, Balance)
    return answer


def by_the_hub(hub: RunningHub) -> list[TransactionRecord]:
    """The hub's own transactions among the last ones, in order."""
    request = ListTransactionsRequest(page_size=1_000, descending=True)
    listed = hub.ask("operator", hub.ledger.ListTransactions, request).records
    return [record for record in reversed(listed) if record.author == "hub"]


def assert_balanced(hub: RunningHub) -> None:
    for item in hub.ask("operator", hub.operator.GetTrialBalance, GetTrialBalanceRequest()).issuers:
        moved = item.issued_points - item.issue_reversed_points - item.redeemed_points + item.redeem_reversed_points
        moved += item.adjusted_points - item.expired_points
        assert moved == item.in_lots_points + item.in_holds_points - item.arrears_points


def test_nothing_due_writes_nothing(hub: RunningHub) -> None:
    """A sweep of a network where nothing is due adds no entry."""
    hub.commit("grocer", hub.town.enrol("anna"), hub.town.issue("anna", 100))
    assert sweep(hub).log_size == 13
    assert by_the_hub(hub) == []


def test_hold_past_its_time_is_released(hub: RunningHub) -> None:
    """A hold's points go back when its time is over, not before, and once."""
    hub.commit("grocer", hub.town.enrol("anna"), hub.town.issue("anna", 100), hub.town.hold("anna", "grocer", 60))
    hub.clock.advance(days=2, seconds=-1)
    assert done(hub) == (0, 0, 0)
    hub.clock.advance(seconds=1)
    assert done(hub) == (1, 0, 0)
    assert done(hub) == (0, 0, 0)
    assert (balance(hub, "anna").available_points, balance(hub, "anna").held_points) == (100, 0)
    assert_balanced(hub)


def test_points_past_their_date_expire(hub: RunningHub) -> None:
    """Points leave the books the day after their last day, and are breakage of their issuer."""
    hub.commit("grocer", hub.town.enrol("anna"), hub.town.issue("anna", 100))
    hub.commit("pharmacy", hub.town.issue("anna", 20))
    hub.clock.advance(days=81)
    assert done(hub) == (0, 0, 0)
    hub.clock.advance(days=1)
    assert done(hub) == (0, 120, 0)
    totals = hub.ask("operator", hub.operator.GetTrialBalance, GetTrialBalanceRequest()).issuers
    assert {item.issuer: item.expired_points for item in totals} == {"grocer": 100, "pharmacy": 20}
    assert_balanced(hub)


def test_many_holders_expire_in_batches(hub: RunningHub) -> None:
    """More holders than one transaction may name are swept by several."""
    names = [f"member-{number}" for number in range(1_200)]
    for start in range(0, 1_200, 400):
        part = names[start : start + 400]
        hub.commit("grocer", *(hub.town.enrol(name) for name in part), *(hub.town.issue(name, 1) for name in part))
    hub.clock.advance(days=82)
    assert done(hub) == (0, 1_200, 0)
    sizes = [len(pb.Transaction.FromString(record.transaction).expire.holder_ids) for record in by_the_hub(hub)]
    assert sizes == [1_000, 200]


def test_pledge_gives_what_it_has_accrued(hub: RunningHub) -> None:
    """A tenth of what is earned goes to the fund, at each sweep what has come since."""
    hub.commit("grocer", hub.town.enrol("anna"), hub.town.pledge("anna", 1_000))
    hub.commit("grocer", hub.town.issue("anna", 105))
    assert done(hub) == (0, 0, 10)
    assert done(hub) == (0, 0, 0)
    hub.commit("grocer", hub.town.issue("anna", 100))
    assert done(hub) == (0, 0, 10)
    assert balance(hub, FUND).available_points == 20
    assert balance(hub, "anna").available_points == 185
    assert_balanced(hub)


def test_pledge_gives_no_more_than_is_there(hub: RunningHub) -> None:
    """Of what is due a pledge gives what the holder still has, and the rest when there are points again."""
    hub.commit("grocer", hub.town.enrol("anna"), hub.town.pledge("anna", 5_000), hub.town.issue("anna", 100))
    hub.commit("pharmacy", hub.town.redeem("anna", "pharmacy", 80))
    assert done(hub) == (0, 0, 20)
    assert done(hub) == (0, 0, 0)
    hub.commit("grocer", hub.town.issue("anna", 100))
    assert done(hub) == (0, 0, 80)
    assert balance(hub, "anna").available_points == 20


def test_two_pledges_share_what_is_there(hub: RunningHub) -> None:
    """Two pledges of one holder never give the same points twice."""
    hub.commit("grocer", hub.town.enrol("anna"), hub.town.pledge("anna", 5_000), hub.town.pledge("anna", 5_000))
    hub.commit("grocer", hub.town.issue("anna", 100))
    hub.commit("pharmacy", hub.town.redeem("anna", "pharmacy", 30))
    assert done(hub) == (0, 0, 70)
    rejected = [
        record for record in by_the_hub(hub) if Outcome.FromString(record.outcome).status == OUTCOME_STATUS_REJECTED
    ]
    assert rejected == []


def test_closed_fund_is_left_alone(hub: RunningHub) -> None:
    """A pledge to a fund that was closed gives nothing and fills no journal, sweep after sweep."""
    hub.commit("grocer", hub.town.enrol("anna"), hub.town.pledge("anna"), hub.town.issue("anna", 100))
    hub.commit("school", hub.town.transaction(close=pb.Close(holder_id=FUND)))
    before = sweep(hub).log_size
    assert [sweep(hub).log_size for _ in range(3)] == [before] * 3


def test_rejected_donation_is_not_tried_for_ever(hub: RunningHub) -> None:
    """A donation that the ledger has rejected for a reason that stands is not sent again."""
    pledge = hub.town.pledge("anna", 1_000)
    hub.commit("grocer", hub.town.enrol("anna"), pledge)
    # The hub itself would know better; here it is made to ask for what is not due.
    too_early = pb.Transaction(
        transaction_id=first_donation(pledge), donate=pb.Donate(holder_id="anna", fund_id="no-fund", points=1)
    )
    too_early.donate.pledge_id = pledge.transaction_id
    (outcome,) = hub.submit("hub", too_early)
    assert outcome.status == OUTCOME_STATUS_REJECTED
    hub.commit("grocer", hub.town.issue("anna", 100))
    before = sweep(hub).log_size
    assert [sweep(hub).log_size for _ in range(3)] == [before] * 3
    assert balance(hub, FUND).available_points == 0


def test_donation_that_came_too_late_is_tried_again(hub: RunningHub) -> None:
    """A donation that was rejected because the points had just gone is given when they are there again."""
    pledge = hub.town.pledge("anna", 5_000)
    hub.commit("grocer", hub.town.enrol("anna"), pledge, hub.town.issue("anna", 100))
    hub.commit("pharmacy", hub.town.redeem("anna", "pharmacy", 100))
    donate = pb.Donate(holder_id="anna", fund_id=FUND, points=50, pledge_id=pledge.transaction_id)
    (outcome,) = hub.submit("hub", pb.Transaction(transaction_id=first_donation(pledge), donate=donate))
    assert outcome.status == OUTCOME_STATUS_REJECTED
    assert done(hub) == (0, 0, 0)
    hub.commit("pharmacy", hub.town.issue("anna", 60))
    assert done(hub) == (0, 0, 60)
    assert balance(hub, FUND).available_points == 60


def first_donation(pledge: pb.Transaction) -> bytes:
    """The id that the first donation of a pledge of anna has."""
    return derived_id("pledge", "anna", pledge.transaction_id, "0")


def test_two_sweeps_at_once_write_once(hub: RunningHub) -> None:
    """However many ask at the same moment, each thing is done once."""
    names = [f"member-{number}" for number in range(50)]
    hub.commit("grocer", *(hub.town.enrol(name) for name in names), *(hub.town.pledge(name) for name in names))
    hub.commit("grocer", *(hub.town.issue(name, 100) for name in names))
    with ThreadPoolExecutor(4) as pool:
        donated = sum(pool.map(lambda _: sweep(hub).points_donated, range(4)))
    assert donated == 500
    assert len(by_the_hub(hub)) == 50
    assert_balanced(hub)


def test_two_hubs_that_sweep_at_once_write_once(hub: RunningHub) -> None:
    """Two hubs over one database do the same work once between them."""
    names = [f"member-{number}" for number in range(50)]
    hub.commit("grocer", *(hub.town.enrol(name) for name in names), *(hub.town.pledge(name) for name in names))
    hub.commit("grocer", *(hub.town.issue(name, 100) for name in names))
    hub.commit("grocer", *(hub.town.hold(name, "grocer", 10) for name in names))
    hub.clock.advance(days=2)
    with serving(hub.config, hub.clock) as other, ThreadPoolExecutor(2) as pool:
        swept = list(pool.map(sweep, (hub, other)))
    assert sum(item.points_donated for item in swept) == 500
    assert sum(item.holds_released for item in swept) == 50
    assert len(by_the_hub(hub)) == 100
    assert_balanced(hub)


def test_hub_sweeps_by_itself(hub: RunningHub, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub with a steward does what is due without being asked."""
    hub.commit("grocer", hub.town.enrol("anna"), hub.town.pledge("anna"), hub.town.issue("anna", 100))
    monkeypatch.setattr("network.hub.SWEEP_EVERY_S", 0.05)
    deadline = time.monotonic() + 20
    with serving(hub.config, hub.clock, steward=True):
        while balance(hub, FUND).available_points == 0 and time.monotonic() < deadline:
            time.sleep(0.05)
    assert balance(hub, FUND).available_points == 10


@pytest.mark.engines("postgresql")
def test_same_history_makes_the_same_journal(tmp_path: Path, databases: Databases) -> None:
    """Two networks with the same history are swept by the same transactions, byte for byte, on any engine."""
    assert history(tmp_path / "one", None) == history(tmp_path / "two", databases.current())


def history(folder: Path, database: str | None) -> list[bytes]:
    """The hub's entries after a short history."""
    with running_hub(folder, database=database) as hub:
        for name in ("anna", "ben", "carl"):
            hub.commit("grocer", hub.town.enrol(name), hub.town.pledge(name), hub.town.issue(name, 100))
            hub.commit("grocer", hub.town.hold(name, "grocer", 20))
        hub.clock.advance(days=82)
        sweep(hub)
        answers = hub.journal.StreamEntries(
            StreamEntriesRequest(from_sequence=1), timeout=10, metadata=hub.token(AUDITOR)
        )
        entries = [entry for answer in answers for envelope in answer.envelopes for entry in envelope.entries]
    return [entry for entry in entries if JournalEntry.FromString(entry).author == "hub"]
