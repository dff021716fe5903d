"""Errors on the wire, as google.rpc.Status."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from google.protobuf.any_pb2 import Any
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from coalition.errors import FieldViolation, Refused, reason_name
from coalition.status import TRAILER, from_rpc_error, from_status, to_status
from coalition.v1 import error_pb2
from coalition.v1.error_pb2 import Reason

FULL = Refused(
    error_pb2.REASON_FIELD_INVALID,
    "transactions[0].issue.points must be from 1.",
    {"limit": "1000", "name": "Grüner Laden"},
    (FieldViolation("transactions[0].issue.points", "must be from 1"), FieldViolation("x", "y")),
)


def contents(refused: Refused | None) -> object:
    """Everything in a refusal."""
    assert refused is not None
    return refused.reason, refused.message, refused.facts, refused.violations


@pytest.mark.parametrize("reason", Reason.values(), ids=reason_name)
def test_every_reason_comes_back(reason: Reason.ValueType) -> None:
    """A refusal that was sent is the one that arrives."""
    refused = Refused(reason, "No.")
    assert contents(from_status(to_status(refused))) == contents(refused)


def test_facts_and_violations_come_back() -> None:
    """Everything that a refusal says survives serialisation."""
    data = to_status(FULL).SerializeToString()
    assert contents(from_status(status_pb2.Status.FromString(data))) == contents(FULL)


def test_details_are_the_standard_ones() -> None:
    """Clients that know only AIP-193 find what they expect."""
    status = to_status(FULL)
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    assert status.code == code_pb2.INVALID_ARGUMENT
    assert status.details[0].Unpack(info)
    assert status.details[1].Unpack(bad)
    assert (info.reason, info.domain, dict(info.metadata)) == ("FIELD_INVALID", "coalition", FULL.facts)
    assert [item.field for item in bad.field_violations] == [item.field for item in FULL.violations]
    assert len(to_status(Refused(error_pb2.REASON_NOT_FOUND, "No.")).details) == 1


def packed(detail: error_details_pb2.ErrorInfo) -> Any:
    """A detail as it travels."""
    wrapped = Any()
    wrapped.Pack(detail)
    return wrapped


@pytest.mark.parametrize(
    "status",
    [
        status_pb2.Status(),
        status_pb2.Status(code=code_pb2.UNAVAILABLE, message="socket closed"),
        status_pb2.Status(details=[packed(error_details_pb2.ErrorInfo(reason="MALFORMED", domain="example.com"))]),
        status_pb2.Status(details=[Any(type_url="type.googleapis.com/unknown.Message", value=b"\xff")]),
    ],
)
def test_errors_of_others_are_not_ours(status: status_pb2.Status) -> None:
    """A status of another origin is no refusal."""
    assert from_status(status) is None


def test_reason_of_a_later_version() -> None:
    """A reason that this version does not know still is a refusal with its sentence."""
    status = status_pb2.Status(
        message="Newer.", details=[packed(error_details_pb2.ErrorInfo(reason="BRAND_NEW", domain="coalition"))]
    )
    assert contents(from_status(status)) == (error_pb2.REASON_UNSPECIFIED, "Newer.", {}, ())


ANSWERS: dict[str, Refused | bytes | None] = {"refused": FULL, "broken": b"\xff\xff", "plain": None}


def answer(request: bytes, context: grpc.ServicerContext) -> bytes:
    """Ends the call in the way that the request names."""
    wanted = ANSWERS[request.decode()]
    if isinstance(wanted, Refused):
        context.abort_with_status(rpc_status.to_status(to_status(wanted)))
    if wanted is not None:
        context.set_trailing_metadata(((TRAILER, wanted),))
    context.abort(grpc.StatusCode.INTERNAL, "no details")


@pytest.fixture(scope="module")
def call() -> Iterator[grpc.UnaryUnaryMultiCallable]:
    """A method of a real server that ends every call with an error."""
    server = grpc.server(ThreadPoolExecutor(1))
    handler = grpc.unary_unary_rpc_method_handler(answer)
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("test.Service", {"Call": handler})])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel.unary_unary("/test.Service/Call")
    server.stop(None).wait()


def error_of(call: grpc.UnaryUnaryMultiCallable, request: bytes) -> grpc.RpcError:
    """The error that a call ends with."""
    with pytest.raises(grpc.RpcError) as caught:
        call(request, timeout=10)
    return caught.value


def test_refusal_travels_with_a_call(call: grpc.UnaryUnaryMultiCallable) -> None:
    """What the server refuses is what the client reads."""
    error = error_of(call, b"refused")
    assert contents(from_rpc_error(error)) == contents(FULL)
    assert isinstance(error, grpc.Call)
    assert (error.code(), error.details()) == (grpc.StatusCode.INVALID_ARGUMENT, FULL.message)


@pytest.mark.parametrize("request_", [b"broken", b"plain"])
def test_call_that_ends_otherwise(call: grpc.UnaryUnaryMultiCallable, request_: bytes) -> None:
    """An error without readable details is no refusal, and nothing worse."""
    assert from_rpc_error(error_of(call, request_)) is None


def test_error_without_a_call() -> None:
    """An error that never reached a server is no refusal."""
    assert from_rpc_error(grpc.RpcError()) is None
