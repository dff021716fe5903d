"""A hub that signs whatever it is told to, for holding that the verifier believes no hub.

It writes a journal with the protocol's own code and the parties' real keys; each test then makes it lie in one place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from google.protobuf.message import Message

from coalition import dsse
from coalition.documents import sign_document
from coalition.envelope import envelope_digest, seal
from coalition.ids import transaction_id
from coalition.keys import SigningKey
from coalition.merkle import Frontier, leaf_hash
from coalition.note import Checkpoint, checkpoint_origin, sign_checkpoint
from coalition.v1 import network_pb2
from coalition.v1.envelope_pb2 import SignedDocument, SignedEnvelope
from coalition.v1.journal_pb2 import JournalEntry, JournalEnvelope, ReplayedTransaction, StreamEntriesResponse
from coalition.v1.network_pb2 import PartyApplication, PartyKind, Policy
from coalition.v1.outcome_pb2 import OUTCOME_STATUS_ACCEPTED, Outcome, OutcomeStatus
from coalition.v1.transaction_pb2 import Genesis, RegisterParty, Transaction
from coalition.wire import encode

NETWORK_ID = "test-network"
START_US = 1_500_000_000_000_000


def key_of(name: str) -> SigningKey:
    """A party's key, the same in every run."""
    return SigningKey.from_seed(name.encode().ljust(32, b"."))


def application(party_id: str, kind: PartyKind.ValueType, key: SigningKey) -> SignedDocument:
    """A party's application to the test network."""
    return sign_document(
        dsse.PARTY_APPLICATION,
        PartyApplication(
            network_id=NETWORK_ID, party_id=party_id, kind=kind, display_name=party_id, public_keys=[key.public]
        ),
        key,
    )


def genesis() -> Genesis:
    """The genesis of the test network."""
    return Genesis(
        network_id=NETWORK_ID,
        time_zone="Europe/Berlin",
        currency="EUR",
        currency_exponent=2,
        operator=application("operator", network_pb2.PARTY_KIND_OPERATOR, key_of("operator")),
        hub=application("hub", network_pb2.PARTY_KIND_HUB, key_of("hub")),
        policy=Policy(transaction_points_max=1_000, hold_lifetime_max_s=60, envelope_lifetime_max_s=60),
    )


def registration(party_id: str) -> RegisterParty:
    """A partner's admission."""
    return RegisterParty(application=application(party_id, network_pb2.PARTY_KIND_PARTNER, key_of(party_id)))


@dataclass(frozen=True)
class Lie:
    """What differs from the truth in the entries of one envelope."""

    author_in_entry: str | None = None
    sequence_step: int = 1
    time_step_us: int = 1_000
    window: int | None = None
    status: OutcomeStatus.ValueType = OUTCOME_STATUS_ACCEPTED
    outcome_of_other: bool = False
    envelope_index_step: int = 1
    entry_digest: bytes | None = None


TRUTH = Lie()


@dataclass
class DishonestHub:
    """Writes envelopes into a journal and signs checkpoints over it."""

    network_id: str = NETWORK_ID
    frontier: Frontier = field(default_factory=Frontier)
    committed_us: int = START_US
    sequence: int = 0
    window: int = 1
    ids: int = 0

    def transaction(self, kind: Message) -> bytes:
        """A transaction of this kind with the next id."""
        self.ids += 1
        name = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in kind.DESCRIPTOR.name)
        message = Transaction(transaction_id=transaction_id(self.ids, bytes(10)))
        getattr(message, name.removeprefix("_")).CopyFrom(kind)
        return encode(message)

    def write(
        self,
        author: str,
        *kinds: Message,
        keys: Sequence[SigningKey] | None = None,
        lie: Lie = TRUTH,
        replayed: Sequence[tuple[int, bytes]] = (),
    ) -> JournalEnvelope:
        """Commit an envelope of these kinds; `replayed` are earlier transactions of it, with their positions."""
        fresh = [self.transaction(kind) for kind in kinds]
        transactions = list(fresh)
        for index, raw in replayed:
            transactions.insert(index, raw)
        sealed = SignedEnvelope.FromString(
            seal(
                transactions,
                network_id=self.network_id,
                author=author,
                keys=[key_of(author)] if keys is None else keys,
                created_us=self.committed_us,
                expires_us=self.committed_us + 60_000_000,
            )
        )
        positions = [index for index in range(len(transactions)) if index not in dict(replayed)]
        entries = [
            self._entry(author, sealed.header, raw, index * lie.envelope_index_step, lie)
            for index, raw in zip(positions, fresh, strict=True)
        ]
        return JournalEnvelope(
            header=sealed.header,
            signatures=sealed.signatures,
            entries=entries,
            replayed=[ReplayedTransaction(envelope_index=index, leaf_hash=leaf_hash(raw)) for index, raw in replayed],
        )

    def _entry(self, author: str, header: bytes, raw: bytes, index: int, lie: Lie) -> bytes:
        self.sequence += lie.sequence_step
        self.committed_us += lie.time_step_us
        transaction = Transaction.FromString(raw)
        outcome = Outcome(
            transaction_id=bytes(16) if lie.outcome_of_other else transaction.transaction_id,
            sequence=self.sequence,
            committed_us=self.committed_us,
            status=lie.status,
        )
        entry = encode(
            JournalEntry(
                window=lie.window or self.window,
                author=lie.author_in_entry or author,
                envelope_digest=lie.entry_digest or envelope_digest(header),
                envelope_index=index,
                transaction=raw,
                outcome=encode(outcome),
            )
        )
        self.frontier.append(leaf_hash(entry))
        if transaction.HasField("close_window") and lie.status == OUTCOME_STATUS_ACCEPTED:
            self.window += 1
        return entry

    def checkpoint(self, key: SigningKey | None = None, root: bytes | None = None) -> str:
        """A checkpoint over everything written so far."""
        signed = Checkpoint(checkpoint_origin(self.network_id), self.frontier.size, root or self.frontier.root())
        return sign_checkpoint(signed, key or key_of("hub"))

    def response(self, *envelopes: JournalEnvelope, checkpoint: str | None = None) -> StreamEntriesResponse:
        """What a stream brings: envelopes and a checkpoint."""
        return StreamEntriesResponse(envelopes=envelopes, checkpoint=checkpoint or self.checkpoint())

    def beginning(self, *partners: str) -> StreamEntriesResponse:
        """The genesis, and an admission for each partner."""
        envelopes = [self.write("operator", genesis())]
        if partners:
            envelopes.append(self.write("operator", *map(registration, partners)))
        return self.response(*envelopes)


__all__ = [
    "NETWORK_ID",
    "TRUTH",
    "DishonestHub",
    "Lie",
    "application",
    "genesis",
    "key_of",
    "registration",
    "replace",
]
