"""Making and opening envelopes. What `open_envelope` returns was signed, byte for byte, by the keys that it names."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from coalition import dsse
from coalition.errors import Refused
from coalition.form import check_form
from coalition.ids import id_text, is_party_id
from coalition.keys import SigningKey, verify
from coalition.merkle import root_over
from coalition.v1 import error_pb2
from coalition.v1.envelope_pb2 import EnvelopeHeader, Signature, SignedEnvelope
from coalition.v1.transaction_pb2 import Transaction
from coalition.wire import decode, encode

TRANSACTIONS_MAX: Final = 1_000
ENVELOPE_BYTES_MAX: Final = 1 << 20
SIGNATURES_MAX: Final = 4


class OpenedTransaction(NamedTuple):
    """A transaction together with the exact bytes that were signed, and its position in the envelope, from 0."""

    position: int
    raw: bytes
    message: Transaction
    transaction_id: bytes
    #: The name of its kind: `issue`, `redeem`.
    kind: str
    #: The message of that kind: an Issue, a Redeem.
    body: Any

    @classmethod
    def of(cls, position: int, raw: bytes, message: Transaction) -> OpenedTransaction:
        """A transaction whose kind this version knows."""
        kind = message.WhichOneof("kind")
        assert kind is not None, "forms are checked first"
        return cls(position, raw, message, message.transaction_id, kind, getattr(message, kind))


@dataclass(frozen=True, slots=True)
class OpenedEnvelope:
    """An envelope whose signatures, root and forms are right. Whose keys these are is not checked yet."""

    header_bytes: bytes
    header: EnvelopeHeader
    transactions: tuple[OpenedTransaction, ...]
    signatures: tuple[Signature, ...]
    #: SHA-256 of the header's bytes; names the envelope.
    digest: bytes

    @property
    def size(self) -> int:
        """Bytes that it takes while it waits somewhere."""
        return len(self.header_bytes) + sum(len(transaction.raw) for transaction in self.transactions)


def envelope_digest(header: bytes) -> bytes:
    """SHA-256 of a header's bytes."""
    return hashlib.sha256(header).digest()


def seal(
    transactions: Sequence[bytes],
    *,
    network_id: str,
    author: str,
    keys: Sequence[SigningKey],
    created_us: int,
    expires_us: int,
    atomic: bool = False,
) -> bytes:
    """A serialised SignedEnvelope over serialised transactions, signed by each of `keys`. Times in microseconds."""
    header = encode(
        EnvelopeHeader(
            network_id=network_id,
            author=author,
            created_us=created_us,
            expires_us=expires_us,
            transaction_count=len(transactions),
            atomic=atomic,
            transactions_root=root_over(transactions),
        )
    )
    signatures = [key.sign(dsse.ENVELOPE_HEADER, header) for key in keys]
    return encode(SignedEnvelope(header=header, transactions=transactions, signatures=signatures))


def open_envelope(
    data: bytes, check_header: Callable[[EnvelopeHeader, Sequence[Signature]], None] | None = None
) -> OpenedEnvelope:
    """Check everything about an envelope that needs no state, in the order size, decode, signatures, form.

    `check_header` is called before any signature is computed: what the caller knows of networks, authors and times is
    cheaper to check. Raises Refused with the reason; facts and field paths name the transaction's index.
    """
    if len(data) > ENVELOPE_BYTES_MAX:
        raise Refused(
            error_pb2.REASON_ENVELOPE_TOO_LARGE,
            f"The envelope has {len(data)} bytes; the limit is {ENVELOPE_BYTES_MAX}. Send it in parts.",
            {"bytes": str(len(data)), "limit": str(ENVELOPE_BYTES_MAX)},
        )
    envelope = decode(SignedEnvelope, data, "envelope")
    header = decode(EnvelopeHeader, envelope.header, "envelope.header")
    _check_header(header, envelope)
    if check_header is not None:
        check_header(header, envelope.signatures)
    for position, signature in enumerate(envelope.signatures):
        if not verify(signature, dsse.ENVELOPE_HEADER, envelope.header):
            raise Refused(
                error_pb2.REASON_SIGNATURE_INVALID,
                f"Signature {position} does not match the header. Sign the exact header bytes that are sent.",
                {"field": f"signatures[{position}]"},
            )
    if root_over(envelope.transactions) != header.transactions_root:
        raise Refused(
            error_pb2.REASON_TRANSACTIONS_ROOT_MISMATCH,
            "The transactions are not the ones that the header was signed for. Build the envelope anew and sign it.",
        )
    return OpenedEnvelope(
        header_bytes=envelope.header,
        header=header,
        transactions=open_transactions(envelope.transactions),
        signatures=tuple(envelope.signatures),
        digest=envelope_digest(envelope.header),
    )


def open_transactions(transactions: Sequence[bytes]) -> tuple[OpenedTransaction, ...]:
    """Decode transactions and check their form. Raises Refused, naming the index."""
    opened: list[OpenedTransaction] = []
    seen: set[bytes] = set()
    for index, raw in enumerate(transactions):
        where = f"transactions[{index}]"
        message = decode(Transaction, raw, where)
        check_form(message, where)
        transaction = OpenedTransaction.of(index, raw, message)
        if transaction.transaction_id in seen:
            raise Refused(
                error_pb2.REASON_DUPLICATE_ID,
                f"{where} has the id {id_text(transaction.transaction_id)} of an earlier one in the same envelope.",
                {"field": f"{where}.transaction_id"},
            )
        seen.add(transaction.transaction_id)
        opened.append(transaction)
    return tuple(opened)


def _check_header(header: EnvelopeHeader, envelope: SignedEnvelope) -> None:
    count = len(envelope.transactions)
    if count > TRANSACTIONS_MAX:
        raise Refused(
            error_pb2.REASON_TOO_MANY_TRANSACTIONS,
            f"The envelope has {count} transactions; the limit is {TRANSACTIONS_MAX}. Send it in parts.",
            {"transactions": str(count), "limit": str(TRANSACTIONS_MAX)},
        )
    if count == 0:
        raise _malformed("transactions", "An envelope has at least one transaction.")
    if header.transaction_count != count:
        raise _malformed("header.transaction_count", f"The envelope has {count} transactions.")
    if not is_party_id(header.author):
        raise _malformed("header.author", "The author is a party id: a-z, 0-9 and hyphens.")
    if not header.network_id:
        raise _malformed("header.network_id", "The header names the network.")
    if header.created_us <= 0:
        raise _malformed("header.created_us", "The header says when it was made, in microseconds.")
    if header.expires_us <= header.created_us:
        raise _malformed("header.expires_us", "An envelope expires after it was made.")
    signers = [signature.public_key for signature in envelope.signatures]
    if not 1 <= len(signers) <= SIGNATURES_MAX:
        raise _malformed("signatures", f"1 to {SIGNATURES_MAX} signatures.")
    if len(set(signers)) != len(signers):
        raise _malformed("signatures", "Each signature is by a different key.")


def _malformed(field: str, text: str) -> Refused:
    return Refused(error_pb2.REASON_MALFORMED, f"{field}: {text}", {"field": field})
