"""Carries out steps with asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any, Final, TypeVar

import grpc
from google.protobuf.message import Message

from partner_sdk._blocking import failure_of
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

#: How much later than at its end a wait may end.
_LOOK_S: Final = 0.02


class AwaitingStream:
    """A stream of responses, to which requests may be written as well."""

    def __init__(self, channel: grpc.aio.Channel, step: OpenStream) -> None:
        path, deserializer = step.method.path, step.method.response.FromString
        self._call: Any
        if step.request is None:
            self._call = channel.stream_stream(path, _serialize, deserializer)(metadata=step.metadata)
        else:
            server_stream = channel.unary_stream(path, _serialize, deserializer)
            self._call = server_stream(step.request, metadata=step.metadata)

    async def write(self, request: Message) -> None:
        """Send a request. A broken stream shows when reading."""
        try:
            await self._call.write(request)
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            return

    async def read(self, timeout_s: float) -> Message | Failure | Ended:
        """The next response. A stream that stays silent longer is ended."""
        try:
            async with asyncio.timeout(timeout_s):
                response = await self._call.read()
        except TimeoutError:
            self.cancel()
            return deadline_failure()
        except grpc.aio.AioRpcError as error:
            return failure_of(error)
        if response is grpc.aio.EOF:
            return Ended()
        assert isinstance(response, Message)
        return response

    def cancel(self) -> None:
        """End the stream."""
        self._call.cancel()


class AwaitingDriver:
    """Owns the channel. It is made at the first call, in the event loop that runs then."""

    def __init__(self, connection: Connection, target: Target) -> None:
        self._connection: Final = connection
        self._target: Final = target
        self._channel: grpc.aio.Channel | None = None
        self._methods: dict[str, Any] = {}
        #: The event loop in which the channel was made.
        self._loop: asyncio.AbstractEventLoop | None = None
        self._alarm: Final = _Alarm()
        self._closed = False

    async def run(self, steps: Steps[R]) -> R:
        """Carry out a computation to its end, which being cancelled is as well."""
        if self._loop is not None and self._loop is not asyncio.get_running_loop():
            raise ConfigurationError("This client was used in another event loop. Make a client of its own in each.")
        answer: object = None
        try:
            while True:
                try:
                    step = steps.send(answer)
                except StopIteration as stop:
                    result: R = stop.value
                    return result
                answer = await self._perform(step)
        finally:
            steps.close()

    async def iterate(self, flow: Flow[R]) -> AsyncIterator[R]:
        """Carry out a computation as far as its values are asked for. It has one stream at a time."""
        stream: AwaitingStream | None = None
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
                answer = await self._perform(step)
                if isinstance(answer, AwaitingStream):
                    if stream is not None:
                        stream.cancel()
                    stream = answer
        finally:
            if stream is not None:
                stream.cancel()

    async def close(self) -> None:
        """End the connection. What is under way ends with an error."""
        self._closed = True
        channel, self._channel = self._channel, None
        if channel is not None:
            await channel.close()

    async def _perform(self, step: Step) -> object:
        match step:
            case Unary():
                return await self._call(step)
            case Sleep():
                await asyncio.sleep(step.seconds)
                return None
            case Turn():
                await asyncio.sleep(0)
                return None
            case Wait():
                await self._alarm.wait(step)
                return None
            case Probe():
                connection = self._connection
                return await asyncio.to_thread(
                    probe, self._target.address, self._target.tls_ca, connection.server_name, step.timeout_s
                )
            case OpenStream():
                return AwaitingStream(self._open(), step)
            case Write():
                assert isinstance(step.stream, AwaitingStream)
                await step.stream.write(step.request)
                return None
            case Read():
                assert isinstance(step.stream, AwaitingStream)
                return await step.stream.read(step.timeout_s)

    async def _call(self, step: Unary) -> object:
        try:
            channel = self._open()
        except ConfigurationError:
            return CLOSED
        call = self._methods.get(step.method.path)
        if call is None:
            call = channel.unary_unary(step.method.path, _serialize, step.method.response.FromString)
            self._methods[step.method.path] = call
        try:
            return await call(step.request, timeout=step.timeout_s, metadata=in_trace(step.metadata))
        except grpc.aio.AioRpcError as error:
            return failure_of(error)
        except asyncio.CancelledError:
            # A channel that closes cancels its calls, which looks the same from here as cancelling the task.
            task = asyncio.current_task()
            if self._closed and task is not None and not task.cancelling():
                return Failure(grpc.StatusCode.CANCELLED, "the client was closed meanwhile")
            raise

    def _open(self) -> grpc.aio.Channel:
        if self._closed:
            raise ConfigurationError(CLIENT_CLOSED)
        if self._channel is None:
            self._loop = asyncio.get_running_loop()
            self._channel = grpc.aio.secure_channel(
                self._target.address, credentials(self._target), options=options(self._connection)
            )
        return self._channel


class _Alarm:
    """Rings bells when their time is over, or a little later: it looks now and then, for a timer of its own for each
    would cost more than all else about waiting."""

    def __init__(self) -> None:
        self._ends_s: dict[asyncio.Future[None], float] = {}
        self._is_looking = False

    async def wait(self, step: Wait) -> None:
        """Wait for the step's bell, or as long as it says."""
        loop = asyncio.get_running_loop()
        bell = loop.create_future()
        if not step.listen(partial(_ring, bell)):
            return
        self._ends_s[bell] = loop.time() + step.timeout_s
        if not self._is_looking:
            self._look(loop)
        try:
            await bell
        finally:
            del self._ends_s[bell]

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now_s = loop.time()
        for bell, end_s in self._ends_s.items():
            if end_s <= now_s:
                _ring(bell)
        self._is_looking = bool(self._ends_s)
        if self._is_looking:
            loop.call_later(_LOOK_S, self._look, loop)


def _ring(bell: asyncio.Future[None]) -> None:
    if not bell.done():
        bell.set_result(None)


def _serialize(message: Message) -> bytes:
    return message.SerializeToString()
