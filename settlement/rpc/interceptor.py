"""Around every call: a request id, one line in the log, and errors as google.rpc.Status."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NoReturn, TypeAlias

import grpc
import structlog
from google.protobuf.message import DecodeError

from coalition.errors import Refused, reason_name, status_code
from coalition.status import TRAILER, to_status
from coalition.v1 import error_pb2

REQUEST_ID_KEY: Final = "x-request-id"

_SANE: Final = re.compile(r"[A-Za-z0-9._-]{8,64}")
_OURS: Final = "/coalition."
# gRPC carries 8 KiB of metadata for sure. The message stands in it twice, once with bytes that are not ASCII as three.
_MESSAGE_BYTES: Final = 800
_FACT_BYTES: Final = 150

_log = structlog.stdlib.get_logger("settlement.rpc")
_Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
_Unary = Callable[[Any, grpc.ServicerContext], Any]
_Streaming = Callable[[Any, grpc.ServicerContext], Iterator[Any]]
_Parse = Callable[[bytes], Any] | None


class CallInterceptor(grpc.ServerInterceptor):
    """Wraps the protocol's own methods; health and reflection are left as they are."""

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], _Handler | None],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> _Handler | None:
        handler = continuation(handler_call_details)
        method = handler_call_details.method
        if handler is None or not method.startswith(_OURS):
            return handler
        name, parse, encode = method.rpartition("/")[2], handler.request_deserializer, handler.response_serializer
        # gRPC hands over bytes: where they are no message, its own error would not be one of this protocol.
        if handler.unary_stream is not None:
            return grpc.unary_stream_rpc_method_handler(_streaming(handler.unary_stream, name, parse), None, encode)
        assert handler.unary_unary is not None, "the protocol has no methods here that take a stream"
        return grpc.unary_unary_rpc_method_handler(_serving(handler.unary_unary, name, parse), None, encode)


def _serving(behavior: _Unary, method: str, parse: _Parse) -> _Unary:
    def serve(data: bytes, context: grpc.ServicerContext) -> Any:
        call = _Call(method, context)
        try:
            response = behavior(_parsed(parse, data), context)
        except Refused as refused:
            call.refuse(refused)
        except Exception:  # noqa: BLE001 - the last resort of every call; logged in full, answered with an id
            call.fail()
        call.end("OK")
        return response

    return serve


def _streaming(behavior: _Streaming, method: str, parse: _Parse) -> _Streaming:
    def serve(data: bytes, context: grpc.ServicerContext) -> Iterator[Any]:
        call = _Call(method, context)
        try:
            yield from behavior(_parsed(parse, data), context)
        except GeneratorExit:
            # The caller went away, or its deadline came.
            call.end("CANCELLED")
            raise
        except Refused as refused:
            call.refuse(refused)
        except Exception:  # noqa: BLE001 - as above
            call.fail()
        call.end("OK")

    return serve


def _parsed(parse: _Parse, data: bytes) -> Any:
    assert parse is not None, "generated code knows its messages"
    try:
        return parse(data)
    except DecodeError:
        raise Refused(error_pb2.REASON_MALFORMED, "The request is not the message that this method takes.") from None


class _Call:
    """One call from its first moment to its log line."""

    def __init__(self, method: str, context: grpc.ServicerContext) -> None:
        self.identifier = _request_id(context.invocation_metadata())
        self._context = context
        self._began = time.perf_counter()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=self.identifier, method=method, party="")
        context.set_trailing_metadata(((REQUEST_ID_KEY, self.identifier),))

    def refuse(self, refused: Refused) -> NoReturn:
        """End the call with an error. Raises what gRPC wants raised."""
        facts = {name: _cut(value, _FACT_BYTES) for name, value in refused.facts.items()}
        message = _cut(refused.message, _MESSAGE_BYTES)
        status = to_status(Refused(refused.reason, message, facts, refused.violations))
        code = status_code(refused.reason)
        self.end(code.name, reason=reason_name(refused.reason))
        self._context.set_trailing_metadata(((REQUEST_ID_KEY, self.identifier), (TRAILER, status.SerializeToString())))
        self._context.abort(code, status.message)

    def fail(self) -> NoReturn:
        """End the call that raised what nobody foresaw. Raises what gRPC wants raised."""
        _log.exception("unexpected", error_id=self.identifier)
        self.refuse(
            Refused(
                error_pb2.REASON_INTERNAL,
                f"The settlement service failed. Tell its operator this id: {self.identifier}.",
                {"error_id": self.identifier},
            )
        )

    def end(self, status: str, **facts: str) -> None:
        """The call's one line in the log."""
        duration_ms = round((time.perf_counter() - self._began) * 1_000, 1)
        _log.info("call", status=status, duration_ms=duration_ms, **facts)


def _cut(text: str, size: int) -> str:
    """The beginning of a text, in at most `size` bytes of UTF-8."""
    data = text.encode()
    return text if len(data) <= size else data[:size].decode(errors="ignore")


def _request_id(metadata: Iterable[tuple[str, str | bytes]]) -> str:
    """The caller's own request id where it is short and plain, else a new one."""
    for key, value in metadata:
        if key == REQUEST_ID_KEY and isinstance(value, str) and _SANE.fullmatch(value):
            return value
    return uuid.uuid4().hex
