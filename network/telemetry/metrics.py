"""What each process of a hub tells Prometheus, whatever it does. One object for one process, and no globals.

Those who serve calls add calls.py's, the writer adds batches.py's. What costs time is counted for a call or a batch at
once, never for each transaction by itself; what has a value anyway, such as a queue's length, is read when somebody
asks. docs/operators.md has all of it as a table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from itertools import product
from typing import Final, Protocol

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from coalition.tls import ServerTls
from network.config import Limits
from network.telemetry.instruments import Counts, gauge, gauges

#: The classes of DB-API 2.0.
_DATABASE_ERRORS: Final = (
    *("InterfaceError", "DatabaseError", "DataError", "OperationalError"),
    *("IntegrityError", "InternalError", "ProgrammingError", "NotSupportedError"),
)


class Part(Protocol):
    """Something that a process does, and counts."""

    def families(self) -> Iterable[Metric]:
        """As of now."""


class Database(Protocol):
    """What is asked of the store."""

    @property
    def engine_name(self) -> str: ...

    @property
    def reference_sequence(self) -> int: ...

    @property
    def refreshes(self) -> int: ...

    def on_error(self, call: Callable[[str, str], object]) -> None: ...


@dataclass(frozen=True, slots=True)
class About:
    """What holds as long as the process runs."""

    network_id: str
    #: `writer`, `front`, or `hub` for one that is both.
    process: str
    tls: ServerTls
    limits: Limits


class Metrics(Collector):
    """All metrics of one process. Safe to use from many threads."""

    def __init__(self, about: About, database: Database, *parts: Part) -> None:
        self._about: Final = about
        self._certificate_ends_s: Final = about.tls.ends_at.timestamp()
        self._database: Final = database
        self._parts: Final = parts
        self._errors = Counts(
            "coalition_hub_database_errors",
            "Transactions that an error of the database's driver ended.",
            "connection",
            "error",
            known=product(("reading", "writing"), _DATABASE_ERRORS),
        )
        database.on_error(self._errors.add)
        self.registry: Final = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        self.registry.register(self)

    def collect(self) -> Iterable[Metric]:
        """For the client library, when somebody asks."""
        yield from self._facts()
        yield gauge(
            "coalition_hub_reference_sequence",
            "As of which entry the process knows parties, terms and policy.",
            self._database.reference_sequence,
        )
        yield CounterMetricFamily(
            "coalition_hub_reference_refreshes",
            "How often it got new ones, from its own commits or another hub's.",
            self._database.refreshes,
        )
        yield self._errors.family()
        for part in self._parts:
            yield from part.families()

    def _facts(self) -> Iterator[Metric]:
        about = self._about
        yield gauges(
            "coalition_hub_build_info",
            "Always 1: what runs here.",
            ("version", "network_id", "database", "process"),
            [((version("coalition-points"), about.network_id, self._database.engine_name, about.process), 1)],
        )
        yield gauge(
            "coalition_hub_certificate_end_timestamp_seconds",
            "When the server's certificate ends.",
            self._certificate_ends_s,
        )
        yield gauges(
            "coalition_hub_limit",
            "The limits of hub.toml.",
            ("limit",),
            (((name,), value) for name, value in asdict(about.limits).items()),
        )
