"""What the settlement service tells Prometheus: how far it has come, and how windows and runs stand.

All of it is looked up when somebody asks; nothing is counted on an entry's way. How far the service lies behind the hub
follows from the hub's own `coalition_hub_journal_entries`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import Final

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from coalition.clock import US_PER_S
from coalition.v1 import settlement_service_pb2 as pb
from coalition.v1.settlement_alerts_pb2 import AlertKind
from settlement.alerts.alert import SEVERITIES, kind_name, severity_name
from settlement.intake import Intake
from settlement.runs.windows import SETTLEABLE, window_state
from settlement.store.database import Database
from settlement.store.runs import list_standings
from settlement.store.windows import list_windows

_WINDOW_STATES: Final[dict[int, str]] = {number: name for name, number in pb.WindowState.items() if number}
_RUN_STATES: Final[dict[int, str]] = {number: name for name, number in pb.RunState.items() if number}
_UNSETTLED: Final = (*SETTLEABLE, pb.WINDOW_STATE_PENDING_SETTLEMENT)


@dataclass(frozen=True, slots=True)
class Watched:
    """What is looked at."""

    database: Database
    intake: Intake
    #: How often the hub could not be read.
    failures: Callable[[], int]
    certificate_ends: datetime
    #: How many alerts of each kind last.
    alerts: Callable[[], Counter[int]] = Counter


class Metrics(Collector):
    """The metrics of one service; nothing is shared by the process."""

    def __init__(self, watched: Watched) -> None:
        self._watched: Final = watched
        self.registry: Final = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        self.registry.register(self)

    def collect(self) -> Iterable[Metric]:
        """For the client library, when somebody asks."""
        intake = self._watched.intake
        build = GaugeMetricFamily(
            "coalition_settlement_build_info", "Always 1: what runs here.", labels=("version", "network_id")
        )
        build.add_metric((version("coalition-points"), intake.network_id), 1)
        yield build
        yield GaugeMetricFamily(
            "coalition_settlement_certificate_end_timestamp_seconds",
            "When the server's certificate ends.",
            self._watched.certificate_ends.timestamp(),
        )
        state = intake.progress.state
        yield GaugeMetricFamily(
            "coalition_settlement_journal_entries", "Entries of the journal that are in the books.", state.sequence
        )
        yield GaugeMetricFamily(
            "coalition_settlement_entry_timestamp_seconds",
            "When the last of them was committed, by the network's clock.",
            state.committed_us / US_PER_S,
        )
        yield GaugeMetricFamily(
            "coalition_settlement_sound", "1 as long as the journal was found to be right, else 0.", not intake.problem
        )
        yield CounterMetricFamily(
            "coalition_settlement_hub_failures", "How often the hub could not be read.", self._watched.failures()
        )
        alerts = GaugeMetricFamily(
            "coalition_settlement_alerts", "Alerts that last, by kind.", labels=("kind", "severity")
        )
        counted = self._watched.alerts()
        for kind, severity in SEVERITIES.items():
            labels = (kind_name(AlertKind.ValueType(kind)).lower(), severity_name(severity).lower())
            alerts.add_metric(labels, counted[kind])
        yield alerts
        yield from self._standing()

    def _standing(self) -> Iterator[Metric]:
        """How many windows and runs are in each state, and since when the oldest that is not settled is closed."""
        with self._watched.database.read() as connection:
            runs, windows = list_standings(connection), list_windows(connection)
        states = [window_state(window, runs) for window in windows]
        closed = [window.closed_us for window, state in zip(windows, states, strict=True) if state in _UNSETTLED]
        yield _by_state("coalition_settlement_windows", "Windows by state.", _WINDOW_STATES, Counter(states))
        yield _by_state("coalition_settlement_runs", "Runs by state.", _RUN_STATES, Counter(run.state for run in runs))
        waiting = GaugeMetricFamily(
            "coalition_settlement_oldest_unsettled_timestamp_seconds",
            "When the oldest window that is not settled was closed; not there when all are.",
            labels=(),
        )
        if closed:
            waiting.add_metric((), min(closed) / US_PER_S)
        yield waiting


def _by_state(name: str, text: str, states: dict[int, str], counted: Counter[int]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=("state",))
    for number, label in states.items():
        family.add_metric((label.partition("_STATE_")[2].lower(),), counted[number])
    return family


class MetricsServer:
    """Where Prometheus asks, over plain HTTP. Answers from a thread of its own, as soon as it is made."""

    def __init__(self, listen: str, registry: CollectorRegistry) -> None:
        """`listen` is HOST:PORT; port 0 takes a free one. Raises OSError when it cannot be listened on."""
        host, _, port = listen.rpartition(":")
        if not host or not port.isdigit() or int(port) > 65_535:
            raise OSError(f"{listen!r} is not an address to listen on. Give HOST:PORT, for example localhost:9464.")
        try:
            self._server, self._thread = start_http_server(int(port), host.strip("[]"), registry)
        except OSError as error:
            raise OSError(f"Cannot listen at {listen} for metrics: {error.strerror}.") from error
        #: Where it listens, HOST:PORT.
        self.address = f"{host}:{self._server.server_port}"

    def close(self) -> None:
        """Answer nobody any more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
