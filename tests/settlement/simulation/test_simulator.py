"""Simulating on a service's own copy of the journal: as of one entry, one at a time, beside the intake."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from coalition.errors import Refused, reason_name
from coalition.v1 import settlement_simulation_pb2 as pb
from coalition.v1.network_pb2 import Terms
from settlement.clearing.totals import SUM_MAX
from settlement.intake import Intake
from settlement.rpc.simulation import SimulationServicer
from settlement.simulation.request import Supposed
from settlement.simulation.simulator import WINDOWS_MAX, Advance, Begun, Position, Simulated, Simulator
from settlement.store.database import Database
from tests.settlement.books import new_database, take_in
from tests.settlement.journals import NETWORK, Journal, coalition_of_three
from tests.settlement.rpc.unread import AnyCaller, UnreadContext

GROCER = Terms(party_id="grocer", price_micros=10_000, reimbursement_micros=6_000, issue_fee_micros=300)


@pytest.fixture
def journal() -> Journal:
    """Two closed windows, of which the second is without business, and an open one."""
    journal = coalition_of_three(floor_micros=10_000, ceiling_micros=10_000)
    journal.issue("florist", 1_000)
    journal.redeem("grocer", {"florist": 300})
    journal.close()
    journal.close()
    journal.redeem("grocer", {"florist": 100})
    return journal


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = new_database(tmp_path)
    yield database
    database.close()


@pytest.fixture
def intake(database: Database, journal: Journal) -> Intake:
    """Which has taken in the journal."""
    intake = Intake(database, NETWORK)
    take_in(intake, journal.entries)
    return intake


def windows(parts: Iterator[Begun | Advance | Simulated]) -> list[Simulated]:
    return [part for part in parts if isinstance(part, Simulated)]


def refusal(simulator: Simulator, supposed: Supposed, *numbers: int) -> str:
    with pytest.raises(Refused) as error:
        list(simulator.simulate(supposed, numbers))
    return f"{reason_name(error.value.reason)}: {error.value.message}"


@pytest.mark.usefixtures("intake")
def test_every_window_is_told_beside_what_it_would_be(database: Database, journal: Journal) -> None:
    """The grocer would receive 0.006 a point, not 0.009; the operator then pays it nothing out of the prepaid."""
    begun, *rest = Simulator(database).simulate(Supposed([GROCER]), [])

    assert isinstance(begun, Begun)
    assert (begun.sequence, begun.network.currency) == (len(journal.entries), "USD")
    assert [part for part in rest if isinstance(part, Advance)][-1] == Advance(len(journal.entries))
    assert windows(iter(rest)) == [
        Simulated(
            1,
            (
                Position("florist", -1_000 * 6_000 - 300 * 6_000, -1_000 * 6_000 - 300 * 6_000),
                Position("grocer", 300 * 9_000, 300 * 6_000),
                Position("operator", 1_000 * 6_000 - 300 * 3_000, 1_000 * 6_000),
            ),
            300 * 3_000,
            300 * 6_000,
        ),
        Simulated(2, (), 0, 0),
        Simulated(
            3,
            (
                Position("florist", -100 * 6_000, -100 * 6_000),
                Position("grocer", 100 * 9_000, 100 * 6_000),
                Position("operator", -100 * 3_000, 0),
            ),
            100 * 3_000,
            100 * 6_000,
        ),
    ]


def test_it_is_of_one_moment(database: Database, intake: Intake, journal: Journal) -> None:
    """What is taken in meanwhile counts on neither side."""
    simulator = Simulator(database)
    expected = windows(simulator.simulate(Supposed([GROCER]), [3, 1]))
    assert [window.number for window in expected] == [1, 3]

    parts = simulator.simulate(Supposed([GROCER]), [1, 3])
    begun = next(parts)
    journal.redeem("grocer", {"florist": 50})
    journal.close()
    take_in(intake, journal.entries[intake.progress.state.sequence :])

    assert isinstance(begun, Begun)
    assert begun.sequence == len(journal.entries) - 2
    assert windows(parts) == expected


@pytest.mark.usefixtures("intake")
def test_one_at_a_time(database: Database) -> None:
    """A second one is refused while the first goes on, also when that was only looked at; given up, it makes room."""
    simulator = Simulator(database)
    parts = simulator.simulate(Supposed([GROCER]), [])
    next(parts)
    assert "OVERLOADED: Another simulation is under way" in refusal(simulator, Supposed([GROCER]))
    parts.close()
    assert windows(simulator.simulate(Supposed([GROCER]), [1]))


@pytest.mark.usefixtures("intake")
def test_bounds(database: Database, tmp_path: Path) -> None:
    """Windows that there are not, too many of them, sums beyond all limits, and no journal yet."""
    simulator = Simulator(database)
    assert "NOT_FOUND: There is no window 4, as of entry" in refusal(simulator, Supposed([GROCER]), 1, 4)
    many = range(1, WINDOWS_MAX + 2)
    assert f"windows are {WINDOWS_MAX + 1}; at most {WINDOWS_MAX}" in refusal(simulator, Supposed([GROCER]), *many)
    (tmp_path / "empty").mkdir()
    empty = new_database(tmp_path / "empty")
    assert "NOT_FOUND: Nothing of the journal" in refusal(Simulator(empty), Supposed([GROCER]))
    empty.close()


def test_sums_keep_to_their_limit(database: Database, journal: Journal) -> None:
    """A rate that would take a sum beyond what the protocol carries is refused, not cut."""
    for _ in range(11):
        journal.issue("grocer", 10**9)
    intake = Intake(database, NETWORK)
    take_in(intake, journal.entries)
    dear = Supposed([Terms(party_id="grocer", price_micros=10**8, prefunded_bps=10_000)])
    assert f"a sum of window 3 goes beyond {SUM_MAX}" in refusal(Simulator(database), dear)


@pytest.mark.usefixtures("intake")
def test_caller_that_does_not_read_keeps_nobody_from_simulating(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its call is cut off, which ends its simulation; then there is room for another one."""
    monkeypatch.setattr("settlement.rpc.downloads.SEND_S", 0.05)
    simulator, context = Simulator(database), UnreadContext()
    request = pb.SimulateRequest(terms=[GROCER])
    unread = SimulationServicer(simulator, AnyCaller("operator")).Simulate(request, context)
    next(unread)
    assert "OVERLOADED" in refusal(simulator, Supposed([GROCER]))
    assert context.cancelled.wait(10)
    # What gRPC does with the stream of a call that has ended.
    unread.close()
    assert windows(simulator.simulate(Supposed([GROCER]), []))
