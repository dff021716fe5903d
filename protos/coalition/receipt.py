"""Receipts: making them at the hub, and checking them before anything is believed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from coalition import dsse
from coalition.documents import open_document, sign_document
from coalition.errors import Refused
from coalition.keys import SigningKey
from coalition.merkle import root_over
from coalition.v1.envelope_pb2 import SignedDocument
from coalition.v1.journal_pb2 import Receipt
from coalition.v1.outcome_pb2 import Outcome
from coalition.wire import decode

_MISMATCH: Final = "The hub's answer cannot be trusted: "


class ReceiptError(Exception):
    """The hub's answer is not what the hub's key signed, or not about what was sent. Do not act on it."""


def make_receipt(receipt: Receipt, outcomes: Sequence[bytes], key: SigningKey) -> SignedDocument:
    """Complete `receipt` with the outcomes' count and root, and sign it."""
    receipt.outcome_count = len(outcomes)
    receipt.outcomes_root = root_over(outcomes)
    return sign_document(dsse.RECEIPT, receipt, key)


def open_receipt(
    signed: SignedDocument,
    outcomes: Sequence[bytes],
    *,
    network_id: str,
    hub_keys: Sequence[bytes],
    digest: bytes,
    transaction_ids: Sequence[bytes],
) -> tuple[Receipt, tuple[Outcome, ...]]:
    """The receipt and its outcomes, once they are proven to be the hub's answer to exactly this envelope.

    `digest` and `transaction_ids` are those of the envelope that was sent. Raises ReceiptError.
    """
    if signed.signature.public_key not in hub_keys:
        raise ReceiptError(_MISMATCH + "the receipt is signed by a key that is not the hub's.")
    try:
        receipt = open_document(Receipt, dsse.RECEIPT, signed, "receipt")
        opened = tuple(decode(Outcome, raw, f"outcomes[{index}]") for index, raw in enumerate(outcomes))
    except Refused as refused:
        raise ReceiptError(_MISMATCH + refused.message) from refused
    for wrong, text in (
        (receipt.network_id != network_id, "the receipt is of another network."),
        (receipt.envelope_digest != digest, "the receipt is for another envelope."),
        (receipt.outcome_count != len(outcomes), "the number of outcomes is wrong."),
        (receipt.outcomes_root != root_over(outcomes), "the outcomes are not the ones that the receipt covers."),
        ([outcome.transaction_id for outcome in opened] != list(transaction_ids), "the outcomes are of other ids."),
    ):
        if wrong:
            raise ReceiptError(_MISMATCH + text)
    return receipt, opened
