"""Entries of the journal as bytes, put together from bytes that are there already.

What entries of one envelope have in common is encoded once. The rest of an entry is its place in the envelope and two
runs of bytes that are only framed: encoding a JournalEntry for each would copy them three times and take as long as
deciding the transaction.
"""

from __future__ import annotations

from typing import Final

from coalition.v1.journal_pb2 import JournalEntry
from coalition.wire import encode

# A field's tag is its number and its type in one byte: 0 a number, 2 bytes of a certain length.
_INDEX_TAG: Final = bytes([JournalEntry.ENVELOPE_INDEX_FIELD_NUMBER << 3])
_TRANSACTION_TAG: Final = bytes([JournalEntry.TRANSACTION_FIELD_NUMBER << 3 | 2])
_OUTCOME_TAG: Final = bytes([JournalEntry.OUTCOME_FIELD_NUMBER << 3 | 2])


def entry_head(window: int, author: str, envelope_digest: bytes) -> bytes:
    """The beginning of every entry that an envelope makes in a window."""
    return encode(JournalEntry(window=window, author=author, envelope_digest=envelope_digest))


def entry_body(head: bytes, envelope_index: int, transaction: bytes, outcome: bytes) -> bytes:
    """The exact bytes of the JournalEntry; `transaction` and `outcome` are not empty."""
    index = _INDEX_TAG + varint(envelope_index) if envelope_index else b""
    return b"".join(
        (
            head,
            index,
            _TRANSACTION_TAG,
            varint(len(transaction)),
            transaction,
            _OUTCOME_TAG,
            varint(len(outcome)),
            outcome,
        )
    )


def varint(value: int) -> bytes:
    """A number as Protocol Buffers write it: seven bits a byte, the lowest first."""
    if value < _SHORT:
        return _VARINTS[value]
    return bytes([value & 0x7F | 0x80]) + varint(value >> 7)


# Indexes and lengths are seldom larger.
_SHORT: Final = 1_024
_VARINTS: Final = [
    bytes([value]) if value < 0x80 else bytes([value & 0x7F | 0x80, value >> 7]) for value in range(_SHORT)
]
