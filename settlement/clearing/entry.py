"""A journal entry whose signatures and place in the log have been verified, decoded."""

from __future__ import annotations

from dataclasses import dataclass

from coalition.v1.outcome_pb2 import OUTCOME_STATUS_ACCEPTED, Outcome
from coalition.v1.transaction_pb2 import Transaction


@dataclass(frozen=True, slots=True)
class Entry:
    """One transaction of `author` and what the ledger decided about it, in the settlement window that it belongs to."""

    window: int
    author: str
    transaction: Transaction
    outcome: Outcome

    @property
    def sequence(self) -> int:
        """Position in the journal, from 1."""
        return self.outcome.sequence

    @property
    def committed_us(self) -> int:
        """Commit time, microseconds since the Unix epoch."""
        return self.outcome.committed_us

    @property
    def kind(self) -> str:
        """The name of the transaction's kind: `issue`, `redeem`."""
        return self.transaction.WhichOneof("kind") or ""

    @property
    def accepted(self) -> bool:
        """Whether the ledger accepted it; a rejected transaction moves nothing."""
        return self.outcome.status == OUTCOME_STATUS_ACCEPTED


class ClearingError(Exception):
    """An entry that cannot be cleared, because it contradicts what the journal said before.

    The journal's signatures may all be right: then it is the hub that is wrong, and a person has to look.
    """

    def __init__(self, sequence: int, message: str) -> None:
        super().__init__(f"Entry {sequence}: {message}")
        self.sequence = sequence
