"""Traces as OpenTelemetry's spans. Imported only where traces are configured.

A call's span has a child for each envelope that came with it, and that one a child for its admission. A batch belongs
to many calls: it is a child of the first envelope in it that is recorded, and every recorded envelope links to it.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from importlib.metadata import entry_points, version
from typing import Final

import grpc
from opentelemetry.context import Context
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import Link, Span, SpanKind, StatusCode, format_trace_id, get_current_span, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from coalition.envelope import OpenedEnvelope
from coalition.errors import Refused, reason_name
from coalition.v1 import error_pb2
from network.journal.stages import Batch
from network.telemetry.tracing import NO_ENVELOPE, CallTrace, EnvelopeTrace, Linked, Metadata, TracingError

_DISTRIBUTION: Final = "coalition-points"
_EXPORTERS: Final = "opentelemetry_traces_exporter"
_OTLP: Final = {"grpc": "otlp_proto_grpc", "http/protobuf": "otlp_proto_http"}
_CONTEXT_KEYS: Final = ("traceparent", "tracestate")
#: Statuses by which a server says that the failure is its own.
_OWN_FAILURES: Final = frozenset({"UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE"})

_PROPAGATOR: Final = TraceContextTextMapPropagator()
#: The call that a task serves.
_SERVED: Final[ContextVar[Span | None]] = ContextVar("served", default=None)


class Spans:
    """Tells a provider of calls, envelopes and batches."""

    def __init__(self, provider: TracerProvider) -> None:
        """The provider is shut down with it."""
        self._provider = provider
        self._tracer = provider.get_tracer("coalition.hub", version(_DISTRIBUTION))
        self._waiting = _Waiting()

    def call(self, method: str, metadata: Metadata, request_id: str) -> CallTrace:
        carrier = {key: value for key, value in metadata if key in _CONTEXT_KEYS and isinstance(value, str)}
        _, service, name = method.split("/")
        span = self._tracer.start_span(
            f"{service}/{name}",
            _PROPAGATOR.extract(carrier, Context()),
            SpanKind.SERVER,
            {"rpc.system": "grpc", "rpc.service": service, "rpc.method": name, "coalition.request_id": request_id},
        )
        _SERVED.set(span)
        return _CallSpan(span)

    def envelope(self) -> EnvelopeTrace:
        served = _SERVED.get()
        if served is None or not served.is_recording():
            return NO_ENVELOPE
        span = self._tracer.start_span("envelope", _below(served))
        return _EnvelopeSpan(span, self._tracer.start_span("admission", _below(span)), self._waiting)

    def batch(self, batch: Batch) -> Linked | None:
        envelopes = tuple(filter(None, batch.traceparents))
        if not envelopes:
            return None
        first, *others = map(_context_of, envelopes)
        span = self._tracer.start_span(
            "batch",
            first,
            attributes={
                "coalition.envelopes": len(batch.envelopes),
                "coalition.transactions": sum(len(envelope.transactions) for envelope in batch.envelopes),
            },
            links=[Link(get_current_span(other).get_span_context()) for other in others],
            start_time=batch.began_ns,
        )
        moment_ns = batch.began_ns
        for name, seconds in batch.laps:
            stage = self._tracer.start_span(name, _below(span), start_time=moment_ns)
            moment_ns += round(seconds * 1_000_000_000)
            stage.end(moment_ns)
        if batch.results is None:
            span.set_status(StatusCode.ERROR)
        span.end(moment_ns)
        return Linked(_traceparent(span), envelopes)

    def link(self, linked: Linked) -> None:
        batch = get_current_span(_context_of(linked.batch)).get_span_context()
        for span in self._waiting.of(linked.envelopes):
            span.add_link(batch)

    def close(self) -> None:
        self._provider.shutdown()


class _CallSpan:
    def __init__(self, span: Span) -> None:
        self._span = span
        self.trace_id = format_trace_id(span.get_span_context().trace_id) if span.is_recording() else ""

    def end(self, code: str, reason: str) -> None:
        self._span.set_attribute("rpc.grpc.status_code", grpc.StatusCode[code].value[0])
        if reason:
            self._span.set_attribute("coalition.reason", reason)
        if code in _OWN_FAILURES:
            self._span.set_status(StatusCode.ERROR)
        self._span.end()


class _EnvelopeSpan:
    def __init__(self, span: Span, admission: Span, waiting: _Waiting) -> None:
        self.traceparent = _traceparent(span)
        self._span = span
        self._admission: Span | None = admission
        self._waiting = waiting

    def admitted(self, envelope: OpenedEnvelope) -> None:
        assert self._admission is not None, "an envelope is admitted once"
        self._admission.end()
        self._admission = None
        self._span.set_attribute("coalition.author", envelope.header.author)
        self._span.set_attribute("coalition.transactions", len(envelope.transactions))
        self._waiting.put(self.traceparent, self._span)

    def end(self, error: BaseException | None) -> None:
        if self._admission is None:
            self._waiting.drop(self.traceparent)
        else:
            self._admission.end()
        if isinstance(error, Refused):
            self._span.set_attribute("coalition.reason", reason_name(error.reason))
            failed = error.reason == error_pb2.REASON_INTERNAL
        else:
            failed = isinstance(error, Exception)
        if failed:
            self._span.set_status(StatusCode.ERROR)
        self._span.end()


class _Waiting:
    """Envelopes of this process that were handed to the writer, by their trace contexts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spans: dict[str, Span] = {}

    def put(self, traceparent: str, span: Span) -> None:
        with self._lock:
            self._spans[traceparent] = span

    def drop(self, traceparent: str) -> None:
        with self._lock:
            del self._spans[traceparent]

    def of(self, traceparents: Sequence[str]) -> list[Span]:
        """Those among them that wait here."""
        with self._lock:
            return [self._spans[traceparent] for traceparent in traceparents if traceparent in self._spans]


def provider_from(environment: Mapping[str, str]) -> TracerProvider:
    """A provider with the resource, sampler, limits and exporters of the process's environment. Raises TracingError."""
    own = Resource.create({"service.name": "coalition-hub", "service.version": version(_DISTRIBUTION)})
    provider = TracerProvider(resource=own.merge(OTELResourceDetector().detect()), shutdown_on_exit=False)
    for name in (environment.get("OTEL_TRACES_EXPORTER") or "otlp").split(","):
        provider.add_span_processor(BatchSpanProcessor(_exporter(name.strip(), environment)))
    return provider


def _exporter(name: str, environment: Mapping[str, str]) -> SpanExporter:
    if name == "otlp":
        spoken = environment.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") or environment.get("OTEL_EXPORTER_OTLP_PROTOCOL")
        name = _OTLP.get(spoken or "grpc", spoken or "")
    found = tuple(entry_points(group=_EXPORTERS, name=name))
    if not found:
        installed = ", ".join(sorted(entry_points(group=_EXPORTERS).names))
        raise TracingError(f"The environment asks for the exporter of traces {name!r}. Installed are: {installed}.")
    exporter: SpanExporter = found[0].load()()
    return exporter


def _below(parent: Span) -> Context:
    return set_span_in_context(parent, Context())


def _context_of(traceparent: str) -> Context:
    return _PROPAGATOR.extract({"traceparent": traceparent}, Context())


def _traceparent(span: Span) -> str:
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier, _below(span))
    return carrier["traceparent"]
