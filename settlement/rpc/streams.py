"""A bound on streams that anybody may open, without a token: each holds a thread for as long as its caller likes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import BoundedSemaphore
from typing import Any, Final, TypeAlias

import grpc

#: Streams of reflection at once. Few, so that threads are left for the service's own calls.
STREAMS_MAX: Final = 2

_Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
_Streaming = Callable[[Iterator[Any], grpc.ServicerContext], Iterator[Any]]


class StreamLimit(grpc.ServerInterceptor):
    """Refuses streams in both directions beyond STREAMS_MAX; the service itself has none, reflection has."""

    def __init__(self) -> None:
        self._places = BoundedSemaphore(STREAMS_MAX)

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], _Handler | None],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> _Handler | None:
        handler = continuation(handler_call_details)
        if handler is None or handler.stream_stream is None:
            return handler
        return grpc.stream_stream_rpc_method_handler(
            self._limited(handler.stream_stream),
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )

    def _limited(self, behavior: _Streaming) -> _Streaming:
        def serve(requests: Iterator[Any], context: grpc.ServicerContext) -> Iterator[Any]:
            if not self._places.acquire(blocking=False):
                context.abort(
                    grpc.StatusCode.RESOURCE_EXHAUSTED,
                    f"{STREAMS_MAX} streams are open already. Try again when one of them has ended.",
                )
            try:
                yield from behavior(requests, context)
            finally:
                self._places.release()

        return serve
