"""A shutdown finishes what was admitted, refuses the rest, and keeps nobody waiting."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from coalition.errors import reason_name
from coalition.v1.directory_service_pb2 import GetHolderRequest
from coalition.v1.journal_pb2 import StreamEntriesRequest
from coalition.v1.ledger_service_pb2 import SubmitRequest, SubmitStreamRequest
from tests.network.conftest import AUDITOR, RunningHub, refusal, serving


def code_of(error: grpc.RpcError) -> grpc.StatusCode:
    assert isinstance(error, grpc.Call)
    return error.code()


def test_what_was_acknowledged_is_there_and_the_rest_is_unavailable(hub: RunningHub) -> None:
    """Calls that race with a shutdown are committed and answered, or end with UNAVAILABLE; nothing is in between."""
    names = [f"member-{number}" for number in range(400)]
    envelopes = [hub.town.data("grocer", hub.town.enrol(name)) for name in names]
    begun = threading.Event()

    def send(number: int) -> grpc.StatusCode:
        if number == 100:
            begun.set()
        try:
            hub.ledger.Submit(SubmitRequest(envelope=envelopes[number]), timeout=20)
        except grpc.RpcError as error:
            return code_of(error)
        return grpc.StatusCode.OK

    with ThreadPoolExecutor(16) as pool:
        results = pool.map(send, range(400))
        begun.wait(20)
        hub.stop()
        codes = list(results)
    assert set(codes) == {grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE}
    with serving(hub.config, hub.clock) as again:
        for name, code in zip(names, codes, strict=True):
            if code is grpc.StatusCode.OK:
                again.ask("grocer", again.directory.GetHolder, GetHolderRequest(holder_id=name))


def test_stream_is_answered_and_then_ended(hub: RunningHub) -> None:
    """An open stream gets the answers to what was admitted and then the reason why it ends."""
    sent = threading.Semaphore(0)

    def requests() -> Iterator[SubmitStreamRequest]:
        for number in range(20):
            yield SubmitStreamRequest(envelope=hub.town.data("grocer", hub.town.enrol(f"member-{number}")))
            sent.release()
        threading.Event().wait(15)

    stream = hub.ledger.SubmitStream(requests(), timeout=30)
    for _ in range(20):
        assert next(stream).HasField("response")
    began = time.monotonic()
    hub.stop()
    with pytest.raises(grpc.RpcError) as caught:
        next(stream)
    assert code_of(caught.value) is grpc.StatusCode.UNAVAILABLE
    assert reason_name(refusal(caught.value).reason) == "SHUTTING_DOWN"
    assert "retry_after_ms" in refusal(caught.value).facts
    assert time.monotonic() - began < 10


def test_follower_is_told_and_let_go(hub: RunningHub) -> None:
    """Who follows the journal does not hold up a shutdown, and learns of it."""
    request = StreamEntriesRequest(from_sequence=1, follow=True)
    stream = hub.journal.StreamEntries(request, timeout=30, metadata=hub.token(AUDITOR))
    next(stream)
    began = time.monotonic()
    hub.stop()
    with pytest.raises(grpc.RpcError) as caught:
        list(stream)
    assert reason_name(refusal(caught.value).reason) == "SHUTTING_DOWN"
    assert time.monotonic() - began < 10
