"""What the settlement service tells Prometheus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from coalition.clock import US_PER_S
from settlement.alerts.alert import PAYMENT_OVERDUE, SEVERITIES
from settlement.metrics import Metrics, MetricsServer, Watched
from settlement.store.runs import list_standings
from tests.scraping import Scraped, seen
from tests.settlement.decisions import ABORT, NETWORK, PROPOSE
from tests.settlement.office import MAKER, Office

ENDS = datetime(2030, 1, 1, tzinfo=UTC)


class Shown(Office):
    """An office whose books Prometheus reads."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.alerts: Counter[int] = Counter()
        metrics = Metrics(Watched(self.database, self.intake, lambda: 3, ENDS, lambda: self.alerts))
        self._server = MetricsServer("localhost:0", metrics.registry)
        self.metrics_address: str | None = self._server.address

    def close(self) -> None:
        self._server.close()
        self.database.close()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Shown]:
    """An office whose journal has begun."""
    office = Shown(tmp_path)
    yield office
    office.close()


def windows(scraped: Scraped) -> dict[str, float]:
    """How many windows are in each state that has one."""
    states = scraped.labels("coalition_settlement_windows", "state")
    counted = {state: scraped.value("coalition_settlement_windows", state=state) for state in states}
    return {state: count for state, count in counted.items() if count}


def test_progress_is_shown(office: Shown) -> None:
    """How many entries are in the books and how old the last is, and whether the journal was found to be right."""
    office.business(1_000_000)
    now, state = seen(office), office.intake.progress.state
    assert now.value("coalition_settlement_journal_entries") == float(state.sequence)
    assert now.value("coalition_settlement_entry_timestamp_seconds") == state.committed_us / US_PER_S
    assert now.value("coalition_settlement_sound") == 1.0
    assert now.value("coalition_settlement_hub_failures_total") == 3.0
    assert now.value("coalition_settlement_certificate_end_timestamp_seconds") == ENDS.timestamp()
    assert now.labels("coalition_settlement_build_info", "network_id") == {NETWORK}
    office.intake.stop("A signature is wrong.")
    assert seen(office).value("coalition_settlement_sound") == 0.0


def test_windows_and_runs_are_shown_by_state(office: Shown) -> None:
    """Windows move from open to settled in the figures as at the desk; all states are there from the beginning."""
    oldest = "coalition_settlement_oldest_unsettled_timestamp_seconds"
    office.business(1_000_000, close=False)
    assert windows(seen(office)) == {"open": 1.0}
    assert oldest not in seen(office).names
    office.business(234_567)
    office.business(1_000_000)
    closed = [record.window.closed_us / US_PER_S for record in office.desk.windows()]
    assert windows(seen(office)) == {"closed": 2.0, "open": 1.0}
    assert seen(office).value(oldest) == closed[0]
    office.settle(1, 1)
    assert windows(seen(office)) == {"settled": 1.0, "closed": 1.0, "open": 1.0}
    assert seen(office).value(oldest) == closed[1]
    office.decide(MAKER, PROPOSE, 2, windows=(2,))
    office.decide(MAKER, ABORT, 2, note="figures were wrong")
    office.settle(3, 2)
    now = seen(office)
    assert windows(now) == {"settled": 2.0, "open": 1.0}
    assert oldest not in now.names
    runs = {state: now.value("coalition_settlement_runs", state=state) for state in ("settled", "aborted", "proposed")}
    assert runs == {"settled": 2.0, "aborted": 1.0, "proposed": 0.0}


def test_alerts_are_shown_by_kind(office: Shown) -> None:
    """Every kind is there from the beginning, with its severity, and shows how many of it last."""
    name = "coalition_settlement_alerts"
    assert len(seen(office).labels(name, "kind")) == len(SEVERITIES)
    office.alerts[PAYMENT_OVERDUE] = 2
    assert seen(office).value(name, kind="payment_overdue", severity="critical") == 2.0
    assert seen(office).value(name, kind="pack_low", severity="warning") == 0.0


def test_standings_are_those_of_the_runs(office: Shown) -> None:
    """The short way to how runs stand and the long way agree."""
    for number in (1, 2, 3):
        office.business(1_000_000 * number)
    office.settle(1, 1, 2)
    office.decide(MAKER, PROPOSE, 2, windows=(3,))
    with office.database.read() as connection:
        standings = list_standings(connection)
    assert [tuple(standing) for standing in standings] == [
        (run.run_id, run.number, run.windows, run.state) for run in office.runs()
    ]


@pytest.mark.parametrize(
    ("listen", "message"),
    [
        ("9464", "is not an address"),
        ("localhost:99999", "is not an address"),
        ("192.0.2.1:9464", "Cannot listen at 192.0.2.1:9464"),
    ],
)
def test_address_that_cannot_work_is_told(office: Shown, listen: str, message: str) -> None:
    """The sentence names the address."""
    with pytest.raises(OSError, match=message):
        MetricsServer(listen, Metrics(Watched(office.database, office.intake, lambda: 0, ENDS)).registry)
