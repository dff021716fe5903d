"""What somebody does in a dispute: checked for signature and form before anything is done."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from coalition import dsse
from coalition.documents import open_document
from coalition.errors import Refused
from coalition.form.checks import MICROS_MAX, POINTS_MAX, Form
from coalition.ids import is_transaction_id
from coalition.keys import fingerprint
from coalition.v1 import error_pb2
from coalition.v1 import settlement_disputes_pb2 as pb
from coalition.v1.envelope_pb2 import SignedDocument
from coalition.v1.settlement_disputes_pb2 import DisputeAction, DisputeReason

TEXT_MAX: Final = 1_000
ATTACHMENTS_MAX: Final = 10
ATTACHMENT_NAME_MAX: Final = 100
#: No file is larger; a mere bound, for the files stay with the parties.
ATTACHMENT_BYTES_MAX: Final = 1 << 40
DIGEST_BYTES: Final = 32

RAISE: Final = pb.DISPUTE_ACTION_RAISE
ANSWER: Final = pb.DISPUTE_ACTION_ANSWER
ACCEPT: Final = pb.DISPUTE_ACTION_ACCEPT
REJECT: Final = pb.DISPUTE_ACTION_REJECT
ESCALATE: Final = pb.DISPUTE_ACTION_ESCALATE
WITHDRAW: Final = pb.DISPUTE_ACTION_WITHDRAW
RULE: Final = pb.DISPUTE_ACTION_RULE
CONFIRM: Final = pb.DISPUTE_ACTION_CONFIRM

#: Whoever does one of these says why.
_WORDED: Final = (RAISE, ANSWER, REJECT, ESCALATE, RULE)
#: The least and the most that an action's amount may be; nothing for those that are not here.
_AMOUNTS: Final = {
    ANSWER: (0, MICROS_MAX),
    ACCEPT: (1, MICROS_MAX),
    RULE: (0, MICROS_MAX),
    CONFIRM: (0, MICROS_MAX),
}


@dataclass(frozen=True, slots=True)
class Claim:
    """What the raiser wants: `respondent` is to owe it `amount_micros`, about the entry at `sequence`."""

    sequence: int
    respondent: str
    reason: DisputeReason.ValueType
    #: 0 where it is not about points.
    points: int
    #: 0 where the amount is left to the answer or the ruling.
    amount_micros: int


@dataclass(frozen=True, slots=True)
class Step:
    """A step whose signature and form are right, by an active key of `party_id`."""

    dispute_id: bytes
    party_id: str
    action: DisputeAction.ValueType
    #: Of the step before it; empty for the first.
    seen_digest: bytes
    #: Of the first step; None for all others.
    claim: Claim | None
    amount_micros: int
    text: str
    public_key: bytes
    decided_us: int
    #: The exact bytes that were signed, and the signature: kept, so that the step can be shown later.
    document: bytes = field(repr=False)
    signature: bytes = field(repr=False)

    @property
    def digest(self) -> bytes:
        """What the next step names."""
        return hashlib.sha256(self.document).digest()


def author_of(signed: SignedDocument, network_id: str) -> pb.DisputeStep:
    """The message in a signed document whose signature is right; whose key it is, and its form, are not looked at.

    Raises Refused: SIGNATURE_INVALID, MALFORMED, UNKNOWN_FIELD or WRONG_NETWORK.
    """
    step = open_document(pb.DisputeStep, dsse.DISPUTE_STEP, signed, "step")
    if step.network_id != network_id:
        raise Refused(
            error_pb2.REASON_WRONG_NETWORK,
            f"The step is for the network {step.network_id!r}; this service settles {network_id!r}.",
        )
    return step


def open_step(signed: SignedDocument, network_id: str, party_keys: Collection[bytes]) -> Step:
    """The step in a signed document; `party_keys` are the active ones of the party that it names.

    Raises Refused, as `author_of`, and KEY_UNKNOWN or FIELD_INVALID.
    """
    step = author_of(signed, network_id)
    key = signed.signature.public_key
    if key not in party_keys:
        raise Refused(
            error_pb2.REASON_KEY_UNKNOWN,
            f"The key {fingerprint(key)} is not an active key of {step.party_id!r}. Sign with one that is.",
            {"key": fingerprint(key)},
        )
    _check_form(step)
    return read_step(signed.document, key, signed.signature.signature)


def read_step(document: bytes, public_key: bytes, signature: bytes) -> Step:
    """The step in bytes that `open_step` has checked before."""
    step = pb.DisputeStep.FromString(document)
    return Step(
        dispute_id=step.dispute_id,
        party_id=step.party_id,
        action=step.action,
        seen_digest=step.seen_digest,
        claim=_claim_of(step.claim) if step.HasField("claim") else None,
        amount_micros=step.amount_micros,
        text=step.text,
        public_key=public_key,
        decided_us=step.decided_us,
        document=document,
        signature=signature,
    )


def _claim_of(claim: pb.DisputeClaim) -> Claim:
    return Claim(claim.sequence, claim.respondent, claim.reason, claim.points, claim.amount_micros)


def _check_form(step: pb.DisputeStep) -> None:
    form = Form("step")
    action = step.action
    form.require(is_transaction_id(step.dispute_id), "dispute_id", "must be the 16 bytes of a UUIDv7 (RFC 9562)")
    form.party(step.party_id, "party_id")
    known = action in DisputeAction.values() and action != pb.DISPUTE_ACTION_UNSPECIFIED
    form.require(known, "action", "must say what is done")
    if action == RAISE:
        form.require(not step.seen_digest, "seen_digest", "must be empty: there is no step before the first")
        form.require(step.HasField("claim"), "claim", "must say what is disputed")
        _check_claim(form.below("claim"), step)
    else:
        seen = len(step.seen_digest) == DIGEST_BYTES
        form.require(seen, "seen_digest", f"must be the {DIGEST_BYTES} bytes of a SHA-256 over the step before it")
        form.require(not step.HasField("claim"), "claim", "must be empty: the first step says what is claimed")
    least, most = _AMOUNTS.get(action, (0, 0))
    in_range = least <= step.amount_micros <= most
    form.require(in_range, "amount_micros", f"must be from {least} to {most}, not {step.amount_micros}")
    form.text(step.text, "text", TEXT_MAX, shortest=1 if action in _WORDED else 0)
    form.moment(step.decided_us, "decided_us")
    form.require(len(step.attachments) <= ATTACHMENTS_MAX, "attachments", f"must be at most {ATTACHMENTS_MAX}")
    for number, attachment in enumerate(step.attachments[:ATTACHMENTS_MAX]):
        inside = form.below(f"attachments[{number}]")
        inside.text(attachment.name, "name", ATTACHMENT_NAME_MAX, shortest=1)
        inside.amount(attachment.size_bytes, "size_bytes", ATTACHMENT_BYTES_MAX)
        whole = len(attachment.digest) == DIGEST_BYTES
        inside.require(whole, "digest", f"must be the {DIGEST_BYTES} bytes of a SHA-256 over the file")
    form.finish()


def _check_claim(form: Form, step: pb.DisputeStep) -> None:
    claim = step.claim
    form.require(1 <= claim.sequence < 1 << 63, "sequence", "must be the number of an entry, from 1")
    form.party(claim.respondent, "respondent")
    form.require(claim.respondent != step.party_id, "respondent", "must be the other side")
    known = claim.reason in DisputeReason.values() and claim.reason != pb.DISPUTE_REASON_UNSPECIFIED
    form.require(known, "reason", "must say why the line is disputed")
    form.amount(claim.points, "points", POINTS_MAX)
    form.amount(claim.amount_micros, "amount_micros", MICROS_MAX)
    form.require(bool(claim.points or claim.amount_micros), "amount_micros", "or points must say what is claimed")
