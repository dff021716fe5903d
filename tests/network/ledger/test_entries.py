"""Entries that are put together by hand are what Protocol Buffers would write."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from coalition.v1.journal_pb2 import JournalEntry
from coalition.wire import encode
from network.ledger.entries import entry_body, entry_head, varint

_LENGTHS = st.one_of(st.integers(1, 300), st.sampled_from([1_023, 1_024, 16_383, 16_384, 70_000]))


@given(st.integers(1, 1 << 40), st.integers(0, 999), _LENGTHS, _LENGTHS)
@example(1, 0, 127, 128)
def test_a_body_is_the_encoded_entry(window: int, index: int, transaction: int, outcome: int) -> None:
    """Window, author, digest, place and both runs of bytes stand where an encoder puts them."""
    entry = JournalEntry(
        window=window,
        author="grocer",
        envelope_digest=bytes(range(32)),
        envelope_index=index,
        transaction=b"t" * transaction,
        outcome=b"o" * outcome,
    )
    head = entry_head(window, entry.author, entry.envelope_digest)
    assert encode(entry) == entry_body(head, index, entry.transaction, entry.outcome)


@given(st.integers(0, 1 << 40))
def test_a_varint_is_read_back(value: int) -> None:
    """Any number, as the field of a message."""
    assert JournalEntry.FromString(b"\x08" + varint(value)).window == value
