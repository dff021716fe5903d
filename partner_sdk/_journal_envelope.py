"""What one envelope of a journal proves about itself, before anything is known about its author or its neighbours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from coalition import dsse
from coalition.envelope import SIGNATURES_MAX, envelope_digest
from coalition.errors import Refused
from coalition.form import check_form
from coalition.keys import verify
from coalition.merkle import leaf_hash, root_of
from coalition.v1.envelope_pb2 import EnvelopeHeader
from coalition.v1.journal_pb2 import JournalEntry, JournalEnvelope
from coalition.v1.outcome_pb2 import OUTCOME_STATUS_ACCEPTED, OUTCOME_STATUS_REJECTED, Outcome
from coalition.v1.transaction_pb2 import Transaction
from coalition.wire import decode
from partner_sdk._errors import JournalInvalid

_STATUSES: Final = (OUTCOME_STATUS_ACCEPTED, OUTCOME_STATUS_REJECTED)


@dataclass(frozen=True, slots=True)
class VerifiedEntry:
    """An entry whose authorship, place and bytes have been checked. `transaction` and `outcome` are raw messages."""

    #: Position in the journal, from 1.
    sequence: int
    #: Commit time, microseconds since the Unix epoch.
    committed_us: int
    #: Settlement window, from 1.
    window: int
    author: str
    #: 16 bytes.
    transaction_id: bytes
    #: The kind's name, as in Transaction: `issue`, `redeem`.
    kind: str
    transaction: Transaction
    outcome: Outcome
    #: The exact bytes of the JournalEntry, which are the leaf of the tree.
    raw: bytes
    #: RFC 6962 leaf hash of `raw`.
    leaf_hash: bytes
    #: SHA-256 of the header of the envelope that brought it.
    envelope_digest: bytes

    @property
    def accepted(self) -> bool:
        """Whether the ledger accepted it; otherwise it changed nothing."""
        return self.outcome.status == OUTCOME_STATUS_ACCEPTED


@dataclass(frozen=True, slots=True)
class OpenedJournalEnvelope:
    """Entries that one envelope added, its signatures right by the keys that they name. Whose keys is not checked."""

    author: str
    #: Different keys, all of whose signatures are right.
    keys: tuple[bytes, ...]
    entries: tuple[VerifiedEntry, ...]


def open_journal_envelope(envelope: JournalEnvelope, network_id: str, where: str) -> OpenedJournalEnvelope:
    """Check signatures, transaction root, and that every entry and outcome belongs to this envelope.

    `where` names the place for messages. Raises JournalInvalid.
    """
    try:
        header = decode(EnvelopeHeader, envelope.header, "header")
        _require(header.network_id == network_id, where, f"the envelope is of another network than {network_id}")
        keys = _signing_keys(envelope, where)
        entries = tuple(_entries(envelope, header, where))
    except Refused as refused:
        raise JournalInvalid(f"{where}: {refused.message}") from refused
    _check_transactions_root(envelope, header, entries, where)
    return OpenedJournalEnvelope(header.author, keys, tuple(entry for _, entry in entries))


def _require(holds: bool, where: str, text: str) -> None:
    if not holds:
        raise JournalInvalid(f"{where}: {text}.")


def _signing_keys(envelope: JournalEnvelope, where: str) -> tuple[bytes, ...]:
    keys = tuple(dict.fromkeys(signature.public_key for signature in envelope.signatures))
    _require(
        1 <= len(envelope.signatures) <= SIGNATURES_MAX, where, f"an envelope has 1 to {SIGNATURES_MAX} signatures"
    )
    _require(len(keys) == len(envelope.signatures), where, "the envelope is signed twice by the same key")
    for signature in envelope.signatures:
        right = verify(signature, dsse.ENVELOPE_HEADER, envelope.header)
        _require(right, where, "a signature does not match the envelope's header")
    return keys


def _entries(
    envelope: JournalEnvelope, header: EnvelopeHeader, where: str
) -> Iterator[tuple[JournalEntry, VerifiedEntry]]:
    digest = envelope_digest(envelope.header)
    _require(len(envelope.entries) > 0, where, "an envelope adds at least one entry")
    for raw in envelope.entries:
        entry = decode(JournalEntry, raw, "entry")
        outcome = decode(Outcome, entry.outcome, "outcome")
        here = f"entry {outcome.sequence}"
        transaction = decode(Transaction, entry.transaction, here)
        check_form(transaction, here)
        _require(entry.author == header.author, here, "the author is not the one who signed the envelope")
        _require(entry.envelope_digest == digest, here, "it belongs to another envelope")
        _require(outcome.transaction_id == transaction.transaction_id, here, "the outcome is of another transaction")
        _require(outcome.status in _STATUSES, here, "the outcome neither accepts nor rejects")
        yield (
            entry,
            VerifiedEntry(
                sequence=outcome.sequence,
                committed_us=outcome.committed_us,
                window=entry.window,
                author=entry.author,
                transaction_id=transaction.transaction_id,
                kind=transaction.WhichOneof("kind") or "",
                transaction=transaction,
                outcome=outcome,
                raw=raw,
                leaf_hash=leaf_hash(raw),
                envelope_digest=digest,
            ),
        )


def _check_transactions_root(
    envelope: JournalEnvelope,
    header: EnvelopeHeader,
    entries: tuple[tuple[JournalEntry, VerifiedEntry], ...],
    where: str,
) -> None:
    leaves = {item.envelope_index: item.leaf_hash for item in envelope.replayed}
    indexes = [entry.envelope_index for entry, _ in entries]
    _require(indexes == sorted(set(indexes)), where, "the entries are not in the envelope's order")
    _require(len(leaves) == len(envelope.replayed), where, "a replayed transaction is named twice")
    _require(not leaves.keys() & set(indexes), where, "a transaction is both new and replayed")
    leaves.update({entry.envelope_index: leaf_hash(entry.transaction) for entry, _ in entries})
    _require(
        sorted(leaves) == list(range(header.transaction_count)), where, "the envelope's transactions are not all there"
    )
    root = root_of(leaves[index] for index in range(header.transaction_count))
    _require(root == header.transactions_root, where, "the transactions are not the ones that were signed")
