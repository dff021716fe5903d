"""Strict decoding: one message, one encoding. More cases are in the vectors (decoding.json)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from coalition.errors import Refused, reason_name
from coalition.v1.transaction_pb2 import Transaction
from coalition.wire import decode, encode
from vectors.documents import DOCUMENTS
from vectors.transactions import TRANSACTIONS

UNKNOWN = b"\xc0\x3e\x01"
MESSAGES: dict[str, Message] = {name: document.message for name, document in DOCUMENTS.items()} | TRANSACTIONS


def reason(kind: type[Message], data: bytes) -> str | None:
    """Why the bytes are refused, if they are."""
    try:
        decode(kind, data, "here")
    except Refused as refused:
        told = refused
    else:
        return None
    assert told.facts == {"field": "here"}
    assert "here" in told.message
    return reason_name(told.reason)


def messages_in(message: Message) -> Iterator[Message]:
    """The message and all that it holds, at every level."""
    yield message
    for field, value in message.ListFields():
        if field.type == field.TYPE_MESSAGE:
            for inner in value if field.is_repeated else [value]:
                yield from messages_in(inner)


@pytest.mark.parametrize("name", MESSAGES)
def test_what_is_encoded_is_decoded(name: str) -> None:
    """Every message comes back as it was."""
    message = MESSAGES[name]
    assert decode(type(message), encode(message), "here") == message


@pytest.mark.parametrize("name", MESSAGES)
def test_unknown_field_is_refused_at_every_level(name: str) -> None:
    """A field that the message does not have is found wherever it hides."""
    original = MESSAGES[name]
    for place, _ in enumerate(messages_in(original)):
        copy = type(original)()
        copy.CopyFrom(original)
        list(messages_in(copy))[place].MergeFromString(UNKNOWN)
        assert reason(type(copy), encode(copy)) == "UNKNOWN_FIELD"


@pytest.mark.parametrize("name", MESSAGES)
def test_every_truncation_is_refused_or_another_message(name: str) -> None:
    """Cut off anywhere, the bytes are malformed or, where a field ends, an encoding of what is left."""
    data, kind = encode(MESSAGES[name]), type(MESSAGES[name])
    for length in range(len(data)):
        found = reason(kind, data[:length])
        assert found == "MALFORMED" or encode(kind.FromString(data[:length])) == data[:length]


@pytest.mark.parametrize("name", MESSAGES)
def test_repetition_is_refused(name: str) -> None:
    """The same message twice in a row is no encoding of it."""
    data, kind = encode(MESSAGES[name]), type(MESSAGES[name])
    assert reason(kind, data + data) == "MALFORMED"


@given(st.binary(max_size=60))
def test_any_bytes_are_refused_or_canonical(data: bytes) -> None:
    """Whatever arrives is refused, or is exactly what encoding the message gives."""
    if reason(Transaction, data) is None:
        assert encode(Transaction.FromString(data)) == data


@given(st.sampled_from(sorted(TRANSACTIONS)), st.data())
def test_altered_bytes_are_refused_or_canonical(name: str, draw: Any) -> None:
    """No two encodings are the same transaction."""
    data = bytearray(encode(TRANSACTIONS[name]))
    for place in draw.draw(st.lists(st.integers(0, len(data) - 1), min_size=1, max_size=3)):
        data[place] = draw.draw(st.integers(0, 255))
    if reason(Transaction, bytes(data)) is None:
        assert encode(Transaction.FromString(bytes(data))) == bytes(data)
