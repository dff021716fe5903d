"""Errors on the wire: google.rpc.Status with ErrorInfo and BadRequest (AIP-193)."""

from __future__ import annotations

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

from coalition.errors import DOMAIN, FieldViolation, Refused, reason_from_name, reason_name, status_code

TRAILER = "grpc-status-details-bin"


def to_status(refused: Refused) -> status_pb2.Status:
    """The google.rpc.Status that says what `refused` says."""
    status = status_pb2.Status(code=status_code(refused.reason).value[0], message=refused.message)
    info = error_details_pb2.ErrorInfo(reason=reason_name(refused.reason), domain=DOMAIN, metadata=refused.facts)
    status.details.add().Pack(info)
    if refused.violations:
        bad = error_details_pb2.BadRequest()
        for violation in refused.violations:
            bad.field_violations.add(field=violation.field, description=violation.description)
        status.details.add().Pack(bad)
    return status


def from_status(status: status_pb2.Status) -> Refused | None:
    """The refusal in a google.rpc.Status, or None when the status is not of this protocol."""
    info = error_details_pb2.ErrorInfo()
    bad = error_details_pb2.BadRequest()
    found = False
    for detail in status.details:
        if detail.Is(info.DESCRIPTOR):
            detail.Unpack(info)
            found = info.domain == DOMAIN
        elif detail.Is(bad.DESCRIPTOR):
            detail.Unpack(bad)
    if not found:
        return None
    violations = tuple(FieldViolation(item.field, item.description) for item in bad.field_violations)
    return Refused(reason_from_name(info.reason), status.message, dict(info.metadata), violations)


def from_rpc_error(error: grpc.RpcError) -> Refused | None:
    """The refusal that a gRPC call (sync or aio) ended with, or None when the error has another origin."""
    if not isinstance(error, grpc.Call | grpc.aio.AioRpcError):
        return None
    for item in error.trailing_metadata() or ():
        key, value = item[0], item[1]
        if key == TRAILER:
            try:
                return from_status(status_pb2.Status.FromString(value))
            except DecodeError:
                return None
    return None
