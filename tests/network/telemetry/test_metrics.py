"""A running hub tells Prometheus what happens in it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from coalition.errors import Refused
from coalition.v1.directory_service_pb2 import GetNetworkRequest, ListPartiesRequest
from coalition.v1.journal_pb2 import StreamEntriesRequest
from network.telemetry.calls import FOLLOWERS_NAMED_MAX, OTHERS, Following, named
from tests.network.conftest import AUDITOR, RunningHub, running_hub
from tests.network.town import NETWORK_ID
from tests.scraping import eventually, seen


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    """A hub with metrics, for all tests of this module: they look at differences."""
    with running_hub(tmp_path_factory.mktemp("seen") / "hub", metrics="localhost:0") as running:
        yield running


def test_calls_are_counted_with_their_codes(hub: RunningHub) -> None:
    """A call that is answered and one that is refused each add to their own code, the refusal to its reason too."""
    before = seen(hub)
    hub.ask("grocer", hub.directory.ListParties, ListPartiesRequest())
    with pytest.raises(Refused):
        hub.ask("", hub.directory.ListParties, ListPartiesRequest())
    after = seen(hub)
    for code in ("OK", "UNAUTHENTICATED"):
        name, labels = "coalition_hub_call_seconds_count", {"method": "ListParties", "code": code}
        assert after.value(name, **labels) - before.value(name, **labels) == 1.0
    name = "coalition_hub_refusals_total"
    assert after.value(name, reason="UNAUTHENTICATED") - before.value(name, reason="UNAUTHENTICATED") == 1.0
    assert after.value("coalition_hub_calls_in_flight", method="ListParties") == 0.0


def test_followers_and_their_lag_are_shown_by_party(hub: RunningHub) -> None:
    """A stream that follows the journal is a call in flight, named by its party, and not behind once it has read all;
    one that only reads what is there is no follower."""
    end = seen(hub).value("coalition_hub_journal_entries")
    list(hub.journal.StreamEntries(StreamEntriesRequest(from_sequence=1), metadata=hub.token(AUDITOR)))
    assert set() == seen(hub).labels("coalition_hub_follower_streams", "party")
    stream = hub.journal.StreamEntries(StreamEntriesRequest(from_sequence=1, follow=True), metadata=hub.token(AUDITOR))
    next(stream)
    caught_up = eventually(hub, lambda now: now.value("coalition_hub_follower_lag_entries", party=AUDITOR) == 0.0)
    assert caught_up.value("coalition_hub_follower_streams", party=AUDITOR) == 1.0
    assert caught_up.value("coalition_hub_calls_in_flight", method="StreamEntries") == 1.0
    hub.commit("grocer", hub.town.enrol("follower-1"))
    assert end + 1 == seen(hub).value("coalition_hub_journal_entries")
    stream.cancel()
    eventually(hub, lambda now: now.value("coalition_hub_calls_in_flight", method="StreamEntries") == 0.0)
    assert set() == seen(hub).labels("coalition_hub_follower_streams", "party")


def test_followers_beyond_a_number_share_a_name() -> None:
    """Metrics stay few: the parties that came last are shown together, with the largest of their lags."""
    following = {f"party-{number}": Following(1, number) for number in range(FOLLOWERS_NAMED_MAX + 2)}
    shown = named(following)
    assert len(shown) == FOLLOWERS_NAMED_MAX + 1
    assert Following(2, FOLLOWERS_NAMED_MAX + 1) == shown[OTHERS]


def test_what_runs_is_shown(hub: RunningHub) -> None:
    """Version, network, limits, the certificate's end, and the process itself."""
    now = seen(hub)
    assert {NETWORK_ID} == now.labels("coalition_hub_build_info", "network_id")
    assert float(hub.config.limits.queue_envelopes) == now.value("coalition_hub_limit", limit="queue_envelopes")
    assert now.value("coalition_hub_certificate_end_timestamp_seconds") > time.time()
    assert now.value("process_resident_memory_bytes") > 1 << 20
    assert {"process_cpu_seconds_total", "python_gc_collections_total", "python_info"} <= now.names


def test_hub_looks_for_what_others_commit(hub: RunningHub) -> None:
    """The rounds that a hub makes by itself are counted with what became of them."""
    assert eventually(hub, lambda now: now.value("coalition_hub_rounds_total", work="look", outcome="done") > 0)


def test_many_hubs_of_one_process_count_apart(hub: RunningHub, tmp_path: Path) -> None:
    """Each hub has its own metrics; nothing is shared by the process."""
    calls = "coalition_hub_call_seconds_count"
    before = seen(hub).value(calls, method="GetNetwork", code="OK")
    with running_hub(tmp_path / "other", metrics="localhost:0") as other:
        other.ask("", other.directory.GetNetwork, GetNetworkRequest())
        assert seen(other).value(calls, method="GetNetwork", code="OK") == 1.0
    assert before == seen(hub).value(calls, method="GetNetwork", code="OK")
