"""Why something is refused: one reason, one sentence, and the facts behind it.

Reasons below 50 refuse a whole call with a gRPC error and leave no trace in the journal; reasons from 50 on are
outcomes of single transactions and are journaled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import grpc

from coalition.v1 import error_pb2
from coalition.v1.error_pb2 import Reason

DOMAIN: Final = "coalition"
FIRST_OUTCOME_REASON: Final = 50

_INVALID = grpc.StatusCode.INVALID_ARGUMENT
_STATUS: Final[Mapping[int, grpc.StatusCode]] = {
    error_pb2.REASON_ENVELOPE_TOO_LARGE: _INVALID,
    error_pb2.REASON_TOO_MANY_TRANSACTIONS: _INVALID,
    error_pb2.REASON_MALFORMED: _INVALID,
    error_pb2.REASON_UNKNOWN_FIELD: _INVALID,
    error_pb2.REASON_WRONG_NETWORK: _INVALID,
    error_pb2.REASON_AUTHOR_UNKNOWN: grpc.StatusCode.UNAUTHENTICATED,
    error_pb2.REASON_CLOCK_SKEW: _INVALID,
    error_pb2.REASON_LIFETIME_TOO_LONG: _INVALID,
    error_pb2.REASON_SIGNATURE_INVALID: grpc.StatusCode.UNAUTHENTICATED,
    error_pb2.REASON_KEY_UNKNOWN: grpc.StatusCode.UNAUTHENTICATED,
    error_pb2.REASON_KEY_REVOKED: grpc.StatusCode.UNAUTHENTICATED,
    error_pb2.REASON_TRANSACTIONS_ROOT_MISMATCH: _INVALID,
    error_pb2.REASON_DUPLICATE_ID: _INVALID,
    error_pb2.REASON_FIELD_INVALID: _INVALID,
    error_pb2.REASON_KIND_NOT_ALLOWED: grpc.StatusCode.PERMISSION_DENIED,
    error_pb2.REASON_SIGNATURES_TOO_FEW: grpc.StatusCode.PERMISSION_DENIED,
    error_pb2.REASON_ID_CONFLICT: grpc.StatusCode.ALREADY_EXISTS,
    error_pb2.REASON_ENVELOPE_EXPIRED: grpc.StatusCode.FAILED_PRECONDITION,
    error_pb2.REASON_PARTY_SUSPENDED: grpc.StatusCode.PERMISSION_DENIED,
    error_pb2.REASON_UNAUTHENTICATED: grpc.StatusCode.UNAUTHENTICATED,
    error_pb2.REASON_PERMISSION_DENIED: grpc.StatusCode.PERMISSION_DENIED,
    error_pb2.REASON_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    error_pb2.REASON_OVERLOADED: grpc.StatusCode.RESOURCE_EXHAUSTED,
    error_pb2.REASON_SHUTTING_DOWN: grpc.StatusCode.UNAVAILABLE,
    error_pb2.REASON_INTERNAL: grpc.StatusCode.INTERNAL,
    error_pb2.REASON_CODE_INVALID: grpc.StatusCode.FAILED_PRECONDITION,
    error_pb2.REASON_RATE_LIMITED: grpc.StatusCode.RESOURCE_EXHAUSTED,
    error_pb2.REASON_WRONG_STATE: grpc.StatusCode.FAILED_PRECONDITION,
    error_pb2.REASON_SAME_PERSON: grpc.StatusCode.PERMISSION_DENIED,
}


def status_code(reason: Reason.ValueType) -> grpc.StatusCode:
    """The gRPC status of a reason; outcome reasons, where a call reports one, are failed preconditions."""
    return _STATUS.get(reason, grpc.StatusCode.FAILED_PRECONDITION)


def reason_name(reason: Reason.ValueType) -> str:
    """`INSUFFICIENT_POINTS` for REASON_INSUFFICIENT_POINTS."""
    return Reason.Name(reason).removeprefix("REASON_")


def reason_from_name(name: str) -> Reason.ValueType:
    """The reverse of `reason_name`; an unknown name gives REASON_UNSPECIFIED."""
    try:
        return Reason.Value("REASON_" + name)
    except ValueError:
        return error_pb2.REASON_UNSPECIFIED


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """A wrong field: its path (`transactions[3].issue.points`) and what is wrong with it."""

    field: str
    description: str


class Refused(Exception):
    """Bad input or a call that cannot be served: becomes a gRPC error.

    `facts` are short machine-readable values; nothing in here may be secret, for it travels to the caller.
    """

    def __init__(
        self,
        reason: Reason.ValueType,
        message: str,
        facts: Mapping[str, str] | None = None,
        violations: tuple[FieldViolation, ...] = (),
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.facts = dict(facts or {})
        self.violations = violations
