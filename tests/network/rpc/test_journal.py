"""The journal over the wire: pieces in order, following, checkpoints and proofs that anybody can check."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from queue import Queue

import grpc
import pytest

from coalition.errors import Refused, reason_name
from coalition.merkle import leaf_hash, root_of, verify_consistency, verify_inclusion
from coalition.note import Checkpoint, checkpoint_origin, open_checkpoint
from coalition.v1 import transaction_pb2 as pb
from coalition.v1.journal_pb2 import (
    GetCheckpointRequest,
    GetConsistencyProofRequest,
    GetInclusionProofRequest,
    JournalEntry,
    StreamEntriesRequest,
    StreamEntriesResponse,
)
from coalition.v1.outcome_pb2 import Outcome
from tests.databases import BOTH
from tests.network.conftest import AUDITOR, RunningHub, refusal
from tests.network.town import NETWORK_ID, key_of

pytestmark = pytest.mark.engines(*BOTH)


def checkpoint_of(hub: RunningHub, note: str) -> Checkpoint:
    """What a signed note says, once its signature was found to be the hub's."""
    return open_checkpoint(note, checkpoint_origin(NETWORK_ID), hub.hub_key)


def read(
    hub: RunningHub, caller: str, from_sequence: int = 1, *, follow: bool = False
) -> grpc.CallIterator[StreamEntriesResponse]:
    request = StreamEntriesRequest(from_sequence=from_sequence, follow=follow)
    return hub.journal.StreamEntries(request, timeout=30, metadata=hub.token(caller))


def entries_of(answers: Iterator[StreamEntriesResponse]) -> list[bytes]:
    return [entry for answer in answers for envelope in answer.envelopes for entry in envelope.entries]


def sequences_of(entries: list[bytes]) -> list[int]:
    return [Outcome.FromString(JournalEntry.FromString(entry).outcome).sequence for entry in entries]


def test_whole_journal_leads_to_the_signed_root(hub: RunningHub) -> None:
    """The entries that an auditor reads have consecutive sequences and hash to the root of the checkpoint."""
    hub.commit("grocer", *(hub.town.enrol(f"member-{number}") for number in range(300)))
    answers = list(read(hub, AUDITOR))
    entries = entries_of(iter(answers))
    assert sequences_of(entries) == list(range(1, len(entries) + 1))
    last = checkpoint_of(hub, answers[-1].checkpoint)
    assert last.size == len(entries)
    assert last.root == root_of(map(leaf_hash, entries))


def test_follower_gets_what_is_committed_later(hub: RunningHub) -> None:
    """A stream that follows stays connected and brings new entries as they are committed."""
    found: Queue[list[int]] = Queue()
    stream = read(hub, AUDITOR, follow=True)

    def follow() -> None:
        try:
            for answer in stream:
                found.put(sequences_of([entry for envelope in answer.envelopes for entry in envelope.entries]))
        except grpc.RpcError:
            found.put([])

    thread = threading.Thread(target=follow)
    thread.start()
    seen = found.get(timeout=10)
    assert seen == list(range(1, 12))
    for name in ("anna", "ben"):
        hub.commit("grocer", hub.town.enrol(name))
        seen += found.get(timeout=10)
    stream.cancel()
    thread.join(10)
    assert seen == list(range(1, 14))


def test_reading_from_the_end_waits_or_ends(hub: RunningHub) -> None:
    """Right behind the last entry there is nothing yet, which is no error."""
    assert entries_of(read(hub, AUDITOR, 12)) == []


def test_reading_past_the_end_is_out_of_range(shared_hub: RunningHub) -> None:
    """A position that does not exist yet ends with the gRPC status OUT_OF_RANGE, and says where the end is."""
    with pytest.raises(grpc.RpcError) as caught:
        list(read(shared_hub, AUDITOR, 10_000))
    assert isinstance(caught.value, grpc.Call)
    assert caught.value.code() is grpc.StatusCode.OUT_OF_RANGE
    assert refusal(caught.value).facts["log_size"] == "11"


@pytest.mark.parametrize(("sequence", "reason"), [(0, "FIELD_INVALID"), (3, "MALFORMED")])
def test_reading_begins_with_an_envelope(shared_hub: RunningHub, sequence: int, reason: str) -> None:
    """There is no entry 0, and an envelope is read from its beginning or not at all."""
    with pytest.raises(grpc.RpcError) as caught:
        list(read(shared_hub, AUDITOR, sequence))
    assert reason_name(refusal(caught.value).reason) == reason


def test_party_follows_its_own_envelopes(hub: RunningHub) -> None:
    """A party's stream passes over the others' envelopes and goes on with its own."""
    found: Queue[list[int]] = Queue()
    hub.commit("grocer", hub.town.enrol("anna"))
    stream = read(hub, "grocer", follow=True)

    def follow() -> None:
        try:
            for answer in stream:
                found.put(sequences_of([entry for envelope in answer.envelopes for entry in envelope.entries]))
        except grpc.RpcError:
            found.put([])

    thread = threading.Thread(target=follow)
    thread.start()
    assert found.get(timeout=10) == [12]
    hub.commit("pharmacy", hub.town.issue("anna", 5))
    hub.commit("grocer", hub.town.issue("anna", 5))
    assert found.get(timeout=10) == [14]
    stream.cancel()
    thread.join(10)


def test_stream_ends_when_the_party_s_keys_change(hub: RunningHub) -> None:
    """Who was given access by a key that is no longer in force is cut off."""
    stream = read(hub, AUDITOR, follow=True)
    next(stream)
    change = pb.SetPartyKeys(party_id=AUDITOR, add_keys=[key_of("new").public], remove_keys=[key_of(AUDITOR).public])
    both = [key_of("operator"), key_of("operator-2")]
    hub.commit("operator", hub.town.transaction(set_party_keys=change), keys=both)
    with pytest.raises(grpc.RpcError) as caught:
        list(stream)
    assert reason_name(refusal(caught.value).reason) == "UNAUTHENTICATED"


def test_slow_reader_is_cut_off_too(hub: RunningHub) -> None:
    """Who still has much to read when its key is removed gets no more than what was on its way."""
    hub.commit("grocer", hub.town.enrol("anna"))
    # More than the transport takes in before anybody reads.
    for _ in range(15):
        hub.commit("grocer", *(hub.town.issue("anna", 1) for _ in range(1_000)))
    stream = read(hub, AUDITOR)
    next(stream)
    change = pb.SetPartyKeys(party_id=AUDITOR, remove_keys=[key_of(AUDITOR).public], add_keys=[key_of("new").public])
    both = [key_of("operator"), key_of("operator-2")]
    hub.commit("operator", hub.town.transaction(set_party_keys=change), keys=both)
    with pytest.raises(grpc.RpcError) as caught:
        list(stream)
    assert reason_name(refusal(caught.value).reason) == "UNAUTHENTICATED"


def test_inclusion_of_an_entry_can_be_proven(hub: RunningHub) -> None:
    """The audit path leads from the entry to the root of the checkpoint."""
    hub.commit("grocer", hub.town.enrol("anna"), hub.town.issue("anna", 5))
    note = hub.ask("", hub.journal.GetCheckpoint, GetCheckpointRequest()).checkpoint
    checkpoint = checkpoint_of(hub, note)
    for sequence in (12, 13):
        proof = hub.ask("grocer", hub.journal.GetInclusionProof, GetInclusionProofRequest(sequence=sequence))
        assert (proof.log_size, proof.log_root) == (checkpoint.size, checkpoint.root)
        leaf = leaf_hash(proof.entry)
        assert verify_inclusion(leaf, sequence - 1, proof.log_size, proof.path, checkpoint.root)


def test_growth_can_be_proven(hub: RunningHub) -> None:
    """A later checkpoint's log begins with an earlier one's, and the proof shows it."""
    earlier = checkpoint_of(hub, hub.ask("", hub.journal.GetCheckpoint, GetCheckpointRequest()).checkpoint)
    hub.commit("grocer", *(hub.town.enrol(f"member-{number}") for number in range(20)))
    later = checkpoint_of(hub, hub.ask("", hub.journal.GetCheckpoint, GetCheckpointRequest()).checkpoint)
    proof = hub.ask("grocer", hub.journal.GetConsistencyProof, GetConsistencyProofRequest(old_size=earlier.size))
    assert (proof.new_size, proof.new_root) == (later.size, later.root)
    assert verify_consistency(earlier.size, later.size, proof.path, earlier.root, later.root)


def test_proof_of_what_does_not_exist_is_refused(shared_hub: RunningHub) -> None:
    """There is no proof for an entry or a size beyond the end."""
    for method, request in (
        (shared_hub.journal.GetInclusionProof, GetInclusionProofRequest(sequence=1_000)),
        (shared_hub.journal.GetConsistencyProof, GetConsistencyProofRequest(old_size=1_000)),
    ):
        with pytest.raises(Refused) as caught:
            shared_hub.ask(AUDITOR, method, request)
        assert reason_name(caught.value.reason) == "NOT_FOUND"
