"""What every call has in common: an id, one line in the log, and failures that give nothing away."""

from __future__ import annotations

import json
import logging
import re
import sqlite3
import time
from collections.abc import Iterator
from io import StringIO
from typing import Any

import grpc
import jwt
import pytest
import structlog

from coalition.clock import US_PER_S
from coalition.errors import Refused, reason_name
from coalition.tokens import HUB, METADATA_KEY, SETTLEMENT, authorization, make_token
from coalition.v1.directory_service_pb2 import GetNetworkRequest, ListPartiesRequest
from coalition.v1.journal_pb2 import StreamEntriesRequest
from coalition.v1.ledger_service_pb2 import GetBalanceRequest, SubmitRequest, SubmitStreamRequest
from network.logs import LogFormat, configure_logs
from tests.network.conftest import CALL_S, RunningHub, running_hub
from tests.network.town import NETWORK_ID, key_of


@pytest.fixture
def lines() -> Iterator[StringIO]:
    """What is logged, as JSON."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = StringIO()
    configure_logs("json", stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def logged_hub(lines: StringIO, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    """A hub whose log is read."""
    with running_hub(tmp_path_factory.mktemp("logged") / "hub") as hub:
        yield hub


def calls(lines: StringIO, method: str) -> list[dict[str, Any]]:
    logged = [json.loads(line) for line in lines.getvalue().splitlines()]
    return [line for line in logged if line["event"] == "call" and line["method"] == method]


def test_call_is_one_line_with_its_party(logged_hub: RunningHub, lines: StringIO) -> None:
    """A call's line has id, method, party, status and duration."""
    logged_hub.ask("grocer", logged_hub.directory.ListParties, ListPartiesRequest())
    (line,) = calls(lines, "ListParties")
    assert (line["party"], line["status"], line["level"]) == ("grocer", "OK", "info")
    assert re.fullmatch(r"[0-9a-f]{32}", line["request_id"])
    assert line["duration_ms"] >= 0


def test_refused_call_is_logged_with_its_reason(logged_hub: RunningHub, lines: StringIO) -> None:
    """A refusal's line has the gRPC status and the reason."""
    with pytest.raises(Refused):
        logged_hub.ask("grocer", logged_hub.ledger.GetBalance, GetBalanceRequest(holder_id="nobody"))
    (line,) = calls(lines, "GetBalance")
    assert (line["status"], line["reason"], line["party"]) == ("NOT_FOUND", "NOT_FOUND", "grocer")


def test_envelope_s_author_is_named_once_it_is_proven(logged_hub: RunningHub, lines: StringIO) -> None:
    """A submission is logged with its author, a forged one without any."""
    data = logged_hub.town.data("grocer", logged_hub.town.enrol("anna"))
    logged_hub.send(data)
    with pytest.raises(Refused):
        logged_hub.send(logged_hub.town.data("grocer", logged_hub.town.enrol("ben"), keys=[key_of("mallory")]))
    accepted, refused = calls(lines, "Submit")[-2:]
    assert accepted["party"] == "grocer"
    assert refused["party"] == ""


def test_stream_is_one_line_with_counts(logged_hub: RunningHub, lines: StringIO) -> None:
    """A stream's line says how many envelopes came and how many were refused."""
    town = logged_hub.town
    requests = [
        SubmitStreamRequest(envelope=town.data("grocer", town.enrol("anna"))),
        SubmitStreamRequest(envelope=b"no envelope"),
    ]
    assert len(list(logged_hub.ledger.SubmitStream(iter(requests), timeout=CALL_S))) == 2
    (line,) = calls(lines, "SubmitStream")
    assert (line["envelopes"], line["refused"], line["status"]) == (2, 1, "OK")


def test_call_that_its_client_gives_up_is_logged_as_cancelled(logged_hub: RunningHub, lines: StringIO) -> None:
    """A call that ends because nobody waits any more has its line too."""
    request = StreamEntriesRequest(from_sequence=1, follow=True)
    stream = logged_hub.journal.StreamEntries(request, timeout=CALL_S, metadata=logged_hub.token("auditor"))
    next(stream)
    stream.cancel()
    deadline = time.monotonic() + CALL_S
    while not calls(lines, "StreamEntries") and time.monotonic() < deadline:
        time.sleep(0.01)
    (line,) = calls(lines, "StreamEntries")
    assert (line["status"], line["party"]) == ("CANCELLED", "auditor")


def test_log_holds_neither_payload_nor_secret(logged_hub: RunningHub, lines: StringIO) -> None:
    """Neither what was sent nor tokens nor keys appear in the log."""
    town = logged_hub.town
    token = logged_hub.token("grocer")[0][1]
    logged_hub.send(town.data("grocer", town.enrol("a-member-of-ours", "a-card-of-ours"), town.issue("ben", 5)))
    logged_hub.ask("grocer", logged_hub.ledger.GetBalance, GetBalanceRequest(alias="a-card-of-ours"))
    text = lines.getvalue()
    for secret in (
        token,
        "a-member-of-ours",
        "a-card-of-ours",
        key_of("hub").seed().hex(),
        key_of("grocer").public.hex(),
    ):
        assert secret not in text


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("till-7.2024-01-10", True), ("short", False), ("x" * 65, False), ("two words or more", False)],
)
def test_sane_request_id_is_kept(shared_hub: RunningHub, sent: str, kept: bool) -> None:
    """The caller's id comes back with the answer where it is short and plain; else a new one does."""
    _, call = shared_hub.directory.GetNetwork.with_call(
        GetNetworkRequest(), timeout=CALL_S, metadata=(("x-request-id", sent),)
    )
    (returned,) = [value for key, value in call.trailing_metadata() if key == "x-request-id"]
    assert (returned == sent) is kept
    assert re.fullmatch(r"[A-Za-z0-9._-]{8,64}", str(returned))


def test_unexpected_failure_gives_an_id_and_nothing_else(logged_hub: RunningHub, lines: StringIO) -> None:
    """What nobody expected is INTERNAL with an id; its text is in the log under that id, and only there."""
    logged_hub.commit("grocer", logged_hub.town.enrol("anna"))
    with sqlite3.connect(logged_hub.config.database_file) as connection:
        connection.execute("DROP TABLE lots")
    connection.close()
    with pytest.raises(Refused) as caught:
        logged_hub.ask("grocer", logged_hub.ledger.GetBalance, GetBalanceRequest(holder_id="anna"))
    refused = caught.value
    assert reason_name(refused.reason) == "INTERNAL"
    assert refused.facts["error_id"] in refused.message
    assert "lots" not in refused.message
    logged = [json.loads(line) for line in lines.getvalue().splitlines()]
    (line,) = [line for line in logged if line.get("error_id") == refused.facts["error_id"]]
    assert "no such table: lots" in json.dumps(line["exception"])


@pytest.mark.parametrize("form", ["json", "console"])
def test_logged_exception_shows_no_values(form: LogFormat, lines: StringIO) -> None:
    """A traceback says where, not what: the values of variables may be payloads or keys."""

    def fail(passphrase: str) -> None:
        secret = passphrase.upper()
        raise RuntimeError(f"a text of {len(secret)} characters")

    stream = StringIO()
    configure_logs(form, stream)
    try:
        fail(" ".join(["what", "nobody", "may", "read"]))
    except RuntimeError:
        structlog.stdlib.get_logger("network.test").exception("failed")
    assert "a text of 20 characters" in stream.getvalue()
    assert "nobody may read" not in stream.getvalue()
    assert "NOBODY MAY READ" not in stream.getvalue()
    assert lines.getvalue() == ""


def token_metadata(token: str) -> tuple[tuple[str, str], ...]:
    return ((METADATA_KEY, authorization(token)),)


def test_token_must_be_right_in_every_part(shared_hub: RunningHub) -> None:
    """Another's key, service, network or time, and every other kind of token, is UNAUTHENTICATED."""
    now_s = shared_hub.clock() // US_PER_S
    good = {"network_id": NETWORK_ID, "service": HUB, "now_s": now_s}
    claims = {"iss": "grocer", "aud": f"{NETWORK_ID}/hub", "iat": now_s, "exp": now_s + 300}
    bad = {
        "another's key": token_metadata(make_token("grocer", key_of("pharmacy"), **good)),  # type: ignore[arg-type]
        "a stranger": token_metadata(make_token("nobody", key_of("nobody"), **good)),  # type: ignore[arg-type]
        "another service": token_metadata(
            make_token("grocer", key_of("grocer"), network_id=NETWORK_ID, service=SETTLEMENT, now_s=now_s)
        ),
        "another network": token_metadata(
            make_token("grocer", key_of("grocer"), network_id="village", service=HUB, now_s=now_s)
        ),
        "expired": token_metadata(
            make_token("grocer", key_of("grocer"), network_id=NETWORK_ID, service=HUB, now_s=now_s - 400)
        ),
        "from the future": token_metadata(
            make_token("grocer", key_of("grocer"), network_id=NETWORK_ID, service=HUB, now_s=now_s + 400)
        ),
        "unsigned": token_metadata(jwt.encode(claims, "", algorithm="none")),
        "no token": token_metadata("what is this"),
        "too long": token_metadata("x" * 3_000),
        "no scheme": ((METADATA_KEY, "grocer"),),
    }
    for what, metadata in bad.items():
        with pytest.raises(grpc.RpcError) as caught:
            shared_hub.directory.ListParties(ListPartiesRequest(), timeout=CALL_S, metadata=metadata)
        assert isinstance(caught.value, grpc.Call)
        assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED, what


def test_message_beyond_every_limit_is_refused_by_grpc(shared_hub: RunningHub) -> None:
    """What is far too large is not even read; the connection goes on."""
    with pytest.raises(grpc.RpcError) as caught:
        shared_hub.ledger.Submit(SubmitRequest(envelope=bytes(2 << 20)), timeout=CALL_S)
    assert isinstance(caught.value, grpc.Call)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    shared_hub.ask("", shared_hub.directory.GetNetwork, GetNetworkRequest())
