"""Traces: nothing unless they are asked for, and then a call's whole way through the hub."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from coalition.v1.ledger_service_pb2 import SubmitRequest, SubmitStreamRequest
from network.journal.stages import STAGES
from network.telemetry.spans import Spans
from network.telemetry.tracing import NO_TRACING, TracingError, tracing_from
from tests.network.conftest import CALL_S, RunningHub, running_hub

TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = "b7ad6b7169203331"
SUBMIT = "coalition.v1.LedgerService/Submit"


@dataclass(frozen=True, slots=True)
class Traced:
    """A hub, and the spans that it has ended."""

    hub: RunningHub
    kept: InMemorySpanExporter

    def spans(self) -> list[ReadableSpan]:
        """In the order in which they ended."""
        return list(self.kept.get_finished_spans())

    def named(self, name: str) -> ReadableSpan:
        """The one with this name."""
        (found,) = [span for span in self.spans() if span.name == name]
        return found

    def submit(self, data: bytes, traceparent: str = "") -> None:
        """Send an envelope, as part of a trace if one is given."""
        metadata = (("traceparent", traceparent),) if traceparent else ()
        self.hub.ledger.Submit(SubmitRequest(envelope=data), timeout=CALL_S, metadata=metadata)


@pytest.fixture(scope="module")
def traced_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traced]:
    """One hub for the tests of this module."""
    kept, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    with running_hub(tmp_path_factory.mktemp("traced") / "hub", tracing=Spans(provider)) as running:
        yield Traced(running, kept)


@pytest.fixture
def traced(traced_hub: Traced) -> Traced:
    """That hub, without the spans of earlier tests."""
    traced_hub.kept.clear()
    return traced_hub


def parent_of(span: ReadableSpan) -> int | None:
    return None if span.parent is None else span.parent.span_id


def id_of(span: ReadableSpan) -> int:
    return span.get_span_context().span_id


def test_call_belongs_to_its_caller_s_trace(traced: Traced) -> None:
    """W3C trace context in a call's metadata makes the call's span part of the caller's trace."""
    traced.submit(traced.hub.town.data("grocer", traced.hub.town.enrol("anna")), f"00-{TRACE}-{CALLER}-01")
    call = traced.named(SUBMIT)
    assert f"{call.get_span_context().trace_id:032x}" == TRACE
    assert parent_of(call) == int(CALLER, 16)
    assert call.kind is SpanKind.SERVER
    assert call.attributes is not None
    assert call.attributes["rpc.method"] == "Submit"
    assert call.attributes["rpc.grpc.status_code"] == 0


def test_envelope_is_followed_through_its_batch(traced: Traced) -> None:
    """Below the call: the envelope, its admission, and the batch with its stages one after the other; and the envelope
    links to the batch."""
    town = traced.hub.town
    traced.submit(town.data("grocer", town.enrol("ben"), town.issue("ben", 5)))
    call, envelope, batch = traced.named(SUBMIT), traced.named("envelope"), traced.named("batch")
    assert parent_of(call) is None
    assert parent_of(envelope) == id_of(call)
    assert parent_of(traced.named("admission")) == id_of(envelope)
    assert parent_of(batch) == id_of(envelope)
    assert [link.context.span_id for link in envelope.links] == [id_of(batch)]
    stages = [traced.named(stage) for stage in STAGES]
    assert {parent_of(stage) for stage in stages} == {id_of(batch)}
    assert [stage.start_time for stage in stages[1:]] == [stage.end_time for stage in stages[:-1]]
    assert (batch.start_time, batch.end_time) == (stages[0].start_time, stages[-1].end_time)
    assert envelope.attributes == {"coalition.author": "grocer", "coalition.transactions": 2}
    assert batch.attributes == {"coalition.envelopes": 1, "coalition.transactions": 2}


def test_batch_of_many_is_linked_both_ways(traced: Traced) -> None:
    """A batch is below its first envelope and links to the others; every envelope of a stream links to its batch."""
    town = traced.hub.town
    requests = [SubmitStreamRequest(envelope=town.data("grocer", town.enrol(f"many-{number}"))) for number in range(20)]
    assert len(list(traced.hub.ledger.SubmitStream(iter(requests), timeout=CALL_S))) == 20
    spans = traced.spans()
    batches = {id_of(span): span for span in spans if span.name == "batch"}
    envelopes = [span for span in spans if span.name == "envelope"]
    assert len(envelopes) == 20
    linked: set[int] = set()
    for envelope in envelopes:
        (link,) = envelope.links
        batch = batches[link.context.span_id]
        reached = {parent_of(batch), *(other.context.span_id for other in batch.links)}
        assert id_of(envelope) in reached
        linked.add(id_of(batch))
    assert linked == batches.keys()


def test_refusal_stands_in_the_trace(traced: Traced) -> None:
    """A refused envelope ends its spans with the reason; that is no failure of the hub's."""
    with pytest.raises(grpc.RpcError):
        traced.submit(b"no envelope")
    for name in (SUBMIT, "envelope"):
        span = traced.named(name)
        assert span.attributes is not None
        assert span.attributes["coalition.reason"] == "MALFORMED"
        assert span.status.status_code is StatusCode.UNSET
    assert "batch" not in {span.name for span in traced.spans()}


def test_caller_that_does_not_record_is_not_recorded(traced: Traced) -> None:
    """Where the caller's trace is not sampled, the hub makes no span of it."""
    traced.submit(traced.hub.town.data("grocer", traced.hub.town.enrol("cleo")), f"00-{TRACE}-{CALLER}-00")
    assert traced.spans() == []


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4317"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4317", "OTEL_SDK_DISABLED": "true"},
        {"OTEL_SERVICE_NAME": "hub-1"},
    ],
)
def test_nothing_is_traced_unless_asked_for(environment: dict[str, str]) -> None:
    """Without an exporter or an endpoint, or with the SDK disabled, there are no traces."""
    assert tracing_from(environment) is NO_TRACING


def test_nothing_is_imported_unless_asked_for() -> None:
    """A hub that is not told to trace does not load OpenTelemetry."""
    program = "import sys, network.cli.serve; print([name for name in sys.modules if 'opentelemetry' in name])"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "'zipkin'. Installed are: console, otlp_proto_grpc"),
        ({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, "'otlp_proto_http'"),
        ({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "smoke"}, "'smoke'"),
    ],
)
def test_exporter_that_is_not_installed_is_told(environment: dict[str, Any], message: str) -> None:
    """The sentence names what was asked for, and what there is."""
    with pytest.raises(TracingError, match=message):
        tracing_from(environment)


def test_missing_library_is_told() -> None:
    """Where traces are asked for and OpenTelemetry is not installed, the sentence says what to install."""
    program = (
        "import sys; sys.modules['opentelemetry'] = None\n"
        "from network.telemetry.tracing import tracing_from\n"
        "tracing_from({'OTEL_TRACES_EXPORTER': 'otlp'})"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert "TracingError" in ran.stderr
    assert "Install coalition-points[otel]" in ran.stderr
