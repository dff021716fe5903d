"""Calls belong to the trace of the program that makes them."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from network.telemetry.spans import Spans
from partner_sdk import AsyncClient, Client, Connection
from tests.network.conftest import running_hub
from tests.network.town import NETWORK_ID, key_of

#: Of a till's program.
TRACER = TracerProvider(shutdown_on_exit=False).get_tracer("till")


@dataclass(frozen=True, slots=True)
class Traced:
    """A connection to a hub that traces, and what it has traced."""

    connection: Connection
    kept: InMemorySpanExporter

    def traces(self) -> set[int]:
        """The traces that the hub's calls belong to."""
        return {span.get_span_context().trace_id for span in self.kept.get_finished_spans() if "Service/" in span.name}


@pytest.fixture(scope="module")
def traced_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traced]:
    """One hub for the tests of this module."""
    kept, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    with running_hub(tmp_path_factory.mktemp("traced") / "hub", tracing=Spans(provider)) as hub:
        connection = Connection(
            network_id=NETWORK_ID,
            party_id="grocer",
            address=hub.address,
            hub_keys=(hub.hub_key,),
            keys=(key_of("grocer"),),
            tls_ca=(hub.config.tls / "ca.pem").read_bytes(),
            clock=hub.clock,
        )
        yield Traced(connection, kept)


@pytest.fixture
def traced(traced_hub: Traced) -> Traced:
    """That hub, without the spans of earlier tests."""
    traced_hub.kept.clear()
    return traced_hub


def test_call_is_part_of_the_span_around_it(traced: Traced) -> None:
    """A blocking client's call belongs to the trace of the program's own span, and without one to none."""
    with Client(traced.connection) as client:
        with TRACER.start_as_current_span("sale") as sale:
            client.checkpoint()
        assert traced.traces() == {sale.get_span_context().trace_id}
        client.checkpoint()
        assert len(traced.traces()) == 2


def test_awaited_call_is_part_of_the_span_around_it(traced: Traced) -> None:
    """So does an asyncio client's."""

    async def sell() -> int:
        async with AsyncClient(traced.connection) as client:
            with TRACER.start_as_current_span("sale") as sale:
                await client.checkpoint()
                return sale.get_span_context().trace_id

    trace = asyncio.run(sell())
    assert traced.traces() == {trace}


def test_program_that_does_not_trace_loads_nothing() -> None:
    """The SDK does not load OpenTelemetry by itself, installed or not."""
    program = (
        "import sys, partner_sdk._tracing as tracing; assert tracing.in_trace((('a', 'b'),)) == (('a', 'b'),); "
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout.strip() == "[]"
