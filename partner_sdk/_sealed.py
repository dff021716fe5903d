"""Transactions with ids, and envelopes around them: all that must be known and kept before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from coalition.envelope import ENVELOPE_BYTES_MAX, TRANSACTIONS_MAX, envelope_digest, open_envelope, seal
from coalition.errors import Refused
from coalition.form import check_form
from coalition.ids import id_from_text, id_text, is_transaction_id, new_transaction_id
from coalition.v1.envelope_pb2 import SignedEnvelope
from coalition.v1.transaction_pb2 import Transaction
from coalition.wire import encode
from partner_sdk._connection import Connection
from partner_sdk._draft import Authorship, Draft
from partner_sdk._errors import ConfigurationError
from partner_sdk._refusals import DuplicateId, EnvelopeTooLarge, FieldInvalid, TooManyTransactions, refusal

#: What header and signatures need beside the transactions, at most.
_AROUND_BYTES: Final = 2_048
#: What a transaction needs beside its own bytes: a tag and its length.
_EACH_BYTES: Final = 4
#: What an envelope has for transactions.
ROOM_BYTES: Final = ENVELOPE_BYTES_MAX - _AROUND_BYTES
_US_PER_S: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Prepared:
    """A transaction with its id, of right form."""

    message: Transaction
    raw: bytes
    #: How many different keys of the author must sign, and how many sign if there are so many.
    signatures: int
    signatures_wanted: int
    #: Whether the id was made for it just now, so that nothing can have been committed under it before.
    has_new_id: bool

    @property
    def transaction_id(self) -> str:
        """UUID text."""
        return id_text(self.message.transaction_id)

    @property
    def takes_bytes(self) -> int:
        """What it needs of ROOM_BYTES."""
        return len(self.raw) + _EACH_BYTES


@dataclass(frozen=True, slots=True)
class Sealed:
    """A signed envelope. Sending it again and again, these very bytes, has the effect of sending it once."""

    envelope: bytes
    #: SHA-256 of the header's bytes, by which the receipt names it.
    digest: bytes
    #: When it was signed, in microseconds since the Unix epoch.
    created_us: int
    transactions: tuple[Transaction, ...]

    @property
    def ids(self) -> tuple[bytes, ...]:
        """16 bytes each, in order."""
        return tuple(transaction.transaction_id for transaction in self.transactions)

    @property
    def transaction_ids(self) -> tuple[str, ...]:
        """UUID text, in order."""
        return tuple(map(id_text, self.ids))


def prepare(connection: Connection, draft: Draft[Any]) -> Prepared:
    """Give a draft its id and check its form. Raises FieldInvalid and the like before anything is sent."""
    now_us = connection.clock()
    message = draft.message(Authorship(connection.party_id, now_us))
    message.transaction_id = _identifier(draft.transaction_id, now_us)
    try:
        check_form(message, "transaction")
    except Refused as refused:
        raise refusal(refused) from refused
    raw = encode(message)
    return Prepared(message, raw, draft.signatures, draft.signatures_wanted, has_new_id=draft.transaction_id is None)


def seal_one(
    connection: Connection,
    prepared: Sequence[Prepared],
    *,
    atomic: bool = False,
    lifetime_s: int | None = None,
    created_us: int | None = None,
) -> Sealed:
    """Sign one envelope over transactions. Raises ValueErrors of this protocol when they do not fit into one.

    It is made now, unless `created_us` says when.
    """
    ids = [item.message.transaction_id for item in prepared]
    if len(set(ids)) != len(ids):
        raise DuplicateId("Two transactions of one envelope have the same id; give each its own.")
    if len(prepared) > TRANSACTIONS_MAX:
        raise TooManyTransactions(f"{len(prepared)} transactions do not fit into one envelope of {TRANSACTIONS_MAX}.")
    needed = max(item.signatures for item in prepared)
    if needed > len(connection.keys):
        raise ConfigurationError(
            f"This needs the signatures of {needed} different keys of {connection.party_id}, and the profile has"
            f" {len(connection.keys)}. Name the other in extra_keys."
        )
    made_us = connection.clock() if created_us is None else created_us
    envelope = seal(
        [item.raw for item in prepared],
        network_id=connection.network_id,
        author=connection.party_id,
        keys=connection.keys[: max(needed, *(item.signatures_wanted for item in prepared))],
        created_us=made_us,
        expires_us=made_us + (connection.lifetime_s if lifetime_s is None else lifetime_s) * _US_PER_S,
        atomic=atomic,
    )
    if len(envelope) > ENVELOPE_BYTES_MAX:
        raise EnvelopeTooLarge(
            f"The envelope would have {len(envelope)} bytes; the limit is {ENVELOPE_BYTES_MAX}. Send it in parts."
        )
    header = SignedEnvelope.FromString(envelope).header
    return Sealed(envelope, envelope_digest(header), made_us, tuple(item.message for item in prepared))


def in_parts(prepared: Iterable[Prepared], size: int = TRANSACTIONS_MAX) -> Iterator[list[Prepared]]:
    """Transactions in portions that each fit into an envelope, of at most `size`."""
    part: list[Prepared] = []
    room = ROOM_BYTES
    for item in prepared:
        if part and (len(part) == size or item.takes_bytes > room):
            yield part
            part, room = [], ROOM_BYTES
        part.append(item)
        room -= item.takes_bytes
    if part:
        yield part


def reopen(connection: Connection, envelope: bytes) -> Sealed:
    """What an envelope says that was sealed earlier. Raises a Refusal (ValueError) for bytes that are none of ours."""
    try:
        opened = open_envelope(envelope)
    except Refused as refused:
        raise refusal(refused) from refused
    header = opened.header
    if (header.network_id, header.author) != (connection.network_id, connection.party_id):
        raise FieldInvalid(
            f"The envelope was sealed by {header.author} for {header.network_id}; this client is {connection.party_id}"
            f" in {connection.network_id}."
        )
    return Sealed(envelope, opened.digest, header.created_us, tuple(item.message for item in opened.transactions))


def _identifier(text: str | None, now_us: int) -> bytes:
    if text is None:
        return new_transaction_id(now_us // 1_000)
    try:
        identifier = id_from_text(text)
    except ValueError:
        identifier = b""
    if not is_transaction_id(identifier):
        raise FieldInvalid(f"transaction_id {text!r} is not a UUIDv7; new_transaction_id() makes one.")
    return identifier
