"""What is wrong with a request, said in one way."""

from __future__ import annotations

from coalition.errors import FieldViolation, Refused
from coalition.ids import is_holder_id
from coalition.v1 import error_pb2

_ALIAS_MAX = 64


def invalid(field: str, description: str) -> Refused:
    """A field of a request that cannot be right. `description` continues the sentence that the field begins."""
    return Refused(
        error_pb2.REASON_FIELD_INVALID, f"{field} {description}.", violations=(FieldViolation(field, description),)
    )


def not_found(message: str) -> Refused:
    return Refused(error_pb2.REASON_NOT_FOUND, message)


def require_identifier(value: bytes, field: str) -> None:
    if len(value) != 16:
        raise invalid(field, "must be the 16 bytes of a transaction id")


def require_holder_id(value: str, field: str = "holder_id") -> None:
    if not is_holder_id(value):
        raise invalid(field, "must be 1 to 64 letters, digits, hyphens or underscores")


def require_alias(value: str) -> None:
    if not 1 <= len(value) <= _ALIAS_MAX:
        raise invalid("alias", f"must have 1 to {_ALIAS_MAX} characters")
