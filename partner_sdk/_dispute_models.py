"""Disputes, their steps and what came of them, as frozen values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Final

from coalition import dsse
from coalition.documents import open_document
from coalition.errors import Refused
from coalition.ids import id_text
from coalition.v1 import settlement_disputes_pb2 as pb
from coalition.v1.envelope_pb2 import SignedDocument
from coalition.wire import encode
from partner_sdk._errors import ProofInvalid
from partner_sdk._moments import moment_of


class DisputeReason(StrEnum):
    """Why a line is disputed."""

    UNKNOWN = "unknown"
    DUPLICATE = "duplicate"
    WRONG_POINTS = "wrong_points"
    WRONG_AMOUNT = "wrong_amount"
    NOT_REVERSED = "not_reversed"
    NO_CONSENT = "no_consent"
    OTHER = "other"

    @property
    def number(self) -> pb.DisputeReason.ValueType:
        """As on the wire."""
        return pb.DisputeReason.Value(f"DISPUTE_REASON_{self.name}")


class DisputeAction(StrEnum):
    """What somebody does in a dispute."""

    RAISE = "raise"
    ANSWER = "answer"
    ACCEPT = "accept"
    REJECT = "reject"
    ESCALATE = "escalate"
    WITHDRAW = "withdraw"
    RULE = "rule"
    CONFIRM = "confirm"

    @property
    def number(self) -> pb.DisputeAction.ValueType:
        """As on the wire."""
        return pb.DisputeAction.Value(f"DISPUTE_ACTION_{self.name}")


class DisputeState(StrEnum):
    """Where a dispute stands."""

    RAISED = "raised"
    ANSWERED = "answered"
    REJECTED = "rejected"
    ESCALATED = "escalated"
    RULED = "ruled"
    ACCEPTED = "accepted"
    ADJUSTED = "adjusted"
    MISADJUSTED = "misadjusted"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"


#: Steps after which something is owed.
_AGREEING: Final = (pb.DISPUTE_ACTION_ACCEPT, pb.DISPUTE_ACTION_CONFIRM)


@dataclass(frozen=True, slots=True)
class DisputeAttachment:
    """A file that stays with its party; the digest shows later that it is the same."""

    name: str
    size_bytes: int
    #: SHA-256, 32 bytes.
    digest: bytes = field(repr=False)

    @classmethod
    def of(cls, name: str, data: bytes) -> DisputeAttachment:
        """A file's name and content."""
        return cls(name, len(data), sha256(data).digest())


@dataclass(frozen=True, slots=True)
class DisputeEvent:
    """The dispute came into a state: by a step of a party, by a deadline that passed, or by the journal."""

    state: DisputeState
    at: datetime
    #: None where a deadline passed or the journal was adjusted, as is all below.
    action: DisputeAction | None
    party_id: str | None
    #: 32 bytes; the signature by it was checked, whose key it is was not.
    public_key: bytes | None = field(repr=False)
    text: str
    #: Millionths of the settlement currency: offered, accepted or ruled.
    amount_micros: int
    attachments: tuple[DisputeAttachment, ...]
    #: The serialised SignedDocument, to store or to pass on.
    signed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class DisputeAdjustment:
    """An obligation that the operator added to the journal in the dispute's name."""

    sequence: int
    window: int
    committed_at: datetime
    debtor: str
    creditor: str
    amount_micros: int


@dataclass(frozen=True, slots=True)
class Dispute:
    """A party says that another owes it more for an entry. Amounts are millionths of the settlement currency."""

    #: UUID text; the reference of its adjustment.
    dispute_id: str
    #: In the order in which they were raised, from 1.
    number: int
    state: DisputeState
    raiser: str
    respondent: str
    #: The disputed entry, and its window.
    sequence: int
    window: int
    reason: DisputeReason
    claimed_points: int
    #: 0 leaves the amount to the answer or the ruling.
    claimed_micros: int
    raised_at: datetime
    #: Since when it is in its state.
    since: datetime
    #: Until when something is to be done about it; None for no deadline.
    due_at: datetime | None
    #: What was offered with the answer and not taken back by a rejection; 0 for nothing.
    offered_micros: int
    #: The ruling that waits for a second person; 0 for none, or for a dismissal.
    ruled_micros: int
    #: What the respondent owes the raiser, as agreed on or ruled; 0 for nothing.
    accepted_micros: int
    adjustments: tuple[DisputeAdjustment, ...]
    #: What is wrong with the adjustments; empty where nothing is.
    problem: str
    #: Empty in a list.
    events: tuple[DisputeEvent, ...]
    #: SHA-256 over its last step; the next one names it.
    seen_digest: bytes = field(repr=False)


def dispute_of(message: pb.Dispute) -> Dispute:
    """The dispute in a message. Raises ProofInvalid where it comes with its steps and does not follow from them."""
    steps = [_step_in(event.step) for event in message.events if event.HasField("step")]
    if steps:
        _require_signed(message, steps)
    claim = message.claim
    return Dispute(
        dispute_id=id_text(message.dispute_id),
        number=message.number,
        state=_state_of(message.state),
        raiser=message.raiser,
        respondent=claim.respondent,
        sequence=claim.sequence,
        window=message.window,
        reason=DisputeReason[pb.DisputeReason.Name(claim.reason).removeprefix("DISPUTE_REASON_")],
        claimed_points=claim.points,
        claimed_micros=claim.amount_micros,
        raised_at=moment_of(message.raised_us),
        since=moment_of(message.since_us),
        due_at=moment_of(message.due_us) if message.due_us else None,
        offered_micros=message.offered_micros,
        ruled_micros=message.ruled_micros,
        accepted_micros=message.accepted_micros,
        adjustments=tuple(
            DisputeAdjustment(
                sequence=item.sequence,
                window=item.window,
                committed_at=moment_of(item.committed_us),
                debtor=item.debtor,
                creditor=item.creditor,
                amount_micros=item.amount_micros,
            )
            for item in message.adjustments
        ),
        problem=message.problem,
        events=tuple(map(_event_of, message.events)),
        seen_digest=message.seen_digest,
    )


def _require_signed(message: pb.Dispute, steps: Sequence[pb.DisputeStep]) -> None:
    """What money hangs on is what somebody signed: who claims what from whom, and what was agreed on."""
    digest = b""
    for step in steps:
        if (step.dispute_id, step.seen_digest) != (message.dispute_id, digest):
            raise ProofInvalid("The settlement service shows steps of a dispute that do not follow each other.")
        digest = sha256(encode(step)).digest()
    agreed = [step.amount_micros for step in steps if step.action in _AGREEING]
    stated = (message.raiser, message.claim, message.seen_digest, message.accepted_micros)
    if stated != (steps[0].party_id, steps[0].claim, digest, agreed[-1] if agreed else 0):
        raise ProofInvalid(
            "The settlement service says something else about a dispute than its steps, which were signed."
        )


def _event_of(message: pb.DisputeEvent) -> DisputeEvent:
    step = _step_in(message.step) if message.HasField("step") else None
    return DisputeEvent(
        state=_state_of(message.state),
        at=moment_of(message.at_us),
        action=None
        if step is None
        else DisputeAction[pb.DisputeAction.Name(step.action).removeprefix("DISPUTE_ACTION_")],
        party_id=None if step is None else step.party_id,
        public_key=None if step is None else message.step.signature.public_key,
        text="" if step is None else step.text,
        amount_micros=0 if step is None else step.amount_micros,
        attachments=()
        if step is None
        else tuple(DisputeAttachment(item.name, item.size_bytes, item.digest) for item in step.attachments),
        signed=b"" if step is None else encode(message.step),
    )


def _step_in(signed: SignedDocument) -> pb.DisputeStep:
    try:
        return open_document(pb.DisputeStep, dsse.DISPUTE_STEP, signed, "step")
    except Refused as refused:
        raise ProofInvalid(f"The settlement service shows a step that nobody signed: {refused.message}") from refused


def _state_of(number: pb.DisputeState.ValueType) -> DisputeState:
    return DisputeState[pb.DisputeState.Name(number).removeprefix("DISPUTE_STATE_")]
