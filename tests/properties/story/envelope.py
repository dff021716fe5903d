"""What a story consists of: envelopes in batches, every byte decided."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from coalition.envelope import OpenedEnvelope, OpenedTransaction, envelope_digest, open_envelope, seal
from coalition.keys import SigningKey
from coalition.merkle import root_over
from coalition.v1.envelope_pb2 import EnvelopeHeader, Signature
from coalition.v1.transaction_pb2 import Transaction
from coalition.wire import encode


@dataclass(frozen=True)
class Posted:
    """A transaction and its bytes."""

    message: Transaction
    raw: bytes

    @property
    def kind(self) -> str:
        return self.message.WhichOneof("kind") or ""

    @classmethod
    def of(cls, message: Transaction) -> Posted:
        return cls(message, encode(message))


@dataclass(frozen=True)
class Envelope:
    """An envelope before it is sealed."""

    network_id: str
    author: str
    keys: tuple[SigningKey, ...]
    created_us: int
    expires_us: int
    atomic: bool
    transactions: tuple[Posted, ...]

    @cached_property
    def opened(self) -> OpenedEnvelope:
        """As the ledger sees it, without the work of signing and checking: signatures are not the ledger's matter."""
        header = EnvelopeHeader(
            network_id=self.network_id,
            author=self.author,
            created_us=self.created_us,
            expires_us=self.expires_us,
            transaction_count=len(self.transactions),
            atomic=self.atomic,
            transactions_root=root_over(posted.raw for posted in self.transactions),
        )
        raw = encode(header)
        return OpenedEnvelope(
            header_bytes=raw,
            header=header,
            transactions=tuple(
                OpenedTransaction.of(index, posted.raw, posted.message)
                for index, posted in enumerate(self.transactions)
            ),
            signatures=tuple(Signature(public_key=key.public) for key in self.keys),
            digest=envelope_digest(raw),
        )

    @cached_property
    def admitted(self) -> OpenedEnvelope:
        """Sealed, and opened with every check that a hub makes."""
        data = seal(
            [posted.raw for posted in self.transactions],
            network_id=self.network_id,
            author=self.author,
            keys=self.keys,
            created_us=self.created_us,
            expires_us=self.expires_us,
            atomic=self.atomic,
        )
        return open_envelope(data)


@dataclass(frozen=True)
class Batch:
    """Envelopes that are written together."""

    now_us: int
    envelopes: tuple[Envelope, ...]


Story = tuple[Batch, ...]
