"""What may be done in a dispute: by whom, in which states, and for how much."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from coalition.errors import Refused
from coalition.ids import id_text
from coalition.v1 import error_pb2
from coalition.v1 import settlement_disputes_pb2 as pb
from settlement.disputes.dispute import (
    ANSWERED,
    ESCALATED,
    RAISED,
    REJECTED,
    RULED,
    UNDECIDED,
    Dispute,
    Standing,
    standing,
)
from settlement.disputes.step import ACCEPT, ANSWER, CONFIRM, ESCALATE, RAISE, REJECT, RULE, WITHDRAW, Step

#: Rulings may follow each other until the second person agrees; this ends that.
STEPS_MAX: Final = 100


class _Move(NamedTuple):
    """Who may do something, and in which states."""

    raiser: bool
    respondent: bool
    operator: bool
    states: frozenset[pb.DisputeState.ValueType]


_MOVES: Final[Mapping[int, _Move]] = {
    ANSWER: _Move(False, True, False, frozenset({RAISED, ESCALATED, RULED})),
    ACCEPT: _Move(True, True, False, UNDECIDED),
    REJECT: _Move(False, True, False, frozenset({RAISED, ANSWERED})),
    ESCALATE: _Move(True, True, False, frozenset({ANSWERED, REJECTED})),
    WITHDRAW: _Move(True, False, False, UNDECIDED),
    RULE: _Move(False, False, True, frozenset({ESCALATED, RULED})),
    CONFIRM: _Move(False, False, True, frozenset({RULED})),
}


def move(dispute: Dispute, step: Step, recorded_us: int) -> Dispute:
    """The dispute after a step that is recorded at `recorded_us`.

    Raises Refused: ID_CONFLICT, PERMISSION_DENIED, WRONG_STATE, SAME_PERSON or FIELD_INVALID.
    """
    if step.action == RAISE:
        raise Refused(
            error_pb2.REASON_ID_CONFLICT,
            f"The dispute {id_text(dispute.dispute_id)} was raised before, with other content. Choose a new id.",
            {"dispute_id": id_text(dispute.dispute_id)},
        )
    allowed = _MOVES[step.action]
    _require_role(dispute, step, allowed)
    now = standing(dispute, recorded_us)
    if now.state not in allowed.states:
        raise _wrong_state(dispute, now, f"this needs {' or '.join(map(state_name, sorted(allowed.states)))}")
    if step.seen_digest != dispute.steps[-1].step.digest:
        raise _wrong_state(dispute, now, "somebody has taken another step meanwhile; look at it again")
    if step.action in _AMOUNTS:
        _AMOUNTS[step.action](dispute, now, step)
    return dispute.with_step(step, recorded_us)


def _answer(dispute: Dispute, now: Standing, step: Step) -> None:
    if now.was_answered:
        raise _wrong_state(dispute, now, f"{dispute.respondent} has answered already")
    _require_within_claim(dispute, now, step.amount_micros)


def _accept(dispute: Dispute, now: Standing, step: Step) -> None:
    by_raiser = step.party_id == dispute.raiser
    wanted = now.offered_micros if by_raiser else dispute.claim.amount_micros
    if not wanted:
        why = (
            f"{dispute.respondent} has offered nothing to accept"
            if by_raiser
            else "the claim names no amount; answer with one, which the raiser may accept"
        )
        raise _wrong_state(dispute, now, why)
    if step.amount_micros != wanted:
        what = "offered" if by_raiser else "claimed"
        raise _wrong_state(dispute, now, f"{wanted} micro-units are {what}, not {step.amount_micros}; accept those")


def _rule(dispute: Dispute, now: Standing, step: Step) -> None:
    _require_within_claim(dispute, now, step.amount_micros)
    if len(dispute.steps) >= STEPS_MAX:
        raise _wrong_state(dispute, now, f"it has {STEPS_MAX} steps; confirm the ruling, or let the parties agree")


def _confirm(dispute: Dispute, now: Standing, step: Step) -> None:
    ruling = now.ruling
    assert ruling is not None, "a dispute is RULED by a ruling"
    if step.public_key == ruling.public_key:
        raise Refused(
            error_pb2.REASON_SAME_PERSON,
            "A ruling is confirmed with another key than the one that made it.",
            {"dispute_id": id_text(dispute.dispute_id)},
        )
    if step.amount_micros != ruling.amount_micros:
        why = f"the ruling is {ruling.amount_micros} micro-units, not {step.amount_micros}; confirm that, or rule anew"
        raise _wrong_state(dispute, now, why)


_AMOUNTS: Final = {ANSWER: _answer, ACCEPT: _accept, RULE: _rule, CONFIRM: _confirm}


def _require_role(dispute: Dispute, step: Step, allowed: _Move) -> None:
    # The operator may be one of the sides as well.
    may = {
        party_id
        for party_id, allowed_to in (
            (dispute.raiser, allowed.raiser),
            (dispute.respondent, allowed.respondent),
            (dispute.operator, allowed.operator),
        )
        if allowed_to
    }
    if step.party_id in may:
        return
    who = " or ".join(sorted(may))
    raise Refused(
        error_pb2.REASON_PERMISSION_DENIED,
        f"{step.party_id} may not {action_name(step.action).lower()} in this dispute; {who} may.",
        {"dispute_id": id_text(dispute.dispute_id), "party_id": step.party_id},
    )


def _require_within_claim(dispute: Dispute, now: Standing, amount_micros: int) -> None:
    claimed = dispute.claim.amount_micros
    if claimed and amount_micros > claimed:
        raise _wrong_state(dispute, now, f"{amount_micros} micro-units are more than the {claimed} that are claimed")


def state_name(state: pb.DisputeState.ValueType) -> str:
    """`RAISED` for DISPUTE_STATE_RAISED."""
    return pb.DisputeState.Name(state).removeprefix("DISPUTE_STATE_")


def action_name(action: pb.DisputeAction.ValueType) -> str:
    """`RAISE` for DISPUTE_ACTION_RAISE."""
    return pb.DisputeAction.Name(action).removeprefix("DISPUTE_ACTION_")


def _wrong_state(dispute: Dispute, now: Standing, why: str) -> Refused:
    return Refused(
        error_pb2.REASON_WRONG_STATE,
        f"The dispute {id_text(dispute.dispute_id)} is {state_name(now.state)}: {why}.",
        {"dispute_id": id_text(dispute.dispute_id), "state": state_name(now.state)},
    )
