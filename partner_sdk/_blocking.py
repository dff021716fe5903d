"""Carries out steps with blocking calls."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Iterator
from typing import Any, Final, TypeVar

import grpc
from google.protobuf.message import Message

from coalition.status import from_rpc_error
from partner_sdk._channel import credentials, deadline_failure, options
from partner_sdk._connected import Target
from partner_sdk._connection import Connection
from partner_sdk._errors import CLIENT_CLOSED, ConfigurationError
from partner_sdk._probe import probe
from partner_sdk._steps import (
    CLOSED,
    Emit,
    Ended,
    Failure,
    Flow,
    OpenStream,
    Probe,
    Read,
    Sleep,
    Step,
    Steps,
    Turn,
    Unary,
    Wait,
    Write,
)
from partner_sdk._tracing import in_trace

R = TypeVar("R")

# How gRPC says that this side ended a call, by cancelling it or by closing the channel.
_CANCELLED_HERE: Final = ("Locally cancelled", "Channel closed")


class BlockingStream:
    """A stream of responses, to which requests may be written as well."""

    def __init__(self, channel: grpc.Channel, step: OpenStream) -> None:
        self._requests: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        path, deserializer = step.method.path, step.method.response.FromString
        if step.request is None:
            duplex = channel.stream_stream(path, _serialize, deserializer)
            self._call: Any = duplex(iter(self._requests.get, None), metadata=step.metadata)
        else:
            server_stream = channel.unary_stream(path, _serialize, deserializer)
            self._call = server_stream(step.request, metadata=step.metadata)

    def write(self, request: Message) -> None:
        """Hand over a request; the core bounds how many are under way."""
        self._requests.put(request)

    def read(self, timeout_s: float) -> Message | Failure | Ended:
        """The next response. A stream that stays silent longer is ended."""
        silent = threading.Event()

        def give_up() -> None:
            silent.set()
            self.cancel()

        watch = threading.Timer(timeout_s, give_up)
        watch.daemon = True
        watch.start()
        try:
            response: Message = next(self._call)
        except StopIteration:
            return Ended()
        except grpc.RpcError as error:
            return deadline_failure() if silent.is_set() else failure_of(error)
        finally:
            watch.cancel()
        return response

    def cancel(self) -> None:
        """End the stream, and the thread that waits for requests with it."""
        self._requests.put(None)
        self._call.cancel()


class BlockingDriver:
    """Owns the channel. It is made at the first call, so that a client can be made without a network."""

    def __init__(self, connection: Connection, target: Target) -> None:
        self._connection: Final = connection
        self._target: Final = target
        self._lock: Final = threading.Lock()
        self._channel: grpc.Channel | None = None
        self._methods: dict[str, Any] = {}
        #: The process in which the channel was made.
        self._process = 0
        self._closed = False

    def run(self, steps: Steps[R]) -> R:
        """Carry out a computation to its end, which an exception from outside is as well."""
        if self._channel is not None and self._process != os.getpid():
            raise ConfigurationError(
                "This process was forked off another that had used this client. Make a client of its own in each."
            )
        answer: object = None
        try:
            while True:
                try:
                    step = steps.send(answer)
                except StopIteration as stop:
                    result: R = stop.value
                    return result
                answer = self._perform(step)
        finally:
            steps.close()

    def iterate(self, flow: Flow[R]) -> Iterator[R]:
        """Carry out a computation as far as its values are asked for. It has one stream at a time."""
        stream: BlockingStream | None = None
        answer: object = None
        try:
            while True:
                try:
                    step = flow.send(answer)
                except StopIteration:
                    return
                answer = None
                if isinstance(step, Emit):
                    yield step.value
                    continue
                answer = self._perform(step)
                if isinstance(answer, BlockingStream):
                    if stream is not None:
                        stream.cancel()
                    stream = answer
        finally:
            if stream is not None:
                stream.cancel()

    def close(self) -> None:
        """End the connection. What is under way ends with an error."""
        with self._lock:
            self._closed = True
            channel, self._channel = self._channel, None
        if channel is not None:
            channel.close()

    def _perform(self, step: Step) -> object:
        match step:
            case Unary():
                return self._call(step)
            case Sleep():
                time.sleep(step.seconds)
                return None
            case Turn():
                if not step.alone:
                    time.sleep(0)
                return None
            case Wait():
                bell = threading.Lock()
                bell.acquire()
                if step.listen(bell.release):
                    bell.acquire(timeout=step.timeout_s)
                return None
            case Probe():
                connection = self._connection
                return probe(self._target.address, self._target.tls_ca, connection.server_name, step.timeout_s)
            case OpenStream():
                return BlockingStream(self._open(), step)
            case Write():
                assert isinstance(step.stream, BlockingStream)
                step.stream.write(step.request)
                return None
            case Read():
                assert isinstance(step.stream, BlockingStream)
                return step.stream.read(step.timeout_s)

    def _call(self, step: Unary) -> object:
        try:
            channel = self._open()
            call = self._methods.get(step.method.path)
            if call is None:
                call = channel.unary_unary(step.method.path, _serialize, step.method.response.FromString)
                self._methods[step.method.path] = call
            return call(step.request, timeout=step.timeout_s, metadata=in_trace(step.metadata))
        except grpc.RpcError as error:
            return failure_of(error)
        except ValueError:
            # gRPC's for a call on a channel that another thread has closed meanwhile.
            if self._closed:
                return CLOSED
            raise

    def _open(self) -> grpc.Channel:
        with self._lock:
            if self._closed:
                raise ConfigurationError(CLIENT_CLOSED)
            if self._channel is None:
                self._process = os.getpid()
                self._channel = grpc.secure_channel(
                    self._target.address, credentials(self._target), options=options(self._connection)
                )
            return self._channel


def failure_of(error: grpc.RpcError) -> Failure:
    """What a call ended with, in the core's words.

    A gRPC server that stops cancels what it has received and not begun; for the caller the service is unavailable.
    """
    assert isinstance(error, grpc.Call | grpc.aio.AioRpcError)
    code, details = error.code(), error.details() or ""
    if code is grpc.StatusCode.CANCELLED and not any(text in details for text in _CANCELLED_HERE):
        code, details = grpc.StatusCode.UNAVAILABLE, "the service cancelled the call"
    return Failure(code, details, from_rpc_error(error))


def _serialize(message: Message) -> bytes:
    return message.SerializeToString()
