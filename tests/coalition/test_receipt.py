"""Receipts: nothing is believed that the hub's key did not sign for this very envelope."""

from __future__ import annotations

from typing import Any

import pytest

from coalition import dsse
from coalition.documents import sign_document
from coalition.merkle import root_over
from coalition.receipt import ReceiptError, make_receipt, open_receipt
from coalition.v1.envelope_pb2 import SignedDocument
from coalition.v1.journal_pb2 import Receipt
from coalition.v1.outcome_pb2 import OUTCOME_STATUS_ACCEPTED, Outcome
from coalition.wire import encode
from vectors.cast import KEYS, NETWORK, identifier

DIGEST = bytes(range(32))
IDS = [identifier(1), identifier(2)]
OUTCOMES = [
    encode(Outcome(transaction_id=item, sequence=5 + place, status=OUTCOME_STATUS_ACCEPTED))
    for place, item in enumerate(IDS)
]


def receipt(**changed: Any) -> Receipt:
    """A receipt for the two outcomes."""
    fields: dict[str, Any] = {
        "network_id": NETWORK,
        "envelope_digest": DIGEST,
        "first_sequence": 5,
        "committed_us": 1,
        "log_size": 6,
        "log_root": bytes(32),
    }
    return Receipt(**fields | changed)


SIGNED = make_receipt(receipt(), OUTCOMES, KEYS["hub"])


def opened(signed: SignedDocument = SIGNED, outcomes: list[bytes] = OUTCOMES, **changed: Any) -> Any:
    """What the client makes of the hub's answer."""
    expected: dict[str, Any] = {
        "network_id": NETWORK,
        "hub_keys": [KEYS["hub"].public],
        "digest": DIGEST,
        "transaction_ids": IDS,
    }
    return open_receipt(signed, outcomes, **expected | changed)


def test_receipt_opens_as_it_was_made() -> None:
    """The receipt covers the outcomes that came with it."""
    found, outcomes = opened()
    assert found.outcome_count == 2
    assert found.outcomes_root == root_over(OUTCOMES)
    assert [encode(outcome) for outcome in outcomes] == OUTCOMES


def test_any_of_the_hubs_keys_may_sign() -> None:
    """A hub that changes its key is still believed by clients that know both."""
    opened(hub_keys=[KEYS["stranger"].public, KEYS["hub"].public])


def test_hubs_silence_is_no_receipt() -> None:
    """An answer without a receipt is not believed."""
    with pytest.raises(ReceiptError):
        opened(SignedDocument())


@pytest.mark.parametrize(
    ("told", "text"),
    [
        ({"hub_keys": [KEYS["stranger"].public]}, "key that is not the hub's"),
        ({"hub_keys": []}, "key that is not the hub's"),
        ({"network_id": "other"}, "another network"),
        ({"digest": bytes(32)}, "another envelope"),
        ({"transaction_ids": IDS[::-1]}, "other ids"),
        ({"transaction_ids": IDS[:1]}, "other ids"),
        ({"outcomes": OUTCOMES[:1]}, "number of outcomes"),
        ({"outcomes": [*OUTCOMES, OUTCOMES[0]]}, "number of outcomes"),
        ({"outcomes": OUTCOMES[::-1]}, "not the ones"),
        ({"outcomes": [OUTCOMES[0], encode(Outcome(transaction_id=IDS[1], sequence=7))]}, "not the ones"),
        ({"outcomes": [OUTCOMES[0], OUTCOMES[1] + b"\xc0\x3e\x01"]}, r"outcomes\[1\] has fields"),
        ({"outcomes": [b"\xff", OUTCOMES[1]]}, r"outcomes\[0\] is not"),
        ({"signed": sign_document(dsse.TERMS, receipt(), KEYS["hub"])}, "signature of receipt"),
        (
            {"signed": SignedDocument(document=SIGNED.document + b"\x30\x02", signature=SIGNED.signature)},
            "signature of receipt",
        ),
        ({"signed": make_receipt(receipt(), OUTCOMES, KEYS["stranger"])}, "key that is not the hub's"),
        ({"signed": make_receipt(receipt(network_id="other"), OUTCOMES, KEYS["hub"])}, "another network"),
        ({"signed": make_receipt(receipt(envelope_digest=b""), OUTCOMES, KEYS["hub"])}, "another envelope"),
        ({"signed": make_receipt(receipt(), OUTCOMES[:1], KEYS["hub"])}, "number of outcomes"),
    ],
)
def test_answer_that_is_not_believed(told: dict[str, Any], text: str) -> None:
    """Whatever does not fit is said, and is never mistaken for an outcome."""
    with pytest.raises(ReceiptError, match=text):
        opened(**told)
