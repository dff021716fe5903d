"""Disputing lines of the settlement: every step is signed by the party that takes it."""

from __future__ import annotations

from collections.abc import Sequence

from coalition import dsse
from coalition.documents import sign_document
from coalition.ids import derived_id, id_text, new_transaction_id
from coalition.v1 import settlement_disputes_pb2 as pb
from coalition.v1 import transaction_pb2
from partner_sdk import _rpc
from partner_sdk._dispute_models import (
    Dispute,
    DisputeAction,
    DisputeAttachment,
    DisputeReason,
    DisputeState,
    dispute_of,
)
from partner_sdk._draft import Draft
from partner_sdk._ledger_reads import identifier
from partner_sdk._outcomes import Outcome
from partner_sdk._refusals import FieldInvalid, WrongState
from partner_sdk._session import Session
from partner_sdk._steps import Emit, Flow, Steps
from partner_sdk._vocabulary import Kind


def disputes(session: Session, *, window: int = 0, open_only: bool = False) -> Flow[Dispute]:
    """Disputes in the order in which they were raised, without their events, fetched page by page as you go on.

    A party's own; operator and auditors see all. `window` is that of the disputed line. `open_only` leaves out what
    nobody has anything to do about any more.
    """
    request = pb.ListDisputesRequest(window=window, open_only=open_only)
    while True:
        page = yield from session.read(_rpc.LIST_DISPUTES, request)
        for message in page.disputes:
            yield Emit(dispute_of(message))
        if not page.next_after_number:
            return
        request.after_number = page.next_after_number


def dispute(session: Session, dispute_id: str) -> Steps[Dispute]:
    """A dispute with all that happened in it. Raises NotFound, also for one of which you are no side."""
    request = pb.GetDisputeRequest(dispute_id=identifier(dispute_id))
    return dispute_of((yield from session.read(_rpc.GET_DISPUTE, request)).dispute)


def raise_dispute(
    session: Session,
    sequence: int,
    respondent: str,
    reason: DisputeReason | str,
    text: str,
    *,
    amount_micros: int = 0,
    points: int = 0,
    attachments: Sequence[DisputeAttachment] = (),
    dispute_id: str | None = None,
) -> Steps[Dispute]:
    """Say that `respondent` owes you more for the entry at `sequence`, of which both of you are a side.

    `amount_micros` is what it is to owe you, in millionths of the currency; 0 leaves that to its answer, where only
    `points` are claimed to be wrong. `text` is 1 to 1,000 characters. `dispute_id`, UUID text, is yours to choose.
    Raises NotFound for an entry that has no line of yours, WrongState when it is too late or was disputed before.
    """
    chosen = new_transaction_id(session.connection.clock() // 1_000) if dispute_id is None else identifier(dispute_id)
    try:
        claim = pb.DisputeClaim(
            sequence=sequence,
            respondent=respondent,
            reason=DisputeReason(reason).number,
            points=points,
            amount_micros=amount_micros,
        )
    except ValueError as error:
        raise FieldInvalid(f"claim: {error}") from error
    message = pb.DisputeStep(dispute_id=chosen, action=DisputeAction.RAISE.number, claim=claim, text=text)
    return (yield from _take(session, message, attachments))


def answer_dispute(
    session: Session,
    seen: Dispute,
    text: str,
    *,
    offer_micros: int = 0,
    attachments: Sequence[DisputeAttachment] = (),
) -> Steps[Dispute]:
    """Say how you see it, once, and offer an amount if you like, which the raiser may accept."""
    return (yield from _about(session, seen, DisputeAction.ANSWER, text, offer_micros, attachments))


def accept_dispute(session: Session, seen: Dispute, text: str = "") -> Steps[Dispute]:
    """Accept what the other side named: the claim, or, if you raised it, what was offered."""
    by_raiser = session.connection.party_id == seen.raiser
    amount_micros = seen.offered_micros if by_raiser else seen.claimed_micros
    if not amount_micros:
        raise WrongState(
            f"{seen.respondent} has offered nothing to accept."
            if by_raiser
            else "The claim names no amount. Answer with an offer, which the raiser may accept."
        )
    return (yield from _about(session, seen, DisputeAction.ACCEPT, text, amount_micros))


def reject_dispute(
    session: Session, seen: Dispute, text: str, *, attachments: Sequence[DisputeAttachment] = ()
) -> Steps[Dispute]:
    """Accept nothing; what you had offered is taken back.

    The raiser may ask the operator to decide; if it does not in time, the dispute ends.
    """
    return (yield from _about(session, seen, DisputeAction.REJECT, text, 0, attachments))


def escalate_dispute(
    session: Session, seen: Dispute, text: str, *, attachments: Sequence[DisputeAttachment] = ()
) -> Steps[Dispute]:
    """Ask the operator to decide, after an answer or a rejection."""
    return (yield from _about(session, seen, DisputeAction.ESCALATE, text, 0, attachments))


def withdraw_dispute(session: Session, seen: Dispute, text: str = "") -> Steps[Dispute]:
    """Give a dispute up that you raised."""
    return (yield from _about(session, seen, DisputeAction.WITHDRAW, text))


def rule_dispute(
    session: Session,
    seen: Dispute,
    amount_micros: int,
    text: str,
    *,
    attachments: Sequence[DisputeAttachment] = (),
) -> Steps[Dispute]:
    """As the operator, decide what the respondent owes the raiser: 0 dismisses. An amount needs a second person."""
    return (yield from _about(session, seen, DisputeAction.RULE, text, amount_micros, attachments))


def confirm_ruling(session: Session, seen: Dispute, text: str = "") -> Steps[Dispute]:
    """As a second person of the operator, confirm the ruling that you have seen. Raises SamePerson, WrongState."""
    return (yield from _about(session, seen, DisputeAction.CONFIRM, text, seen.ruled_micros))


def adjust_dispute(dispute: Dispute) -> Draft[Outcome]:
    """Write what was agreed on in a dispute into the journal, as an obligation in the open window.

    Two signatures of the operator. Its transaction id follows from the dispute, so it is written once, whoever tries
    again. Raises WrongState for a dispute that is not ACCEPTED, FieldInvalid for one out of a list.
    """
    if dispute.state is not DisputeState.ACCEPTED:
        raise WrongState(
            f"The dispute {dispute.dispute_id} is {dispute.state.name}; only an ACCEPTED one is adjusted.",
            {"dispute_id": dispute.dispute_id, "state": dispute.state.name},
        )
    if not dispute.events:
        raise FieldInvalid("Without its steps nobody knows what was signed: fetch the dispute by its id first.")
    return Draft(
        Kind.ADJUST,
        lambda _: transaction_pb2.Adjust(
            reason=f"dispute about entry {dispute.sequence}",
            reference=dispute.dispute_id,
            obligation=transaction_pb2.ObligationCorrection(
                debtor=dispute.respondent, creditor=dispute.raiser, amount_micros=dispute.accepted_micros
            ),
        ),
        id_text(derived_id("dispute-adjustment", identifier(dispute.dispute_id))),
        signatures=2,
    )


def _about(
    session: Session,
    seen: Dispute,
    action: DisputeAction,
    text: str,
    amount_micros: int = 0,
    attachments: Sequence[DisputeAttachment] = (),
) -> Steps[Dispute]:
    try:
        message = pb.DisputeStep(
            dispute_id=identifier(seen.dispute_id),
            action=action.number,
            seen_digest=seen.seen_digest,
            amount_micros=amount_micros,
            text=text,
        )
    except ValueError as error:
        raise FieldInvalid(f"step: {error}") from error
    return (yield from _take(session, message, attachments))


def _take(session: Session, message: pb.DisputeStep, attachments: Sequence[DisputeAttachment]) -> Steps[Dispute]:
    connection = session.connection
    message.network_id = connection.network_id
    message.party_id = connection.party_id
    message.decided_us = connection.clock()
    message.attachments.extend(
        pb.DisputeAttachment(name=item.name, size_bytes=item.size_bytes, digest=item.digest) for item in attachments
    )
    signed = sign_document(dsse.DISPUTE_STEP, message, connection.keys[0])
    response = yield from session.read(_rpc.TAKE_DISPUTE_STEP, pb.TakeDisputeStepRequest(step=signed))
    return dispute_of(response.dispute)
