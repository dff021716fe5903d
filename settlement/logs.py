"""The service's log: one line an event, JSON for machines or a console form for people, on standard error.

A request's id and its party stand on every line of it. Payloads, positions and keys are never logged.
"""

from __future__ import annotations

import logging
import sys
from typing import Final, Literal, TextIO

import structlog
from structlog.typing import Processor

LogFormat = Literal["json", "console"]

_SHARED: Final[tuple[Processor, ...]] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)
# The values of variables would show tokens and payloads.
_TRACEBACKS: Final = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
)


def configure_logs(form: LogFormat, stream: TextIO | None = None) -> None:
    """Send everything that this process logs, libraries included, to `stream` (standard error) in one form."""
    target = stream or sys.stderr
    renderer: tuple[Processor, ...]
    if form == "json":
        renderer = (_TRACEBACKS, structlog.processors.JSONRenderer())
    else:
        plain = structlog.dev.plain_traceback
        renderer = (structlog.dev.ConsoleRenderer(colors=target.isatty(), exception_formatter=plain),)
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(target)
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
