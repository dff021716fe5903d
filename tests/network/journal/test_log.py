"""The hub's word on its log can be checked by anybody."""

from __future__ import annotations

import pytest

from coalition.errors import Refused
from coalition.merkle import leaf_hash, verify_consistency, verify_inclusion
from coalition.note import checkpoint_origin, open_checkpoint
from coalition.receipt import open_receipt
from coalition.v1 import error_pb2
from coalition.v1.journal_pb2 import JournalEntry
from coalition.v1.outcome_pb2 import Outcome
from tests.databases import BOTH
from tests.network.journal.conftest import Desk
from tests.network.town import NETWORK_ID, key_of

pytestmark = pytest.mark.engines(*BOTH)

ORIGIN = checkpoint_origin(NETWORK_ID)
HUB = key_of("hub").public


def test_checkpoint_is_the_root_that_receipts_name(desk: Desk) -> None:
    """A client that holds a receipt and one that holds a checkpoint see the same log."""
    envelope = desk.town.envelope("grocer", desk.town.issue("anna", 5))
    [answer] = desk.submit(envelope)
    receipt, _ = open_receipt(
        answer.receipt,
        answer.outcomes,
        network_id=NETWORK_ID,
        hub_keys=[HUB],
        digest=envelope.digest,
        transaction_ids=[envelope.transactions[0].message.transaction_id],
    )
    checkpoint = open_checkpoint(desk.log.checkpoint(), ORIGIN, HUB)
    assert (checkpoint.size, checkpoint.root) == (receipt.log_size, receipt.log_root)


def test_checkpoint_moves_with_the_log(desk: Desk) -> None:
    """The newest checkpoint is asked for again and again; it is signed anew only when there is something new."""
    first, again = desk.log.checkpoint(), desk.log.checkpoint()
    desk.submit(desk.town.envelope("grocer", desk.town.issue("anna", 5)))
    sizes = [open_checkpoint(note, ORIGIN, HUB).size for note in (first, again, desk.log.checkpoint())]
    assert sizes == [sizes[0], sizes[0], sizes[0] + 1]


def test_every_entry_is_proven_to_be_in_the_log(desk: Desk) -> None:
    """The proof leads from the entry's bytes to the root, for the newest log and for earlier ones."""
    desk.submit(desk.town.envelope("grocer", *(desk.town.issue("anna", 1) for _ in range(260))))
    newest = open_checkpoint(desk.log.checkpoint(), ORIGIN, HUB)
    for sequence in range(1, newest.size + 1, 13):
        proof = desk.log.inclusion(sequence)
        assert (proof.log_size, proof.log_root) == (newest.size, newest.root)
        assert verify_inclusion(leaf_hash(proof.entry), sequence - 1, newest.size, proof.path, newest.root)
        assert Outcome.FromString(JournalEntry.FromString(proof.entry).outcome).sequence == sequence
        then = desk.log.inclusion(sequence, sequence)
        assert verify_inclusion(leaf_hash(then.entry), sequence - 1, sequence, then.path, then.log_root)


def test_log_is_proven_to_have_only_grown(desk: Desk) -> None:
    """From any earlier checkpoint there is a proof to the newest."""
    sizes = []
    for _ in range(3):
        sizes.append(open_checkpoint(desk.log.checkpoint(), ORIGIN, HUB))
        desk.submit(desk.town.envelope("grocer", *(desk.town.issue("anna", 1) for _ in range(111))))
    newest = open_checkpoint(desk.log.checkpoint(), ORIGIN, HUB)
    for old in sizes:
        proof = desk.log.consistency(old.size)
        assert (proof.new_size, proof.new_root) == (newest.size, newest.root)
        assert verify_consistency(old.size, newest.size, proof.path, old.root, newest.root)


@pytest.mark.parametrize(("sequence", "log_size"), [(0, 0), (10_000, 0), (1, 10_000), (5, 4)])
def test_no_proof_for_what_is_not_there(desk: Desk, sequence: int, log_size: int) -> None:
    """Asking beyond the log is answered as such."""
    with pytest.raises(Refused) as refused:
        desk.log.inclusion(sequence, log_size)
    assert refused.value.reason == error_pb2.REASON_NOT_FOUND


@pytest.mark.parametrize(("old", "new"), [(10_000, 0), (1, 10_000), (5, 4)])
def test_no_proof_that_a_log_shrank(desk: Desk, old: int, new: int) -> None:
    """Asking for the impossible is answered as such."""
    with pytest.raises(Refused) as refused:
        desk.log.consistency(old, new)
    assert refused.value.reason == error_pb2.REASON_NOT_FOUND
