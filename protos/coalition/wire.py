"""Strict decoding: what was signed must be all that was meant, and nothing more."""

from __future__ import annotations

from typing import TypeVar

from google.protobuf.message import DecodeError, Message

from coalition.errors import Refused
from coalition.v1 import error_pb2

M = TypeVar("M", bound=Message)


def decode(kind: type[M], data: bytes, where: str) -> M:
    """Decode `data`, refusing unknown fields and every encoding but the canonical one: fields in ascending order, each
    once, numbers in their shortest form, defaults left out.

    Raises Refused: MALFORMED or UNKNOWN_FIELD, naming `where`. A signer could otherwise hide something from one reader
    that another reader sees.
    """
    message = _parse(kind, data, where)
    message.DiscardUnknownFields()
    if encode(message) == data:
        return message
    if message.ByteSize() != _parse(kind, data, where).ByteSize():
        raise Refused(
            error_pb2.REASON_UNKNOWN_FIELD,
            f"{where} has fields that this hub does not know. Use a client of the same protocol version.",
            {"field": where},
        )
    raise Refused(
        error_pb2.REASON_MALFORMED,
        f"{where} is not encoded canonically: fields in order, each once, in the shortest form.",
        {"field": where},
    )


def _parse(kind: type[M], data: bytes, where: str) -> M:
    message = kind()
    try:
        message.ParseFromString(data)
    except DecodeError:
        raise Refused(
            error_pb2.REASON_MALFORMED, f"{where} is not a {kind.DESCRIPTOR.name} message.", {"field": where}
        ) from None
    return message


def encode(message: Message) -> bytes:
    """The bytes to sign or to hash; made once, then carried as they are."""
    return message.SerializeToString(deterministic=True)
