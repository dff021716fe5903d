"""Traces of single calls, where OpenTelemetry's standard variables ask for them; else nothing of it is imported."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple, Protocol

from coalition.envelope import OpenedEnvelope
from network.journal.stages import Batch

#: Each of them says that traces are wanted.
_ASKING: Final = ("OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")

Metadata = Iterable[tuple[str, str | bytes]]


class TracingError(Exception):
    """Traces are asked for that cannot be made. The text says why, and what to do."""


class CallTrace(Protocol):
    """One call, from its first moment to its answer."""

    #: In hexadecimal; empty where the call is not recorded.
    trace_id: str

    def end(self, code: str, reason: str) -> None:
        """`code` is the name of a gRPC status; `reason` why it was refused, if it was."""


class Linked(NamedTuple):
    """A batch's span, and those of the envelopes in it, as W3C trace contexts."""

    batch: str
    envelopes: tuple[str, ...]


class EnvelopeTrace(Protocol):
    """One envelope, from its bytes to its answer."""

    #: Its span, as W3C trace context; empty where it is not recorded.
    traceparent: str

    def admitted(self, envelope: OpenedEnvelope) -> None:
        """It was found right, and is about to be handed to the writer."""

    def end(self, error: BaseException | None) -> None:
        """It was answered, or ended otherwise."""


class Tracing(Protocol):
    """What the parts of a hub tell: `batch` from the writer's thread, the rest from the loop that serves calls."""

    def call(self, method: str, metadata: Metadata, request_id: str) -> CallTrace:
        """A call has come in. What follows in the same task is part of it."""

    def envelope(self) -> EnvelopeTrace:
        """An envelope came with the call that this task serves, if it serves one."""

    def batch(self, batch: Batch) -> Linked | None:
        """A batch went through the database. None where no envelope in it is recorded."""

    def link(self, linked: Linked) -> None:
        """Link those of this process's envelopes to their batch that were in it. Before they are answered."""

    def close(self) -> None:
        """Hand over what is not handed over yet. Blocks for some seconds if nobody takes it."""


class _Off:
    """Traces nothing, whatever it is told."""

    trace_id = ""

    def call(self, method: str, metadata: Metadata, request_id: str) -> CallTrace:
        return _NO_CALL

    def envelope(self) -> EnvelopeTrace:
        return NO_ENVELOPE

    def batch(self, batch: Batch) -> Linked | None:
        return None

    def link(self, linked: Linked) -> None:
        pass

    def close(self) -> None:
        pass


class _NoCall:
    trace_id = ""

    def end(self, code: str, reason: str) -> None:
        pass


class _NoEnvelope:
    traceparent = ""

    def admitted(self, envelope: OpenedEnvelope) -> None:
        pass

    def end(self, error: BaseException | None) -> None:
        pass


_NO_CALL: Final = _NoCall()
NO_ENVELOPE: Final = _NoEnvelope()
NO_TRACING: Final = _Off()


def tracing_from(environment: Mapping[str, str]) -> Tracing:
    """What the variables OTEL_* ask for. Raises TracingError."""
    asked = any(environment.get(name) for name in _ASKING) and environment.get("OTEL_TRACES_EXPORTER") != "none"
    if not asked or environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return NO_TRACING
    try:
        from network.telemetry import spans
    except ModuleNotFoundError as error:
        raise TracingError(
            f"The environment asks for traces, but {error.name} is not installed. Install coalition-points[otel], or "
            "set OTEL_SDK_DISABLED=true."
        ) from error
    return spans.Spans(spans.provider_from(environment))
