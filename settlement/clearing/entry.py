"""A journal entry whose signatures and place in the log have been verified, decoded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from coalition.v1.journal_pb2 import JournalEntry
from coalition.v1.outcome_pb2 import OUTCOME_STATUS_ACCEPTED, Outcome
from coalition.v1.transaction_pb2 import Transaction


class Entry(Protocol):
    """One transaction of `author` and what the ledger decided about it, in the settlement window that it belongs to.

    The SDK's VerifiedEntry is one.
    """

    @property
    def window(self) -> int: ...
    @property
    def author(self) -> str: ...
    @property
    def transaction(self) -> Transaction: ...
    @property
    def outcome(self) -> Outcome: ...

    @property
    def sequence(self) -> int:
        """Position in the journal, from 1."""

    @property
    def committed_us(self) -> int:
        """Commit time, microseconds since the Unix epoch."""

    @property
    def kind(self) -> str:
        """The name of the transaction's kind: `issue`, `redeem`."""

    @property
    def accepted(self) -> bool:
        """Whether the ledger accepted it; a rejected transaction moves nothing."""

    @property
    def raw(self) -> bytes:
        """The exact bytes of the JournalEntry: the leaf of the log's tree."""


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry whose bytes were verified when they came, and kept."""

    window: int
    author: str
    transaction: Transaction
    outcome: Outcome
    raw: bytes

    @classmethod
    def of(cls, raw: bytes) -> StoredEntry:
        """The entry in the bytes of a JournalEntry."""
        entry = JournalEntry.FromString(raw)
        return cls(
            entry.window,
            entry.author,
            Transaction.FromString(entry.transaction),
            Outcome.FromString(entry.outcome),
            raw,
        )

    @property
    def sequence(self) -> int:
        return self.outcome.sequence

    @property
    def committed_us(self) -> int:
        return self.outcome.committed_us

    @property
    def kind(self) -> str:
        return self.transaction.WhichOneof("kind") or ""

    @property
    def accepted(self) -> bool:
        return self.outcome.status == OUTCOME_STATUS_ACCEPTED


class ClearingError(Exception):
    """An entry that cannot be cleared, because it contradicts what the journal said before.

    The journal's signatures may all be right: then it is the hub that is wrong, and a person has to look.
    """

    def __init__(self, sequence: int, message: str) -> None:
        super().__init__(f"Entry {sequence}: {message}")
        self.sequence = sequence
