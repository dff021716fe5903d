"""Protocol messages as lists of names and readable values, whatever their kind."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from coalition.clock import US_PER_S
from coalition.ids import id_text
from coalition.keys import fingerprint
from coalition.v1.envelope_pb2 import SignedDocument

_ID_BYTES = 16


def fields_of(message: Message, prefix: str = "") -> list[tuple[str, str]]:
    """Every field that is set, inner ones with their path: `issue.points`, `12`."""
    return list(_fields(message, prefix))


def _fields(message: Message, prefix: str) -> Iterator[tuple[str, str]]:
    for descriptor, value in message.ListFields():
        name = f"{prefix}{descriptor.name}"
        if isinstance(value, SignedDocument):
            yield (
                name,
                f"a document of {len(value.document)} bytes, signed by {fingerprint(value.signature.public_key)}",
            )
        elif isinstance(value, Message):
            yield from _fields(value, f"{name}.")
        elif descriptor.is_repeated:
            for place, item in enumerate(value):
                if isinstance(item, Message):
                    yield from _fields(item, f"{name}[{place}].")
                else:
                    yield f"{name}[{place}]", _text(descriptor, item)
        else:
            yield name, _text(descriptor, value)


def _text(descriptor: FieldDescriptor, value: object) -> str:
    if isinstance(value, bytes):
        return id_text(value) if descriptor.name.endswith("_id") and len(value) == _ID_BYTES else value.hex()
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        if descriptor.enum_type is not None:
            return enum_text(descriptor, value)
        if descriptor.name.endswith("_us"):
            return moment_of(value).strftime("%Y-%m-%d %H:%M:%S UTC")
    return str(value)


def moment_of(microseconds: int) -> datetime:
    """The second of a commit time."""
    return datetime.fromtimestamp(microseconds // US_PER_S, UTC)


def enum_text(descriptor: FieldDescriptor, number: int) -> str:
    """The name of an enumeration's value without what all have in common: `accepted`."""
    enum = descriptor.enum_type
    assert enum is not None, "asked for enumerations only"
    found = enum.values_by_number.get(number)
    if found is None:
        return str(number)
    common = enum.values_by_number[0].name.removesuffix("UNSPECIFIED") if 0 in enum.values_by_number else ""
    return found.name.removeprefix(common).replace("_", " ").lower()
