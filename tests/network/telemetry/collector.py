"""A collector of traces on a real port, speaking OTLP, that keeps what it is sent."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as pb
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc
from opentelemetry.proto.trace.v1.trace_pb2 import Span

WAIT_S = 20.0


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """Where a hub sends its spans."""

    def __init__(self) -> None:
        self.address = ""
        self.services: set[str] = set()
        self._spans: list[Span] = []

    def Export(
        self, request: pb.ExportTraceServiceRequest, context: grpc.ServicerContext
    ) -> pb.ExportTraceServiceResponse:
        for resource in request.resource_spans:
            for attribute in resource.resource.attributes:
                if attribute.key == "service.name":
                    self.services.add(attribute.value.string_value)
            for scope in resource.scope_spans:
                self._spans += scope.spans
        return pb.ExportTraceServiceResponse()

    def wait_for(self, wanted: Callable[[Span], bool]) -> Span:
        """The first span that is wanted, once it has come."""
        deadline = time.monotonic() + WAIT_S
        while not (found := [span for span in tuple(self._spans) if wanted(span)]):
            assert time.monotonic() < deadline, sorted({span.name for span in self._spans})
            time.sleep(0.02)
        return found[0]


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector that listens."""
    collector = Collector()
    server = grpc.server(ThreadPoolExecutor(2))
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(collector, server)
    collector.address = f"localhost:{server.add_insecure_port('localhost:0')}"
    server.start()
    try:
        yield collector
    finally:
        server.stop(None).wait()
