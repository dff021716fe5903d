"""A hub that is told to stop finishes what it has admitted, refuses the rest, and leaves nobody in doubt."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import grpc
import pytest

from coalition.errors import reason_name
from coalition.status import from_rpc_error
from coalition.v1.ledger_service_pb2 import SubmitRequest, SubmitResponse, SubmitStreamRequest
from coalition.v1.ledger_service_pb2_grpc import LedgerServiceStub
from coalition.v1.outcome_pb2 import Outcome
from partner_sdk import Connection, drafts
from partner_sdk._sealed import prepare, seal_one
from partner_sdk.testing import LocalNetwork
from tests.faults.books import check_answers, check_balances, check_roots, read_journal, verify
from tests.faults.choices import Choices
from tests.faults.followers import following
from tests.faults.hubs import HubProcess
from tests.faults.tills import Shop, Till, Warehouse, at_work, open_channel, shared_members

CALL_S: Final = 20.0
LOAD_S: Final = 0.3
STOP_S: Final = 15.0


@pytest.fixture(scope="module")
def network() -> Iterator[LocalNetwork]:
    with LocalNetwork(policy={"redeem_points_per_day_max": 0}) as network:
        yield network


@pytest.fixture(scope="module")
def hub(network: LocalNetwork) -> Iterator[HubProcess]:
    """A hub in the place of the network's own."""
    with HubProcess(network, "stopped") as hub:
        yield hub


class Hasty:
    """Sends until the first error, and never twice."""

    def __init__(self, connection: Connection, holder_id: str, size: int) -> None:
        self._connection = connection
        self._holder_id = holder_id
        self._size = size
        self.sent: set[bytes] = set()
        self.acknowledged: set[bytes] = set()
        self.error: grpc.RpcError | None = None

    @property
    def last_word(self) -> str:
        """`told` by the hub that it stops; `dropped` by gRPC before the hub saw the call; `alone` when there was no hub
        any more; else `cut off`."""
        assert isinstance(self.error, grpc.Call)
        if self.error.code() is grpc.StatusCode.CANCELLED:
            return "dropped"
        assert self.error.code() is grpc.StatusCode.UNAVAILABLE, self.error
        refused = from_rpc_error(self.error)
        if refused is not None:
            assert reason_name(refused.reason) == "SHUTTING_DOWN"
            return "told"
        return "alone" if "failed to connect" in (self.error.details() or "") else "cut off"

    def envelope(self) -> bytes:
        prepared = [prepare(self._connection, drafts.issue(self._holder_id, 1)) for _ in range(self._size)]
        sealed = seal_one(self._connection, prepared)
        self.sent.update(sealed.ids)
        return sealed.envelope

    def note(self, response: SubmitResponse) -> None:
        self.acknowledged |= {Outcome.FromString(raw).transaction_id for raw in response.outcomes}

    def call(self) -> None:
        """One call after the other."""
        with open_channel(self._connection) as channel:
            stub = LedgerServiceStub(channel)
            try:
                while True:
                    self.note(stub.Submit(SubmitRequest(envelope=self.envelope()), timeout=CALL_S))
            except grpc.RpcError as error:
                self.error = error

    def stream(self) -> None:
        """As many as the hub takes, over one stream."""
        ended = threading.Event()

        def requests() -> Iterator[SubmitStreamRequest]:
            while not ended.is_set():
                yield SubmitStreamRequest(envelope=self.envelope())

        with open_channel(self._connection) as channel:
            try:
                for answer in LedgerServiceStub(channel).SubmitStream(requests(), timeout=CALL_S):
                    assert answer.HasField("response")
                    self.note(answer.response)
            except grpc.RpcError as error:
                self.error = error
            finally:
                ended.set()


@pytest.mark.long
def test_what_was_admitted_is_answered(network: LocalNetwork, hub: HubProcess) -> None:
    """When the hub is told to stop under load, every entry that it still writes reaches its author as an answer; the
    rest gets UNAVAILABLE, and the process ends with 0."""
    anna = network.member()
    setup = network.operator.checkpoint().size
    callers = [Hasty(hub.connection("grocer"), anna.holder_id, size) for size in (1, 1, 1, 1, 100, 100)]
    streams = [Hasty(hub.connection("pharmacy"), anna.holder_id, size) for size in (1, 50)]
    everybody = callers + streams
    with ThreadPoolExecutor(len(everybody)) as pool:
        running = [pool.submit(each.call) for each in callers] + [pool.submit(each.stream) for each in streams]
        while not all(each.acknowledged for each in everybody):
            assert not any(future.done() for future in running), "everybody gets answers at first"
            time.sleep(0.01)
        time.sleep(LOAD_S)
        code = hub.stop()
        for future in running:
            future.result(CALL_S)
    hub.start()
    assert code == 0
    committed = {entry.transaction_id for entry in read_journal(network)[setup:]}
    for each in everybody:
        assert each.acknowledged <= committed
        # Who was cut off while it was sending cannot know; everybody else knows.
        assert each.last_word == "cut off" or each.acknowledged == committed & each.sent
        assert each.sent - committed
    assert committed <= set().union(*(each.sent for each in everybody))
    assert "told" in {each.last_word for each in everybody}


@pytest.mark.long
def test_clients_that_try_again_notice_nothing(network: LocalNetwork, hub: HubProcess) -> None:
    """Tills, shops, streams and followers go on over restarts, with nothing lost, doubled or taken back."""
    members = shared_members(network, 6)
    setup = network.operator.checkpoint().size
    workers = [
        Till(Choices(network, "grocer", "till", members), hub.connection("grocer")),
        Shop(Choices(network, "florist", "shop", members), hub.connection("florist"), timeout_s=CALL_S),
        Warehouse(Choices(network, "pharmacy", "warehouse", members), hub.connection("pharmacy")),
    ]
    with following(hub.connection("operator")) as follower:
        with at_work(workers) as see_progress:
            for _ in range(3):
                see_progress()
                began_s = time.monotonic()
                assert hub.stop() == 0
                assert time.monotonic() - began_s < STOP_S, "whoever reads slowly does not keep the hub from ending"
                hub.start()
            see_progress()
        entries = read_journal(network)
        assert follower.entries(len(entries)) == entries
    records = [worker.record for worker in workers]
    assert records[1].resent == 0
    check_answers(entries, records, setup)
    check_roots(entries, records)
    check_balances(network, entries)
    assert verify(network)["entries"] == len(entries)
