"""Signed steps of disputes, for tests."""

from __future__ import annotations

from typing import Any

from coalition import dsse
from coalition.documents import sign_document
from coalition.ids import transaction_id
from coalition.keys import SigningKey
from coalition.v1 import settlement_disputes_pb2 as pb
from coalition.v1.envelope_pb2 import SignedDocument
from settlement.disputes.step import Step, read_step

NETWORK = "test-network"
START_US = 1_500_000_000_000_000
RAISER, RESPONDENT, OPERATOR = "florist", "grocer", "operator"


def dispute_id(number: int = 1) -> bytes:
    """A dispute's id."""
    return transaction_id(1_500_000_000_000 + number, b"dispute...")


def person(name: str) -> SigningKey:
    """The key of somebody, by a name: `operator`, `operator-2`."""
    return SigningKey.from_seed(name.encode().ljust(32, b"."))


def signed_step(
    key: SigningKey,
    party_id: str,
    action: pb.DisputeAction.ValueType,
    *,
    identifier: bytes | None = None,
    claim: dict[str, Any] | None = None,
    seen: bytes = b"",
    amount: int = 0,
    text: str = "see the till's roll",
    attachments: tuple[pb.DisputeAttachment, ...] = (),
    decided_us: int = START_US,
    network_id: str = NETWORK,
) -> SignedDocument:
    """A step of a party; `claim` is what a first step claims."""
    step = pb.DisputeStep(
        network_id=network_id,
        dispute_id=dispute_id() if identifier is None else identifier,
        party_id=party_id,
        action=action,
        seen_digest=seen,
        claim=None if claim is None else claim_of(**claim),
        amount_micros=amount,
        text=text,
        attachments=attachments,
        decided_us=decided_us,
    )
    return sign_document(dsse.DISPUTE_STEP, step, key)


def claim_of(
    *,
    sequence: int = 7,
    respondent: str = RESPONDENT,
    reason: pb.DisputeReason.ValueType = pb.DISPUTE_REASON_DUPLICATE,
    points: int = 0,
    amount: int = 1_000,
) -> pb.DisputeClaim:
    """A claim about the entry 7."""
    return pb.DisputeClaim(sequence=sequence, respondent=respondent, reason=reason, points=points, amount_micros=amount)


def step_of(signed: SignedDocument) -> Step:
    """A step that counts as checked."""
    return read_step(signed.document, signed.signature.public_key, signed.signature.signature)


def step_by(name: str, action: pb.DisputeAction.ValueType, **fields: Any) -> Step:
    """A step of somebody; `operator-2` is the operator's second person."""
    return step_of(signed_step(person(name), name.removesuffix("-2"), action, **fields))
