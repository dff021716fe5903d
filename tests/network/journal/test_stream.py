"""The journal is read in whole envelopes from any of them on."""

from __future__ import annotations

import pytest

from coalition.envelope import envelope_digest, open_envelope
from coalition.errors import Refused
from coalition.merkle import leaf_hash, root_of
from coalition.note import checkpoint_origin, open_checkpoint
from coalition.v1 import error_pb2
from coalition.v1.envelope_pb2 import EnvelopeHeader, SignedEnvelope
from coalition.v1.journal_pb2 import JournalEntry, JournalEnvelope
from coalition.wire import encode
from network.journal.stream import Chunk, JournalReader
from tests.databases import BOTH
from tests.network.journal.conftest import Desk
from tests.network.town import NETWORK_ID, key_of

pytestmark = pytest.mark.engines(*BOTH)


@pytest.fixture
def reader(desk: Desk) -> JournalReader:
    """Over a journal with some business in it: two authors, envelopes of 1 to 20, one with an old transaction."""
    town = desk.town
    for size in (1, 20, 2, 7):
        desk.submit(town.envelope("grocer", *(town.issue("anna", 1) for _ in range(size))))
        desk.submit(town.envelope("pharmacy", *(town.issue("bert", 1) for _ in range(size))))
    old = town.issue("cleo", 1)
    desk.submit(town.envelope("grocer", old))
    desk.submit(town.envelope("grocer", town.issue("cleo", 2), old, town.issue("cleo", 3)))
    return JournalReader(desk.store, desk.log)


def read_all(reader: JournalReader, **limits: int) -> list[Chunk]:
    """Piece by piece, from the first entry."""
    chunks = [reader.read(1, **limits)]
    while chunks[-1].next_sequence <= chunks[-1].log_size:
        chunks.append(reader.read(chunks[-1].next_sequence, **limits))
    return chunks


def leaves_of(envelopes: tuple[JournalEnvelope, ...]) -> list[bytes]:
    return [leaf_hash(entry) for envelope in envelopes for entry in envelope.entries]


def test_pieces_make_up_the_whole_log(desk: Desk, reader: JournalReader) -> None:
    """Whatever the size of the pieces, together they are the log, and each leads to its checkpoint."""
    hub, origin = key_of("hub").public, checkpoint_origin(NETWORK_ID)
    newest = open_checkpoint(desk.log.checkpoint(), origin, hub)
    for limits in ({}, {"entries_max": 1}, {"entries_max": 9}, {"bytes_max": 1}, {"bytes_max": 5_000}):
        leaves: list[bytes] = []
        for chunk in read_all(reader, **limits):
            assert chunk.envelopes
            leaves += leaves_of(chunk.envelopes)
            checkpoint = open_checkpoint(chunk.checkpoint, origin, hub)
            assert (checkpoint.size, checkpoint.root) == (len(leaves), root_of(leaves))
        assert (len(leaves), root_of(leaves)) == (newest.size, newest.root)


def test_pieces_are_bounded(reader: JournalReader) -> None:
    """A piece holds more than its limit only where one envelope alone does."""
    for chunk in read_all(reader, entries_max=9):
        assert len(chunk.envelopes) == 1 or sum(len(envelope.entries) for envelope in chunk.envelopes) <= 9


def test_envelopes_can_be_checked_by_their_reader(reader: JournalReader) -> None:
    """Signatures, root and every transaction's place follow from what is streamed, old transactions included."""
    known: dict[bytes, bytes] = {}
    replayed = 0
    for envelope in reader.read(1).envelopes:
        header = EnvelopeHeader.FromString(envelope.header)
        transactions: dict[int, bytes] = {}
        for raw in envelope.entries:
            entry = JournalEntry.FromString(raw)
            assert entry.envelope_digest == envelope_digest(envelope.header)
            transactions[entry.envelope_index] = entry.transaction
            known[leaf_hash(entry.transaction)] = entry.transaction
        for item in envelope.replayed:
            transactions[item.envelope_index] = known[item.leaf_hash]
            replayed += 1
        ordered = [transactions[index] for index in range(header.transaction_count)]
        signed = SignedEnvelope(header=envelope.header, transactions=ordered, signatures=envelope.signatures)
        assert open_envelope(encode(signed)).header == header
    assert replayed == 1


def test_party_reads_only_its_own_envelopes(reader: JournalReader) -> None:
    """A party's piece skips what others wrote and says where to go on."""
    own = reader.read(1, author="pharmacy")
    assert {EnvelopeHeader.FromString(envelope.header).author for envelope in own.envelopes} == {"pharmacy"}
    assert sum(len(envelope.entries) for envelope in own.envelopes) == 30
    assert own.next_sequence == own.log_size + 1
    in_parts: list[JournalEnvelope] = []
    following = 1
    while following <= own.log_size:
        chunk = reader.read(following, author="pharmacy", entries_max=1)
        in_parts += chunk.envelopes
        following = chunk.next_sequence
    assert tuple(in_parts) == own.envelopes


def test_end_of_the_journal_is_an_empty_piece(desk: Desk, reader: JournalReader) -> None:
    """Who has read everything asks from one past the end and gets nothing yet, then what comes."""
    end = reader.read(1).log_size
    nothing = reader.read(end + 1)
    assert (nothing.envelopes, nothing.next_sequence, nothing.checkpoint) == ((), end + 1, "")
    desk.submit(desk.town.envelope("grocer", desk.town.issue("anna", 1)))
    assert len(reader.read(end + 1).envelopes) == 1


@pytest.mark.parametrize("beyond", [-1, 0, 10_000])
def test_journal_is_not_read_from_outside(reader: JournalReader, beyond: int) -> None:
    """A reader that is ahead of the log is told so: it follows another log, or this one was cut."""
    with pytest.raises(Refused) as refused:
        reader.read(beyond)
    assert refused.value.reason == error_pb2.REASON_NOT_FOUND


def test_journal_is_read_from_the_beginning_of_an_envelope(reader: JournalReader) -> None:
    """In the middle of an envelope its authorship could not be checked; the error says where it begins."""
    with pytest.raises(Refused) as refused:
        reader.read(3)
    assert refused.value.reason == error_pb2.REASON_MALFORMED
    assert refused.value.facts["begins"] == "2"
