"""Puts an envelope together again as it was sent and opens it: signatures, consents, root and form, as at admission."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from coalition.envelope import OpenedEnvelope, OpenedTransaction, envelope_digest, open_envelope
from coalition.errors import Refused
from coalition.v1 import error_pb2
from coalition.v1.envelope_pb2 import EnvelopeHeader, SignedEnvelope
from coalition.v1.journal_pb2 import JournalEntry, JournalEnvelope
from coalition.v1.outcome_pb2 import Outcome
from coalition.v1.transaction_pb2 import Transaction
from coalition.wire import decode, encode

#: Transactions that are in the journal and were sent again later, by author and leaf hash.
Repeated = Mapping[tuple[str, bytes], bytes | None]

_SHOWN_MAX: Final = 160


class Kept(NamedTuple):
    """An envelope as the journal keeps it."""

    first_sequence: int
    header: bytes
    signatures: bytes
    replayed: bytes
    #: Of its entries.
    bodies: tuple[bytes, ...]

    @property
    def size(self) -> int:
        """Bytes of its entries."""
        return sum(map(len, self.bodies))


class Reopened(NamedTuple):
    """An envelope as it was sent, and the commit time of its first new entry."""

    envelope: OpenedEnvelope
    first_committed_us: int


class Sound(NamedTuple):
    """What somebody found who has reopened an envelope: it is right, and these are its transactions."""

    transactions: tuple[bytes, ...]
    first_committed_us: int


def reopen(kept: Kept, repeated: Repeated) -> Reopened:
    """Put an envelope together again and open it. Raises Refused."""
    header = decode(EnvelopeHeader, kept.header, "header")
    signatures = decode(JournalEnvelope, kept.signatures, "signatures").signatures
    transactions: dict[int, bytes] = {}
    outcomes: list[bytes] = []
    for sequence, body in enumerate(kept.bodies, kept.first_sequence):
        entry = decode(JournalEntry, body, f"entry {sequence}")
        transactions[entry.envelope_index] = entry.transaction
        outcomes.append(entry.outcome)
    for item in decode(JournalEnvelope, kept.replayed, "replayed").replayed:
        raw = repeated.get((header.author, item.leaf_hash))
        if raw is None:
            raise _malformed(f"transactions[{item.envelope_index}] is said to be in the journal before, and is not")
        transactions[item.envelope_index] = raw
    if sorted(transactions) != list(range(header.transaction_count)):
        raise _malformed(f"of {header.transaction_count} transactions there are {_shown(sorted(transactions))}")
    ordered = [transactions[index] for index in range(header.transaction_count)]
    data = encode(SignedEnvelope(header=kept.header, transactions=ordered, signatures=signatures))
    committed_us = decode(Outcome, outcomes[0], f"entry {kept.first_sequence}, outcome").committed_us
    return Reopened(open_envelope(data), committed_us)


def finding(reopened: Reopened) -> Sound:
    """What to say of an envelope that was reopened."""
    raws = tuple(transaction.raw for transaction in reopened.envelope.transactions)
    return Sound(raws, reopened.first_committed_us)


def take_over(kept: Kept, sound: Sound) -> Reopened:
    """The same as `reopen`, from what somebody found who did: nothing is checked a second time."""
    return Reopened(
        OpenedEnvelope(
            header_bytes=kept.header,
            header=EnvelopeHeader.FromString(kept.header),
            transactions=tuple(
                OpenedTransaction.of(position, raw, Transaction.FromString(raw))
                for position, raw in enumerate(sound.transactions)
            ),
            signatures=tuple(JournalEnvelope.FromString(kept.signatures).signatures),
            digest=envelope_digest(kept.header),
        ),
        sound.first_committed_us,
    )


def _malformed(text: str) -> Refused:
    return Refused(error_pb2.REASON_MALFORMED, text)


def _shown(indexes: Sequence[int]) -> str:
    text = repr(indexes)
    return text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}…"
