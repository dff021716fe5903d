"""What the processes of one hub tell each other."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from coalition.envelope import OpenedEnvelope, OpenedTransaction, envelope_digest
from coalition.errors import FieldViolation, Refused
from coalition.v1.envelope_pb2 import EnvelopeHeader, Signature
from coalition.v1.error_pb2 import Reason
from coalition.v1.transaction_pb2 import Transaction
from network.config import HubConfig


class Duty(NamedTuple):
    """The first thing that a front hears: what it is to serve, and how."""

    config: HubConfig
    #: The hub's key, 32 bytes: a front signs checkpoints and codes. It never stands where other programs could read it.
    key_seed: bytes
    #: HOST:PORT, where other fronts may listen as well.
    listen: str
    metrics: str | None
    clock_file: Path | None
    log_format: str
    #: Whether this front sweeps.
    steward: bool


class Serving(NamedTuple):
    """A front takes calls now."""

    address: str
    metrics_address: str | None


class Failed(NamedTuple):
    """A front cannot begin, for a reason that people can do something about."""

    message: str


class Stop(NamedTuple):
    """A front is to finish what it has and end."""


class Ping(NamedTuple):
    """The writer asks whether a front is still there."""


class Pong(NamedTuple):
    """It is."""


class Handed(NamedTuple):
    """An admitted envelope, for the writer."""

    number: int
    header: bytes
    transactions: tuple[bytes, ...]
    #: Serialised Signatures.
    signatures: tuple[bytes, ...]
    traceparent: str

    @classmethod
    def of(cls, number: int, envelope: OpenedEnvelope, traceparent: str) -> Handed:
        """`number` is the sender's own, by which it knows the answer."""
        return cls(
            number,
            envelope.header_bytes,
            tuple(transaction.raw for transaction in envelope.transactions),
            tuple(signature.SerializeToString() for signature in envelope.signatures),
            traceparent,
        )

    def envelope(self) -> OpenedEnvelope:
        """As it was admitted; nothing is checked again."""
        return OpenedEnvelope(
            header_bytes=self.header,
            header=EnvelopeHeader.FromString(self.header),
            transactions=tuple(
                OpenedTransaction.of(position, raw, Transaction.FromString(raw))
                for position, raw in enumerate(self.transactions)
            ),
            signatures=tuple(Signature.FromString(signature) for signature in self.signatures),
            digest=envelope_digest(self.header),
        )


class Refusal(NamedTuple):
    """A Refused on its way."""

    reason: Reason.ValueType
    message: str
    facts: dict[str, str]
    violations: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, refused: Refused) -> Refusal:
        violations = tuple((item.field, item.description) for item in refused.violations)
        return cls(refused.reason, refused.message, refused.facts, violations)

    def error(self) -> Refused:
        """To be raised where it has arrived."""
        violations = tuple(FieldViolation(*item) for item in self.violations)
        return Refused(self.reason, self.message, self.facts, violations)


class News(NamedTuple):
    """What the writer has committed."""

    #: Where the journal ends.
    sequence: int
    #: The last entry that changed a reference table.
    reference_sequence: int
    #: By the numbers of what this front has handed in: a serialised SubmitResponse, or why there is none.
    answers: tuple[tuple[int, bytes | Refusal], ...]
