"""The hub's log: one line an event, in one form, whoever logs."""

from __future__ import annotations

import io
import json
import logging

import pytest
import structlog
from structlog.stdlib import BoundLogger

from network.logs import configure_logs, facts_of_call

pytestmark = pytest.mark.usefixtures("own_logging")


@pytest.fixture
def log(request: pytest.FixtureRequest) -> BoundLogger:
    """A logger that nobody has used yet."""
    logger: BoundLogger = structlog.stdlib.get_logger(request.node.name)
    return logger


class FullDisk(io.StringIO):
    """A stream that takes nothing."""

    def write(self, text: str, /) -> int:
        raise OSError("no space left on device")


def test_own_events_and_those_of_libraries_have_one_form(log: BoundLogger) -> None:
    """Both have the call's facts, the process, the level and the time; an event's own facts come where they came."""
    stream = io.StringIO()
    configure_logs("json", stream)
    token = facts_of_call.set({"request_id": "till-7", "party": "grocer"})
    log.warning("ours", status="OK", what=b"bytes")
    logging.getLogger("library").warning("%s", "theirs")
    facts_of_call.reset(token)
    ours, theirs = map(json.loads, stream.getvalue().splitlines())
    assert list(ours) == ["request_id", "party", "status", "what", "event", "pid", "level", "timestamp"]
    assert (ours["event"], ours["what"]) == ("ours", "b'bytes'")
    assert theirs["event"] == "theirs"
    for fact in ("request_id", "party", "pid", "level"):
        assert ours[fact] == theirs[fact]


def test_what_is_below_the_level_is_not_written(log: BoundLogger) -> None:
    """Neither our own details nor those of libraries."""
    stream = io.StringIO()
    configure_logs("json", stream)
    log.debug("ours")
    logging.getLogger("library").debug("theirs")
    assert stream.getvalue() == ""


def test_the_last_stream_gets_what_is_logged(log: BoundLogger) -> None:
    """A logger that was in use before goes with it."""
    first, second = io.StringIO(), io.StringIO()
    configure_logs("console", first)
    log.info("before")
    configure_logs("json", second)
    log.info("after")
    assert "before" in first.getvalue()
    assert "after" not in first.getvalue()
    assert json.loads(second.getvalue())["event"] == "after"


def test_others_that_listen_get_our_events_as_well(log: BoundLogger) -> None:
    """Whoever adds a handler to the standard library's root gets what libraries and we say; the lines stay the same."""
    stream, records = io.StringIO(), []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    configure_logs("json", stream)
    logging.getLogger().addHandler(Listener())
    log.info("an event", number=1)
    (record,) = records
    assert record.name == log.name
    assert json.loads(stream.getvalue())["number"] == 1


def test_line_that_cannot_be_written_harms_nobody(log: BoundLogger, capsys: pytest.CaptureFixture[str]) -> None:
    """Who logs goes on; the standard library says on standard error what happened."""
    configure_logs("json", FullDisk())
    log.info("ours")
    logging.getLogger("library").info("theirs")
    assert capsys.readouterr().err.count("OSError: no space left on device") == 2
