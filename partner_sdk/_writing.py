"""Writing one transaction: alone, or in one envelope with others that are written at the same time."""

from __future__ import annotations

from functools import partial
from typing import TypeVar, cast

from coalition.receipt import ReceiptError
from coalition.v1.ledger_service_pb2 import SubmitRequest
from partner_sdk._draft import Draft
from partner_sdk._errors import Timeout
from partner_sdk._exchange import Unanswered
from partner_sdk._gathering import Call, Decided, Gathering, Part, Unsent
from partner_sdk._outcomes import Outcome
from partner_sdk._results import result_of
from partner_sdk._rpc import SUBMIT
from partner_sdk._sealed import ROOM_BYTES, Prepared, seal_one
from partner_sdk._session import Session
from partner_sdk._steps import Steps, Turn, Wait

R = TypeVar("R", bound=Outcome)


def write(session: Session, draft: Draft[R]) -> Steps[R]:
    """Send one transaction. Raises Rejection when the ledger rejects it."""
    prepared = session.prepare(draft)
    gathering = session.gathering
    if gathering is None or not _fits_with_others(prepared):
        (outcome,) = yield from session.submit_sealed(seal_one(session.connection, [prepared]))
    else:
        outcome = yield from _with_others(session, gathering, prepared)
    outcome.raise_for_rejection()
    # The result's class follows from the kind, and the draft's type says the same.
    return cast(R, outcome)


def _fits_with_others(prepared: Prepared) -> bool:
    """Whether one signature is right for it, and an envelope large enough."""
    return prepared.signatures == prepared.signatures_wanted == 1 and prepared.takes_bytes <= ROOM_BYTES


def _with_others(session: Session, gathering: Gathering, prepared: Prepared) -> Steps[Outcome]:
    call = Call(prepared, session.monotonic() + session.connection.timeout_s)
    try:
        gathering.join(call)
        while call.fate is None:
            left_s = call.deadline_s - session.monotonic()
            if left_s <= 0:
                break
            if (part := gathering.carried_by(call)) is not None:
                yield from _carry(session, gathering, part, call.deadline_s)
            else:
                yield Wait(partial(gathering.listen, call), left_s)
    finally:
        gathering.leave(call)
    return _result(session, call)


def _carry(session: Session, gathering: Gathering, part: Part, deadline_s: float) -> Steps[None]:
    """Send an envelope for everybody who travels in it, and tell them what came of it."""
    if part.is_open:
        # Those who were answered a moment ago may be about to call again, and can come along.
        yield Turn(alone=gathering.is_alone())

    def request() -> SubmitRequest:
        calls = gathering.set_out(part)
        if part.sealed is None:
            part.sealed = seal_one(session.connection, [call.prepared for call in calls])
        return SubmitRequest(envelope=part.sealed.envelope)

    answer = yield from session.exchange(SUBMIT, request, course=part.course, deadline_s=deadline_s)
    if isinstance(answer, Unanswered):
        gathering.fail(part, answer)
        return
    assert part.sealed is not None, "it was sent"
    try:
        messages = session.open(part.sealed, answer)
    except ReceiptError as error:
        gathering.arrive(part, error)
        return
    replayed = frozenset(answer.replayed)
    gathering.arrive(part, [Decided(message, index in replayed) for index, message in enumerate(messages)])


def _result(session: Session, call: Call) -> Outcome:
    """The caller's own outcome, or what it would have heard had it sent this alone."""
    fate = call.fate
    assert fate is not None, "who has left knows"
    if isinstance(fate, Decided):
        return result_of(call.prepared.message, fate.message, replayed=fate.replayed)
    if isinstance(fate, Unsent):
        raise Timeout(
            f"{session.address} did not answer what this client had written before, so within"
            f" {session.connection.timeout_s:g} s this was not sent. Nothing changed; try again."
        )
    travelled = call.part.sealed if call.part is not None else None
    alone = seal_one(
        session.connection, [call.prepared], created_us=travelled.created_us if travelled is not None else None
    )
    raise session.unbelieved(fate, alone) if isinstance(fate, ReceiptError) else session.unanswered(fate, alone)
