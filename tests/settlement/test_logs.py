"""The service's log: what went wrong, and nothing that a reader of logs should not see."""

from __future__ import annotations

import io

import pytest
import structlog

from settlement.logs import LogFormat, configure_logs

pytestmark = pytest.mark.usefixtures("own_logging")

# Put together, so that no line of source has it.
SECRET = "-".join(("very", "secret"))


def fail_with(authorization: str) -> None:
    """Fail while a secret is at hand."""
    assert authorization
    raise KeyError("an unexpected thing")


@pytest.mark.parametrize("form", ["json", "console"])
def test_tracebacks_show_no_values(form: LogFormat) -> None:
    """An unexpected exception is logged with its place, but without the tokens and payloads that were at hand there."""
    stream = io.StringIO()
    configure_logs(form, stream)
    try:
        fail_with(f"Bearer {SECRET}")
    except KeyError:
        structlog.stdlib.get_logger(f"test.{form}").exception("unexpected")
    assert "an unexpected thing" in stream.getvalue()
    assert "fail_with" in stream.getvalue()
    assert SECRET not in stream.getvalue()
