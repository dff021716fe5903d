"""What is not counted but looked up when somebody asks: queues, followers, the journal's end, what never changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Final, NamedTuple

from prometheus_client.core import Metric

from network.config import Limits
from network.telemetry.instruments import gauge, gauges

#: Parties that are named as followers at once; those who come later share one name.
FOLLOWERS_NAMED_MAX: Final = 200
OTHERS: Final = "(others)"

Reading = Callable[[], float]


class Following(NamedTuple):
    """The streams by which one party follows the journal."""

    streams: int
    #: Entries between the end of the journal and what the slowest of them was sent.
    behind: int


@dataclass(frozen=True, slots=True)
class About:
    """What holds as long as the hub runs."""

    version: str
    network_id: str
    #: When the server's certificate ends, in seconds since 1970.
    certificate_ends_s: float
    limits: Limits


@dataclass(frozen=True, slots=True)
class Readings:
    """What is looked up when somebody asks. Called from any thread."""

    journal_entries: Reading
    envelopes_in_flight: Reading
    bytes_in_flight: Reading
    #: By party, in the order in which they came.
    followers: Callable[[], Mapping[str, Following]]
    #: By pool: work that runs or waits there.
    work: Mapping[str, Reading]


def facts(about: About) -> Iterator[Metric]:
    """What holds as long as the hub runs."""
    yield gauges(
        "coalition_hub_build_info",
        "Always 1: what runs here.",
        ("version", "network_id"),
        [((about.version, about.network_id), 1)],
    )
    yield gauge(
        "coalition_hub_certificate_end_timestamp_seconds",
        "When the server's certificate ends.",
        about.certificate_ends_s,
    )
    yield gauges(
        "coalition_hub_limit",
        "The limits of hub.toml.",
        ("limit",),
        (((name,), value) for name, value in asdict(about.limits).items()),
    )


def readings_now(readings: Readings) -> Iterator[Metric]:
    """What everything else is at the moment."""
    yield gauge("coalition_hub_journal_entries", "Entries of the journal.", readings.journal_entries())
    yield gauge(
        "coalition_hub_envelopes_in_flight",
        "Envelopes that are admitted and not answered.",
        readings.envelopes_in_flight(),
    )
    yield gauge("coalition_hub_bytes_in_flight", "Their bytes.", readings.bytes_in_flight())
    yield gauges(
        "coalition_hub_work",
        "Work that runs or waits for a thread, by pool.",
        ("pool",),
        (((pool,), read()) for pool, read in readings.work.items()),
    )
    following = named(readings.followers())
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
    named = {party: following[party] for party in parties[:FOLLOWERS_NAMED_MAX]}
    rest = [following[party] for party in parties[FOLLOWERS_NAMED_MAX:]]
    named[OTHERS] = Following(sum(item.streams for item in rest), max(item.behind for item in rest))
    return named
