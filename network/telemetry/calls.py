"""What those tell Prometheus who serve calls: calls, refusals, what is under way, who follows the journal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Final, NamedTuple

from prometheus_client.core import Metric

from coalition.errors import Refused, reason_name
from coalition.v1 import error_pb2
from coalition.v1.error_pb2 import Reason
from network.telemetry.instruments import SECONDS, Counts, Spread, gauge, gauges

#: Parties that are named as followers at once; those who come later share one name.
FOLLOWERS_NAMED_MAX: Final = 200
OTHERS: Final = "(others)"

#: Errors of calls and envelopes; the reasons beyond are outcomes in the journal.
_REFUSALS: Final = tuple(reason for reason in Reason.values() if 0 < reason < error_pb2.REASON_ENVELOPE_ABORTED)


class Following(NamedTuple):
    """The streams by which one party follows the journal."""

    streams: int
    #: Entries between the end of the journal and what the slowest of them was sent.
    behind: int


@dataclass(frozen=True, slots=True)
class UnderWay:
    """What is looked up when somebody asks. Called from any thread."""

    #: How long the journal is; whoever serves calls looks for what other hubs commit.
    journal_entries: Callable[[], int]
    envelopes: Callable[[], int]
    envelope_bytes: Callable[[], int]
    #: By party, in the order in which they came.
    followers: Callable[[], Mapping[str, Following]]
    #: By pool of threads: work that runs or waits there.
    work: Mapping[str, Callable[[], int]]


class CallMetrics:
    """Safe to use from many threads, but for `began` and `ended`, which belong to the event loop's."""

    def __init__(self) -> None:
        self._under_way: UnderWay | None = None
        self._in_flight: dict[str, int] = {}
        self._calls = Spread(
            "coalition_hub_call_seconds",
            "Calls by how long they took; streams count when they end.",
            SECONDS,
            "method",
            "code",
        )
        self._admissions = Spread(
            "coalition_hub_admission_seconds", "Envelopes that were admitted, by how long that took.", SECONDS
        )
        self._refusals = Counts(
            "coalition_hub_refusals",
            "Calls, and envelopes of streams, that were refused.",
            "reason",
            known=product(map(reason_name, _REFUSALS)),
        )
        self._rounds = Counts(
            "coalition_hub_rounds",
            "What the hub does again and again by itself.",
            "work",
            "outcome",
            known=product(("look", "sweep"), ("done", "put_off", "failed")),
        )

    def watch(self, under_way: UnderWay) -> None:
        """Show this as well from now on. Once the hub is put together."""
        self._under_way = under_way

    def began(self, method: str) -> None:
        """A call has come in; `method` is one of the protocol's."""
        self._in_flight[method] = self._in_flight.get(method, 0) + 1

    def ended(self, method: str, code: str, seconds: float) -> None:
        """It has been served; `code` is the name of a gRPC status."""
        self._in_flight[method] -= 1
        self._calls.add(seconds, method, code)

    def refused(self, refused: Refused) -> None:
        """A call, or an envelope of a stream, ended so."""
        self._refusals.add(reason_name(refused.reason))

    def admitted(self, seconds: float) -> None:
        """An envelope was found right after so long."""
        self._admissions.add(seconds)

    def round_ended(self, work: str, outcome: str) -> None:
        """One round of work that comes again: `done`, `put_off`, `failed`."""
        self._rounds.add(work, outcome)

    def families(self) -> Iterator[Metric]:
        """As of now."""
        for counted in (self._calls, self._admissions, self._refusals, self._rounds):
            yield counted.family()
        yield gauges(
            "coalition_hub_calls_in_flight",
            "Calls and streams that are being served.",
            ("method",),
            (((method,), calls) for method, calls in dict(self._in_flight).items()),
        )
        if self._under_way is not None:
            yield from _families(self._under_way)


def _families(under_way: UnderWay) -> Iterator[Metric]:
    yield gauge("coalition_hub_journal_entries", "Entries of the journal.", under_way.journal_entries())
    yield gauge(
        "coalition_hub_envelopes_in_flight", "Envelopes that are admitted and not answered.", under_way.envelopes()
    )
    yield gauge("coalition_hub_bytes_in_flight", "Their bytes.", under_way.envelope_bytes())
    yield gauges(
        "coalition_hub_work",
        "Work that runs or waits for a thread, by pool.",
        ("pool",),
        (((pool,), read()) for pool, read in under_way.work.items()),
    )
    following = named(under_way.followers())
    yield gauges(
        "coalition_hub_follower_streams",
        "Streams that follow the journal, by party.",
        ("party",),
        (((party,), item.streams) for party, item in following.items()),
    )
    yield gauges(
        "coalition_hub_follower_lag_entries",
        "Entries between the journal's end and what the party's slowest stream was sent.",
        ("party",),
        (((party,), item.behind) for party, item in following.items()),
    )


def named(following: Mapping[str, Following]) -> Mapping[str, Following]:
    """As many parties by name as may be, the rest together."""
    if len(following) <= FOLLOWERS_NAMED_MAX:
        return following
    parties = list(following)
    shown = {party: following[party] for party in parties[:FOLLOWERS_NAMED_MAX]}
    rest = [following[party] for party in parties[FOLLOWERS_NAMED_MAX:]]
    shown[OTHERS] = Following(sum(item.streams for item in rest), max(item.behind for item in rest))
    return shown
