"""What a write will say, before it has an id, a time and a signature."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from google.protobuf.message import Message

from coalition.v1.transaction_pb2 import Transaction
from partner_sdk._outcomes import Outcome
from partner_sdk._refusals import FieldInvalid
from partner_sdk._vocabulary import Kind

R_co = TypeVar("R_co", bound=Outcome, covariant=True)


@dataclass(frozen=True, slots=True)
class Authorship:
    """Who writes, and when: what a draft needs to become a transaction."""

    party_id: str
    #: Microseconds since the Unix epoch.
    now_us: int


@dataclass(frozen=True, slots=True)
class Draft(Generic[R_co]):
    """A transaction to be. Its type says what the ledger's acceptance gives."""

    kind: Kind
    #: Makes the body; raises ValueError for values that the protocol cannot carry.
    build: Callable[[Authorship], Message]
    #: UUID text chosen by the caller; None: a new UUIDv7 is made before sending.
    transaction_id: str | None = None
    #: How many different keys of the author must sign.
    signatures: int = 1
    #: How many sign where the author has them, because it may turn out that they are needed.
    signatures_wanted: int = 1

    def message(self, authorship: Authorship) -> Transaction:
        """The transaction, without its id. Raises FieldInvalid for values that the protocol cannot carry."""
        transaction = Transaction()
        try:
            getattr(transaction, self.kind).CopyFrom(self.build(authorship))
        except ValueError as error:
            raise FieldInvalid(f"{self.kind.value}: {error}") from error
        return transaction
