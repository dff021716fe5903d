"""The trace that a call belongs to, where the program that uses the SDK traces with OpenTelemetry. Else nothing."""

from __future__ import annotations

import sys

from partner_sdk._steps import Metadata


def in_trace(metadata: Metadata) -> Metadata:
    """A call's metadata, with W3C trace context where a span is active around the call."""
    # A program that traces has loaded it; for any other this is all that it costs.
    if "opentelemetry.trace" not in sys.modules:
        return metadata
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    context: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(context)
    return (*metadata, *context.items())
