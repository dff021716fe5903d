"""Transactions as they were committed, and holdings with every expiry, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from google.protobuf.message import Message

from coalition.ids import id_text
from coalition.v1 import ledger_service_pb2 as ledger
from coalition.v1.envelope_pb2 import SignedDocument
from coalition.v1.outcome_pb2 import Outcome as OutcomeMessage
from coalition.v1.transaction_pb2 import Transaction
from partner_sdk._moments import day_of
from partner_sdk._outcomes import Balance, Outcome, balance_of
from partner_sdk._results import result_of

_NO_DETAILS: Final[Mapping[str, object]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Lot:
    """Points of one holder from one issuer with one expiry and one availability date."""

    #: None where the caller may not know: a partner sees the issuer of its own points only, others are added up.
    issuer: str | None
    #: Last day on which they may be spent; None: never expires.
    expires_on: date | None
    #: First day on which they may be spent; None: already.
    available_on: date | None
    points: int


@dataclass(frozen=True, slots=True)
class Holdings:
    """What a holder has."""

    balance: Balance
    #: Every lot, earliest expiry first.
    lots: tuple[Lot, ...]
    #: The journal's size, as of which this holds.
    sequence: int

    @property
    def holder_id(self) -> str:
        """Whose it is."""
        return self.balance.holder_id

    @property
    def available(self) -> int:
        """Points that may be spent now."""
        return self.balance.available


@dataclass(frozen=True, slots=True)
class Record:
    """A committed transaction as its author sees it."""

    #: Position in the journal, from 1.
    sequence: int
    #: Settlement window, from 1.
    window: int
    author: str
    #: What was decided; of the kind's own class, as the call had returned it.
    outcome: Outcome
    #: What the transaction says, by the protocol's field names; ids as text, keys in hexadecimal, without what others
    #: signed.
    details: Mapping[str, object] = field(default_factory=lambda: _NO_DETAILS)
    #: The exact bytes of the Transaction and of the Outcome, for those who check hashes.
    transaction: bytes = field(default=b"", repr=False)
    outcome_bytes: bytes = field(default=b"", repr=False)


def holdings_of(message: ledger.GetBalanceResponse) -> Holdings:
    """The holdings in an answer."""
    lots = (
        Lot(lot.issuer or None, day_of(lot.expires_on), day_of(lot.available_on), lot.points) for lot in message.lots
    )
    return Holdings(balance_of(message.balance), tuple(lots), message.sequence)


def record_of(message: ledger.TransactionRecord) -> Record:
    """The record in an answer."""
    transaction = Transaction.FromString(message.transaction)
    outcome = result_of(transaction, OutcomeMessage.FromString(message.outcome), replayed=True)
    return Record(
        sequence=message.sequence,
        window=message.window,
        author=message.author,
        outcome=outcome,
        details=MappingProxyType(plain(getattr(transaction, outcome.kind.value))),
        transaction=message.transaction,
        outcome_bytes=message.outcome,
    )


def plain(message: Message) -> dict[str, object]:
    """The fields of a message as plain values, but for signed documents, whose inside is not the author's word."""
    values: dict[str, object] = {}
    for descriptor, value in message.ListFields():
        if isinstance(value, SignedDocument):
            continue
        if isinstance(value, Message):
            values[descriptor.name] = plain(value)
        elif isinstance(value, str | int | bytes):
            values[descriptor.name] = _plain_value(descriptor.name, value)
        else:
            values[descriptor.name] = tuple(_plain_value(descriptor.name, item) for item in value)
    return values


def _plain_value(name: str, value: Any) -> object:
    if not isinstance(value, bytes):
        return value
    return id_text(value) if name.endswith("_id") else value.hex()
