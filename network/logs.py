"""The hub's log: one line an event, JSON for machines or a console form for people, on standard error.

A request's id and its party are bound to the call's context and stand on every line of it. Payloads, codes and keys are
never logged.
"""

from __future__ import annotations

import logging
import os
import sys
from contextvars import ContextVar
from typing import Final, Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor

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


def route_logs() -> None:
    """Hand our own events to the standard library's logging, as libraries hand theirs."""
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def configure_logs(form: LogFormat, stream: TextIO | None = None) -> None:
    """Send everything that this process logs, libraries included, to `stream` (standard error) in one form."""
    renderer: tuple[Processor, ...]
    if form == "json":
        renderer = (_TRACEBACKS, structlog.processors.JSONRenderer())
    else:
        colors = (stream or sys.stderr).isatty()
        renderer = (structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=structlog.dev.plain_traceback),)
    route_logs()
    # A line names neither its place in the program nor its thread, so nobody needs to look for them.
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_SHARED,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
        )
    )
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    # A migration that finds nothing to do is no news.
    logging.getLogger("alembic").setLevel(logging.WARNING)
