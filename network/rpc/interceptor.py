"""What every call has in common: an id, a log line, and errors that say what to do and give nothing away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any, Final, NoReturn, TypeAlias, cast

import grpc
import structlog
from google.protobuf.message import DecodeError
from google.rpc import status_pb2

from coalition.errors import FieldViolation, Refused, reason_name
from coalition.status import TRAILER, to_status
from coalition.v1 import error_pb2
from network.rpc.calls import REQUEST_ID_KEY, begin_call, request_id
from network.telemetry.calls import CallMetrics
from network.telemetry.tracing import Tracing

# Generic in the types only.
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
Context = grpc.aio.ServicerContext[Any, Any]
Unary = Callable[[Any, Context], Awaitable[Any]]
Streaming = Callable[[Any, Context], AsyncIterator[Any]]
Decoder = Callable[[bytes], Any]

_OURS: Final = "/coalition."
# gRPC carries 8 KiB of metadata for sure. The message stands in it twice, once with bytes that are not ASCII as three.
_MESSAGE_BYTES: Final = 800
_DETAIL_BYTES: Final = 150
_VIOLATIONS_MAX: Final = 8
#: When to try again, where whoever refused does not know better.
_RETRY_AFTER_MS: Final = "100"

_log = structlog.stdlib.get_logger("network.rpc")


class OutOfRange(Refused):
    """A position past the end: the gRPC status OUT_OF_RANGE, by which followers know it (AIP-193)."""


def status_of(refused: Refused) -> status_pb2.Status:
    """What a refusal says on the wire, cut to what fits into metadata."""
    facts = {name: _cut(value, _DETAIL_BYTES) for name, value in refused.facts.items()}
    if refused.reason == error_pb2.REASON_OVERLOADED:
        facts = {"retry_after_ms": _RETRY_AFTER_MS, **facts}
    violations = tuple(
        FieldViolation(_cut(item.field, _DETAIL_BYTES), _cut(item.description, _DETAIL_BYTES))
        for item in refused.violations[:_VIOLATIONS_MAX]
    )
    status = to_status(Refused(refused.reason, _cut(refused.message, _MESSAGE_BYTES), facts, violations))
    if isinstance(refused, OutOfRange):
        status.code = grpc.StatusCode.OUT_OF_RANGE.value[0]
    return status


def _cut(text: str, size: int) -> str:
    """The beginning of a text, in at most `size` bytes of UTF-8."""
    data = text.encode()
    return text if len(data) <= size else data[:size].decode(errors="ignore")


def internal_error(identifier: str) -> Refused:
    """All that a caller learns about an exception that nobody expected; to be called while it is handled."""
    _log.exception("unexpected", error_id=identifier)
    return Refused(
        error_pb2.REASON_INTERNAL,
        f"The hub failed. Tell its operator this id: {identifier}. A write may or may not have been committed: send "
        "the same bytes again.",
        {"error_id": identifier},
    )


class CallInterceptor(grpc.aio.ServerInterceptor):
    """Wraps every method of this protocol; health and reflection are left as they are."""

    def __init__(self, metrics: CallMetrics, tracing: Tracing) -> None:
        self._metrics = metrics
        self._tracing = tracing
        self._wrapped: dict[str, Handler] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        method = handler_call_details.method
        known = self._wrapped.get(method)
        if known is not None:
            return known
        handler = await continuation(handler_call_details)
        if handler is not None and method.startswith(_OURS):
            handler = self._wrapped[method] = _wrap(partial(_Call, self._metrics, self._tracing, method), handler)
        return handler


def _wrap(begin: Callable[[Context], _Call], handler: Handler) -> Handler:
    # gRPC hands over bytes: where they are no message, its own error would show how this program is made.
    decode, encode = _decoder(handler.request_deserializer), handler.response_serializer
    if handler.unary_unary is not None:
        unary = _unary(begin, cast(Unary, handler.unary_unary), decode)
        return grpc.unary_unary_rpc_method_handler(cast(Any, unary), None, encode)
    if handler.unary_stream is not None:
        stream = _streaming(begin, cast(Streaming, handler.unary_stream), decode)
        return grpc.unary_stream_rpc_method_handler(cast(Any, stream), None, encode)
    assert handler.stream_stream is not None, "the protocol has no methods that take a stream and give one answer"
    stream = _streaming(begin, cast(Streaming, handler.stream_stream), partial(_each, decode))
    return grpc.stream_stream_rpc_method_handler(cast(Any, stream), None, encode)


def _decoder(parse: Callable[[bytes], Any] | None) -> Decoder:
    assert parse is not None, "generated code knows its messages"

    def decode(data: bytes) -> Any:
        try:
            return parse(data)
        except DecodeError:
            raise Refused(
                error_pb2.REASON_MALFORMED, "The request is not the message that this method takes."
            ) from None

    return decode


async def _each(decode: Decoder, requests: AsyncIterator[bytes]) -> AsyncIterator[Any]:
    async for data in requests:
        yield decode(data)


def _unary(begin: Callable[[Context], _Call], behavior: Unary, decode: Decoder) -> Unary:
    async def serve(data: bytes, context: Context) -> Any:
        call = begin(context)
        try:
            response = await behavior(decode(data), context)
        except Refused as refused:
            await call.refuse(refused)
        except asyncio.CancelledError:
            call.end("CANCELLED")
            raise
        except Exception:  # noqa: BLE001 - the last resort of every call; logged in full, answered with an id
            await call.refuse(internal_error(call.identifier))
        call.end("OK")
        return response

    return serve


def _streaming(begin: Callable[[Context], _Call], behavior: Streaming, decode: Callable[[Any], Any]) -> Streaming:
    async def serve(data: Any, context: Context) -> AsyncIterator[Any]:
        call = begin(context)
        try:
            async for response in behavior(decode(data), context):
                yield response
        except Refused as refused:
            await call.refuse(refused)
        except (asyncio.CancelledError, GeneratorExit):
            call.end("CANCELLED")
            raise
        except Exception:  # noqa: BLE001 - as above
            await call.refuse(internal_error(call.identifier))
        call.end("OK")

    return serve


class _Call:
    """One call from its first moment to its log line."""

    def __init__(self, metrics: CallMetrics, tracing: Tracing, method: str, context: Context) -> None:
        metadata = context.invocation_metadata() or ()
        self.identifier = request_id(metadata)
        # Without its service: all methods of a hub have different names.
        self._method = method.rpartition("/")[2]
        self._context = context
        self._metrics = metrics
        self._began = time.perf_counter()
        metrics.began(self._method)
        self._trace = tracing.call(method, metadata, self.identifier)
        begin_call(self.identifier, self._method, self._trace.trace_id)
        context.set_trailing_metadata(((REQUEST_ID_KEY, self.identifier),))

    async def refuse(self, refused: Refused) -> NoReturn:
        """End the call with an error. Raises what gRPC wants raised."""
        status = status_of(refused)
        code = next(code for code in grpc.StatusCode if code.value[0] == status.code)
        self._metrics.refused(refused)
        self.end(code.name, reason=reason_name(refused.reason))
        await self._context.abort(
            code,
            status.message,
            ((REQUEST_ID_KEY, self.identifier), (TRAILER, status.SerializeToString())),
        )
        raise AssertionError("abort raises")

    def end(self, status: str, **facts: str) -> None:
        seconds = time.perf_counter() - self._began
        self._metrics.ended(self._method, status, seconds)
        self._trace.end(status, facts.get("reason", ""))
        _log.info("call", status=status, duration_ms=round(seconds * 1_000, 1), **facts)
