"""Files go out in chunks, to a few callers at a time; streams are wrapped as single answers are."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import grpc
import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from coalition.errors import Refused, reason_name
from coalition.status import from_rpc_error
from coalition.v1 import error_pb2
from settlement.rpc.downloads import (
    CHUNK_BYTES,
    DOWNLOADS_MAX,
    DOWNLOADS_PER_PARTY_MAX,
    Downloads,
    chunks,
    cut_off,
    read_in_time,
    send,
)
from settlement.rpc.interceptor import REQUEST_ID_KEY, CallInterceptor


@contextmanager
def serving(behavior: Callable[[bytes, grpc.ServicerContext], Iterator[bytes]]) -> Iterator[Callable[..., Any]]:
    """A real server whose one method streams; gives what calls it."""

    def parse(data: bytes) -> bytes:
        if data == b"nonsense":
            raise DecodeError("no message")
        return data

    server = grpc.server(ThreadPoolExecutor(2), interceptors=[CallInterceptor()])
    handler = grpc.unary_stream_rpc_method_handler(behavior, parse, bytes)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("coalition.v1.Test", {"Give": handler}),))
    port = server.add_insecure_port("localhost:0")
    server.start()
    try:
        with grpc.insecure_channel(f"localhost:{port}") as channel:
            yield channel.unary_stream("/coalition.v1.Test/Give")
    finally:
        server.stop(None).wait()


def refusal(call: Any) -> Refused:
    """What a stream ends with."""
    with pytest.raises(grpc.RpcError) as error:
        list(call)
    refused = from_rpc_error(error.value)
    assert refused is not None, error.value
    return refused


@given(st.integers(0, 3 * CHUNK_BYTES))
def test_chunks_are_the_whole_in_order(size: int) -> None:
    """Put together they are the file, and none is larger than said."""
    data = bytes(range(256)) * (size // 256 + 1)
    parts = list(chunks(data[:size]))
    assert b"".join(parts) == data[:size]
    assert parts
    assert max(map(len, parts)) <= CHUNK_BYTES


def test_places_are_limited_by_party_and_altogether() -> None:
    """One party leaves places for others, and a place comes back when its file is sent or given up."""
    downloads = Downloads()
    parties = [f"p{number}" for number in range(DOWNLOADS_MAX)]
    with ExitStack() as taken:
        for _ in range(DOWNLOADS_PER_PARTY_MAX):
            taken.enter_context(downloads.place("grocer"))
        with pytest.raises(Refused, match="grocer is fetching"), downloads.place("grocer"):
            pass
        for party_id in parties[: DOWNLOADS_MAX - DOWNLOADS_PER_PARTY_MAX]:
            taken.enter_context(downloads.place(party_id))
        with pytest.raises(Refused) as refused, downloads.place("florist"):
            pass
        assert reason_name(refused.value.reason) == "OVERLOADED"
    with pytest.raises(KeyError), downloads.place("grocer"):
        raise KeyError
    with downloads.place("grocer"), downloads.place("grocer"):
        pass


def test_stream_is_answered_and_refused_like_a_single_answer() -> None:
    """Parts arrive in order; a refusal in the middle keeps its reason; what nobody foresaw is an id to quote."""

    def give(request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        yield b"one"
        if request == b"refuse":
            raise Refused(error_pb2.REASON_NOT_FOUND, "There is no second part.", {})
        if request == b"fail":
            raise RuntimeError("secret")
        yield b"two"

    with serving(give) as call:
        answer = call(b"fine")
        assert list(answer) == [b"one", b"two"]
        assert REQUEST_ID_KEY in dict(answer.trailing_metadata())
        refused = refusal(call(b"refuse"))
        assert (reason_name(refused.reason), refused.message) == ("NOT_FOUND", "There is no second part.")
        failed = refusal(call(b"fail"))
        assert reason_name(failed.reason) == "INTERNAL"
        assert failed.facts["error_id"] in failed.message
        assert "secret" not in failed.message
        assert reason_name(refusal(call(b"nonsense")).reason) == "MALFORMED"


def test_caller_that_does_not_read_loses_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its call is ended although it set no deadline, and what it held is free again."""
    monkeypatch.setattr("settlement.rpc.downloads.SEND_S", 0.3)
    monkeypatch.setattr("settlement.rpc.downloads._GRACE_S", 0.2)
    downloads, left = Downloads(), threading.Event()

    def give(request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        try:
            with downloads.place("grocer"):
                yield from send(bytes(64 << 20), context)
        finally:
            left.set()

    with serving(give) as call:
        answer = call(b"")
        assert left.wait(20)
        with pytest.raises(grpc.RpcError) as error:
            list(answer)
        assert error.value.code() == grpc.StatusCode.CANCELLED
    with downloads.place("grocer"), downloads.place("grocer"):
        pass


def test_caller_that_reads_slowly_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is not read in time ends with a reason; one that is, is sent whole."""

    def give(request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        yield from send(bytes(1 << 20), context)

    with serving(give) as call:
        assert sum(map(len, call(b""))) == 1 << 20
        monkeypatch.setattr("settlement.rpc.downloads.SEND_S", -1.0)
        refused = refusal(call(b""))
        assert reason_name(refused.reason) == "OVERLOADED"
        assert "was not read within" in refused.message


def test_stream_that_is_not_read_is_cut_off() -> None:
    """Whatever a stream gives, a caller that stops reading does not keep its thread."""
    left = threading.Event()

    def give(request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        try:
            with cut_off(context, 0.3):
                while True:
                    yield bytes(1 << 20)
        finally:
            left.set()

    with serving(give) as call:
        answer = call(b"")
        assert left.wait(20)
        with pytest.raises(grpc.RpcError) as error:
            list(answer)
        assert error.value.code() == grpc.StatusCode.CANCELLED


def test_caller_that_goes_away_gives_its_place_back() -> None:
    """A stream that is not read to its end lets go of what it held."""
    left = threading.Event()

    def give(request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        try:
            while True:
                yield b"part"
        finally:
            left.set()

    with serving(give) as call:
        answer = call(b"")
        assert next(answer) == b"part"
        answer.cancel()
        assert left.wait(10)


def test_stream_that_takes_long_to_make_has_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the time counts for which the caller keeps it waiting; one that does not read is cut off."""
    monkeypatch.setattr("settlement.rpc.downloads.SEND_S", 0.3)
    left = threading.Event()

    def make(count: int, pause_s: float) -> Iterator[bytes]:
        for _ in range(count):
            time.sleep(pause_s)
            yield bytes(1 << 20)

    def give(request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        if request == b"slow":
            yield from read_in_time(make(3, 0.2), context)
            return
        try:
            yield from read_in_time(make(1_000, 0.0), context)
        finally:
            left.set()

    with serving(give) as call:
        assert len(list(call(b"slow"))) == 3
        answer = call(b"")
        assert left.wait(20)
        with pytest.raises(grpc.RpcError) as error:
            list(answer)
        assert error.value.code() == grpc.StatusCode.CANCELLED
