"""What the settlement service shows as signed by somebody is checked before it is given on."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest

from coalition import dsse
from coalition.documents import sign_document
from coalition.ids import transaction_id
from coalition.keys import SigningKey
from coalition.v1 import settlement_alerts_pb2 as alerts_pb
from coalition.v1 import settlement_disputes_pb2 as disputes_pb
from coalition.v1.envelope_pb2 import SignedDocument
from partner_sdk._alert_models import alert_of
from partner_sdk._dispute_models import dispute_of
from partner_sdk.errors import ProofInvalid
from partner_sdk.settlement import DisputeAction

KEY = SigningKey.from_seed(b"k" * 32)
ID = transaction_id(1_500_000_000_000, bytes(10))


CLAIM = disputes_pb.DisputeClaim(sequence=7, respondent="grocer", reason=disputes_pb.DISPUTE_REASON_OTHER)


def signed(action: int, seen: SignedDocument | None = None, **fields: Any) -> SignedDocument:
    """A step that follows what was seen."""
    digest = b"" if seen is None else sha256(seen.document).digest()
    step = disputes_pb.DisputeStep(dispute_id=ID, action=action, seen_digest=digest, text="why", **fields)
    return sign_document(dsse.DISPUTE_STEP, step, KEY)


RAISED = signed(disputes_pb.DISPUTE_ACTION_RAISE, party_id="florist", claim=CLAIM)
ACCEPTED = signed(disputes_pb.DISPUTE_ACTION_ACCEPT, RAISED, party_id="grocer", amount_micros=5)


def shown(*steps: SignedDocument, **fields: Any) -> disputes_pb.Dispute:
    """A dispute as a service shows it."""
    truth = {
        "dispute_id": ID,
        "state": disputes_pb.DISPUTE_STATE_ACCEPTED,
        "raiser": "florist",
        "claim": CLAIM,
        "accepted_micros": 5,
        "seen_digest": sha256(ACCEPTED.document).digest(),
    }
    events = [disputes_pb.DisputeEvent(state=disputes_pb.DISPUTE_STATE_RAISED, step=step) for step in steps]
    return disputes_pb.Dispute(events=events, **{**truth, **fields})


def test_dispute_is_read_from_what_was_signed() -> None:
    """Steps come with their signers' words and keys; without its steps, in a list, a dispute is taken as it is told."""
    found = dispute_of(shown(RAISED, ACCEPTED))
    assert [(event.action, event.party_id, event.public_key) for event in found.events] == [
        (DisputeAction.RAISE, "florist", KEY.public),
        (DisputeAction.ACCEPT, "grocer", KEY.public),
    ]
    assert SignedDocument.FromString(found.events[0].signed) == RAISED
    assert dispute_of(shown(accepted_micros=6)).accepted_micros == 6


OTHER_CLAIM = disputes_pb.DisputeClaim(sequence=8, respondent="grocer", reason=disputes_pb.DISPUTE_REASON_OTHER)


@pytest.mark.parametrize(
    ("steps", "fields"),
    [
        ((RAISED, ACCEPTED), {"accepted_micros": 500}),
        ((RAISED, ACCEPTED), {"raiser": "grocer"}),
        ((RAISED, ACCEPTED), {"claim": OTHER_CLAIM}),
        ((RAISED, ACCEPTED), {"seen_digest": b"s" * 32}),
        ((RAISED, ACCEPTED), {"dispute_id": transaction_id(1_500_000_000_001, bytes(10))}),
        ((RAISED,), {}),
        ((ACCEPTED,), {}),
        ((RAISED, RAISED, ACCEPTED), {}),
    ],
)
def test_dispute_that_nobody_signed_is_not_believed(steps: tuple[SignedDocument, ...], fields: dict[str, Any]) -> None:
    """Who claims what from whom, and what was agreed on, must follow from the steps, and these from each other."""
    with pytest.raises(ProofInvalid, match="dispute"):
        dispute_of(shown(*steps, **fields))


def test_step_that_was_changed_is_not_believed() -> None:
    """Where the bytes are not those that were signed, the whole answer is refused."""
    forged = SignedDocument(document=ACCEPTED.document, signature=RAISED.signature)
    with pytest.raises(ProofInvalid, match="a step that nobody signed"):
        dispute_of(shown(RAISED, forged))


def test_note_that_nobody_signed_is_not_believed() -> None:
    """Nor is an alert with a note that is signed as something else."""
    note = alerts_pb.AlertNote(number=1, note="called", decided_us=5)
    alert = alerts_pb.Alert(kind=alerts_pb.ALERT_KIND_PACK_LOW, severity=alerts_pb.ALERT_SEVERITY_WARNING)
    alert.acknowledgements.add(note=sign_document(dsse.ALERT_NOTE, note, KEY), recorded_us=6)
    assert [item.text for item in alert_of(alert).notes] == ["called"]
    alert.acknowledgements.add(note=sign_document(dsse.DISPUTE_STEP, note, KEY))
    with pytest.raises(ProofInvalid, match="a note that nobody signed"):
        alert_of(alert)
