"""Everything has a limit, and reaching one says which and when to try again."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import grpc
import pytest
from google.rpc.status_pb2 import Status

from coalition.errors import Refused, reason_name
from coalition.status import from_status
from coalition.v1.directory_service_pb2 import GetNetworkRequest, ListPartiesRequest
from coalition.v1.journal_pb2 import StreamEntriesRequest
from coalition.v1.ledger_service_pb2 import SubmitStreamRequest
from network.config import Limits
from network.rpc.buckets import Buckets
from network.rpc.inflight import InFlight
from network.rpc.threads import Threads
from tests.network.conftest import AUDITOR, RunningHub, refusal, running_hub


class Watch:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_bucket_gives_a_burst_and_then_its_rate() -> None:
    """After a pause a whole burst may come at once, and then as much as the rate gives."""
    watch = Watch()
    buckets = Buckets("calls", rate=10, burst=20, seconds=watch)
    for _ in range(20):
        buckets.take("grocer")
    with pytest.raises(Refused) as caught:
        buckets.take("grocer")
    assert caught.value.facts == {"limit_per_second": "10", "retry_after_ms": "100"}
    watch.now += 0.1
    buckets.take("grocer")
    with pytest.raises(Refused):
        buckets.take("grocer")
    watch.now += 1_000
    for _ in range(20):
        buckets.take("grocer")
    with pytest.raises(Refused):
        buckets.take("grocer")


def test_buckets_are_independent_and_few() -> None:
    """One party's haste does not cost another anything, and forgotten names leave no bucket behind."""
    buckets = Buckets("calls", rate=1, burst=1, seconds=Watch(), kept=2)
    for name in ("a", "b", "c"):
        buckets.take(name)
    with pytest.raises(Refused):
        buckets.take("c")
    buckets.take("a")


def test_work_in_flight_is_counted_in_pieces_and_bytes() -> None:
    """The limit is reached by number or by bytes, and what is given back may be taken again."""
    flight = InFlight("envelopes", pieces=2, size=100)
    flight.take("grocer", 60)
    with pytest.raises(Refused) as caught:
        flight.take("grocer", 60)
    assert caught.value.facts["limit_bytes"] == "100"
    flight.take("grocer", 40)
    with pytest.raises(Refused) as caught:
        flight.take("grocer", 0)
    assert caught.value.facts["limit"] == "2"
    flight.take("pharmacy", 60)
    flight.give_back("grocer", 60)
    flight.take("grocer", 60)


def test_large_piece_may_go_alone() -> None:
    """A single piece above the limit of bytes is taken when nothing else is under way."""
    flight = InFlight("envelopes", pieces=2, size=100)
    flight.take("grocer", 1_000)
    with pytest.raises(Refused):
        flight.take("grocer", 1)


def test_threads_bound_their_queue_and_time() -> None:
    """What finds no place, and what takes too long, is refused; the place is free again when the work has ended."""
    go_on = threading.Event()

    async def story() -> list[str]:
        threads = Threads("test", threads=1, waiting=1, timeout_s=0.05)
        results = await asyncio.gather(*(threads.run(go_on.wait) for _ in range(3)), return_exceptions=True)
        told = [str(result) for result in results]
        go_on.set()
        while True:
            try:
                assert await threads.run(lambda: 7) == 7
                break
            except Refused:
                await asyncio.sleep(0.01)
        await asyncio.to_thread(threads.close)
        return told

    told = asyncio.run(story())
    assert "0.05 seconds" in told[0]
    assert "0.05 seconds" in told[1]
    assert "as many reading calls" in told[2]


def test_work_s_own_exception_comes_through() -> None:
    """What the work raises is raised where it is awaited."""

    async def story() -> None:
        threads = Threads("test", threads=1, waiting=1, timeout_s=1)
        with pytest.raises(ZeroDivisionError):
            await threads.run(lambda: 1 / 0)
        await asyncio.to_thread(threads.close)

    asyncio.run(story())


def test_who_is_cancelled_stays_cancelled() -> None:
    """Also at the very moment when the work has ended: a hub that stops waits for those whom it cancels."""

    async def story(turns: int) -> bool:
        threads = Threads("test", threads=1, waiting=1, timeout_s=10)
        ended = threading.Event()
        waiting = asyncio.create_task(threads.run(ended.set))
        await asyncio.sleep(0)
        ended.wait(10)
        for _ in range(turns):
            await asyncio.sleep(0)
        was_waiting = waiting.cancel()
        await asyncio.wait((waiting,))
        await asyncio.to_thread(threads.close)
        return waiting.cancelled() or not was_waiting

    assert all(asyncio.run(story(turns)) for turns in [*range(8)] * 10)


def test_reads_of_a_party_are_limited(tmp_path: Path) -> None:
    """A party that reads too often is refused while another one is served."""
    with running_hub(tmp_path / "hub", Limits(reads_per_second=1, burst_s=3)) as hub:
        for _ in range(3):
            hub.ask("grocer", hub.directory.ListParties, ListPartiesRequest())
        with pytest.raises(Refused) as caught:
            hub.ask("grocer", hub.directory.ListParties, ListPartiesRequest())
        assert reason_name(caught.value.reason) == "RATE_LIMITED"
        assert int(caught.value.facts["retry_after_ms"]) > 0
        hub.ask("pharmacy", hub.directory.ListParties, ListPartiesRequest())


def test_calls_without_a_token_are_limited_by_address(tmp_path: Path) -> None:
    """Who needs no token is limited all the same."""
    with running_hub(tmp_path / "hub", Limits(open_calls_per_second=1, burst_s=2)) as hub:
        for _ in range(2):
            hub.ask("", hub.directory.GetNetwork, GetNetworkRequest())
        with pytest.raises(Refused) as caught:
            hub.ask("", hub.directory.GetNetwork, GetNetworkRequest())
        assert reason_name(caught.value.reason) == "RATE_LIMITED"


def test_envelopes_of_a_party_are_limited(tmp_path: Path) -> None:
    """An author that sends too often is refused, and nothing of what was refused is committed."""
    with running_hub(tmp_path / "hub", Limits(envelopes_per_second=1, burst_s=4)) as hub:
        for number in range(4):
            hub.commit("grocer", hub.town.enrol(f"member-{number}"))
        refused = hub.town.data("grocer", hub.town.enrol("late"))
        with pytest.raises(Refused) as caught:
            hub.send(refused)
        assert reason_name(caught.value.reason) == "RATE_LIMITED"
        hub.commit("pharmacy", hub.town.enrol("late"))


def test_envelopes_in_flight_are_limited(tmp_path: Path) -> None:
    """What comes while too much of its author's is under way is refused, to be sent again; the rest is committed."""
    with running_hub(tmp_path / "hub", Limits(envelopes_in_flight=1)) as hub:
        requests = [
            SubmitStreamRequest(envelope=hub.town.data("grocer", hub.town.enrol(f"member-{number}")))
            for number in range(200)
        ]
        answers = list(hub.ledger.SubmitStream(iter(requests), timeout=30))
        refused = [from_status(Status.FromString(answer.error)) for answer in answers if answer.error]
        assert 0 < len(refused) < 200
        for error in refused:
            assert error is not None
            assert reason_name(error.reason) == "OVERLOADED"
            assert error.facts == {"limit": "1", "retry_after_ms": "100"}


def test_streams_of_a_party_are_limited(tmp_path: Path) -> None:
    """A party that follows the journal once too often is refused, and may again when it lets go."""
    with running_hub(tmp_path / "hub", Limits(streams=1)) as hub:
        request = StreamEntriesRequest(from_sequence=1, follow=True)
        first = hub.journal.StreamEntries(request, timeout=30, metadata=hub.token(AUDITOR))
        next(first)
        second = hub.journal.StreamEntries(request, timeout=30, metadata=hub.token(AUDITOR))
        with pytest.raises(grpc.RpcError) as caught:
            next(second)
        assert reason_name(refusal(caught.value).reason) == "OVERLOADED"
        first.cancel()


def test_limits_do_not_hold_up_ordinary_business(hub: RunningHub) -> None:
    """By default a hundred calls in a row pass."""
    for _ in range(100):
        hub.ask("", hub.directory.GetNetwork, GetNetworkRequest())
        hub.ask("grocer", hub.directory.ListParties, ListPartiesRequest())
