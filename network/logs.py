"""The hub's log: one line an event, JSON for machines or a console form for people, on standard error.

A request's id and its party are bound to the call's context and stand on every line of it. Payloads, codes and keys are
never logged.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from contextvars import ContextVar
from typing import Final, Literal, TextIO, cast

import structlog
from structlog.typing import EventDict, Processor, ProcessorReturnValue

LogFormat = Literal["json", "console"]

#: What every line says that is logged while a call is served. One dictionary a call: setting a context variable for
#: each of its facts would take as long as writing the line.
facts_of_call: Final[ContextVar[dict[str, object]]] = ContextVar("facts_of_call")


def _add_facts(_logger: object, _name: str, event: EventDict) -> EventDict:
    facts = facts_of_call.get(None)
    return event if facts is None else {**facts, **event}


def _add_process(_logger: object, _name: str, event: EventDict) -> EventDict:
    """A hub's processes write to one stream."""
    event["pid"] = os.getpid()
    return event


_SHARED: Final[tuple[Processor, ...]] = (
    _add_facts,
    _add_process,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)
# The values of variables would show payloads and keys.
_TRACEBACKS: Final = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
)


# One encoder for all lines: making it takes as long as a line.
_encode: Final = json.JSONEncoder(default=repr).encode


def _as_json(_logger: object, _name: str, event: EventDict) -> str:
    return _encode(event)


class _Lines(logging.StreamHandler[TextIO]):
    """Writes lines of one form: libraries' records, as every handler does, and our own events without such a record,
    which would take longer than all else about them. Neither raises when the stream takes no more."""

    def __init__(self, stream: TextIO, renderer: tuple[Processor, ...]) -> None:
        super().__init__(stream)
        self._renderer = renderer
        self.setFormatter(
            structlog.stdlib.ProcessorFormatter(
                foreign_pre_chain=_SHARED,
                processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
            )
        )

    def write(self, logger: object, name: str, event: EventDict) -> None:
        """Write an event of our own that has all its facts."""
        try:
            line: object = event
            for process in self._renderer:
                line = process(logger, name, cast(EventDict, line))
            self.acquire()
            try:
                self.stream.write(f"{line}{self.terminator}")
                self.stream.flush()
            finally:
                self.release()
        except Exception:  # noqa: BLE001 - said as the standard library says it; a call does not fail for its log line
            self.handleError(logging.makeLogRecord({"msg": event}))


def _hand_over(logger: object, name: str, event: EventDict) -> ProcessorReturnValue:
    """An event's last step: to the one who writes lines, or to the standard library where others listen at its root."""
    handlers = logging.root.handlers
    if len(handlers) == 1 and isinstance(lines := handlers[0], _Lines):
        lines.write(logger, name, event)
        raise structlog.DropEvent
    return structlog.stdlib.ProcessorFormatter.wrap_for_formatter(cast(logging.Logger, logger), name, event)


def route_logs() -> None:
    """Hand our own events to whoever handles the standard library's, as libraries hand theirs."""
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *_SHARED, _hand_over],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def configure_logs(form: LogFormat, stream: TextIO | None = None) -> None:
    """Send everything that this process logs, libraries included, to `stream` (standard error) in one form."""
    renderer: tuple[Processor, ...]
    if form == "json":
        renderer = (_TRACEBACKS, _as_json)
    else:
        colors = (stream or sys.stderr).isatty()
        renderer = (structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=structlog.dev.plain_traceback),)
    route_logs()
    # A line names neither its place in the program nor its thread, so nobody needs to look for them.
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(_Lines(stream or sys.stderr, renderer))
    root.setLevel(logging.INFO)
    # A migration that finds nothing to do is no news.
    logging.getLogger("alembic").setLevel(logging.WARNING)
