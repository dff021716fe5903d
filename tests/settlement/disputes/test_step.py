"""Steps of disputes: signed by the party that takes them, for this network, and right in form."""

from __future__ import annotations

from typing import Any

import pytest

from coalition.errors import Refused
from coalition.v1 import error_pb2
from coalition.v1 import settlement_disputes_pb2 as pb
from settlement.disputes.step import (
    ACCEPT,
    ANSWER,
    ATTACHMENTS_MAX,
    ESCALATE,
    RAISE,
    REJECT,
    RULE,
    WITHDRAW,
    Claim,
    open_step,
)
from tests.settlement.disputes.steps import NETWORK, RAISER, RESPONDENT, dispute_id, person, signed_step

KEYS = {person(RAISER).public}
SEEN = b"s" * 32
FILE = pb.DisputeAttachment(name="roll.pdf", size_bytes=5, digest=b"d" * 32)


def refusal(signed: Any, network_id: str = NETWORK) -> Refused:
    """Why a document is no step."""
    with pytest.raises(Refused) as error:
        open_step(signed, network_id, KEYS)
    return error.value


def test_step_is_read_as_it_was_signed() -> None:
    """Every field of a first step comes back, with the bytes that were signed."""
    signed = signed_step(person(RAISER), RAISER, RAISE, claim={"points": 3}, attachments=(FILE,))
    step = open_step(signed, NETWORK, KEYS)
    assert step.claim == Claim(7, RESPONDENT, pb.DISPUTE_REASON_DUPLICATE, 3, 1_000)
    assert (step.dispute_id, step.party_id, step.action) == (dispute_id(), RAISER, RAISE)
    assert (step.document, step.signature) == (signed.document, signed.signature.signature)
    assert len(step.digest) == 32


def test_steps_are_signed_by_the_party_for_this_network() -> None:
    """Another's key, a wrong signature and another network each have their own reason."""
    other = signed_step(person(RESPONDENT), RAISER, RAISE, claim={})
    assert refusal(other).reason == error_pb2.REASON_KEY_UNKNOWN
    good = signed_step(person(RAISER), RAISER, RAISE, claim={})
    assert refusal(good, "other-network").reason == error_pb2.REASON_WRONG_NETWORK
    good.document = other.document
    good.signature.signature = good.signature.signature[:-1] + b"x"
    assert refusal(good).reason == error_pb2.REASON_SIGNATURE_INVALID


@pytest.mark.parametrize(
    ("action", "fields", "wrong"),
    [
        (RAISE, {}, "claim"),
        (RAISE, {"claim": {}, "seen": SEEN}, "seen_digest"),
        (RAISE, {"claim": {}, "identifier": b"1" * 16}, "dispute_id"),
        (RAISE, {"claim": {}, "amount": 1}, "amount_micros"),
        (RAISE, {"claim": {}, "text": ""}, "text"),
        (RAISE, {"claim": {}, "text": "x" * 1_001}, "text"),
        (RAISE, {"claim": {}, "text": "two\nlines"}, "text"),
        (RAISE, {"claim": {}, "decided_us": 0}, "decided_us"),
        (RAISE, {"claim": {"sequence": 0}}, "claim.sequence"),
        (RAISE, {"claim": {"sequence": 2**63}}, "claim.sequence"),
        (RAISE, {"claim": {"respondent": RAISER}}, "claim.respondent"),
        (RAISE, {"claim": {"reason": 0}}, "claim.reason"),
        (RAISE, {"claim": {"points": -1}}, "claim.points"),
        (RAISE, {"claim": {"amount": 10**15 + 1}}, "claim.amount_micros"),
        (RAISE, {"claim": {"amount": 0}}, "claim.amount_micros"),
        (ANSWER, {}, "seen_digest"),
        (ANSWER, {"seen": SEEN, "amount": -1}, "amount_micros"),
        (ACCEPT, {"seen": SEEN}, "amount_micros"),
        (REJECT, {"seen": SEEN, "amount": 5}, "amount_micros"),
        (REJECT, {"seen": SEEN, "text": ""}, "text"),
        (WITHDRAW, {"seen": SEEN, "claim": {}}, "claim"),
        (RULE, {"seen": SEEN, "amount": 10**15 + 1}, "amount_micros"),
        (ESCALATE, {"seen": SEEN, "attachments": (FILE,) * (ATTACHMENTS_MAX + 1)}, "attachments"),
        (ESCALATE, {"seen": SEEN, "attachments": (FILE, pb.DisputeAttachment())}, "attachments[1].name"),
        (pb.DISPUTE_ACTION_UNSPECIFIED, {"seen": SEEN}, "action"),
    ],
)
def test_wrong_fields_are_named(action: pb.DisputeAction.ValueType, fields: dict[str, Any], wrong: str) -> None:
    """Each wrong field of a step is refused by its path."""
    refused = refusal(signed_step(person(RAISER), RAISER, action, **fields))
    assert refused.reason == error_pb2.REASON_FIELD_INVALID
    assert refused.violations[0].field == f"step.{wrong}"
