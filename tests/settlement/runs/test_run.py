"""The life of a settlement run: no state skipped, nothing settled twice, and never by one person alone."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from coalition.errors import Refused
from coalition.v1 import error_pb2
from coalition.v1 import settlement_service_pb2 as pb
from settlement.clearing.rounding import Position
from settlement.runs.decision import Decision, open_decision
from settlement.runs.positions import positions_bytes, positions_of
from settlement.runs.run import CLOCK_SKEW_MAX_US, Run, move, propose
from tests.settlement.decisions import ABORT, APPROVE, CONFIRM, INSTRUCT, NETWORK, PROPOSE, Person

MAKER, CHECKER, STRANGER = Person(1), Person(2), Person(3)
KEYS = {MAKER.key.public, CHECKER.key.public}
POSITIONS = (
    Position("ash", -1_230_000, 0, -123, 0),
    Position("birch", 1_000_000, 0, 100, 0),
    Position("cedar", 230_000, 0, 23, 0),
    Position("dogwood", 0, 0, 0, 0),
)
BYTES = positions_bytes(NETWORK, (1, 2), POSITIONS)


def decision(person: Person, action: pb.RunAction.ValueType, **fields: Any) -> Decision:
    """A decision as the service takes it in."""
    return open_decision(person.decides(action, **fields), NETWORK, KEYS)


def proposed(positions: tuple[Position, ...] = POSITIONS) -> Run:
    """A run that MAKER proposed."""
    return propose(decision(MAKER, PROPOSE, windows=(1, 2)), positions, positions_bytes(NETWORK, (1, 2), positions))


def run_after(*actions: pb.RunAction.ValueType) -> Run:
    """A run after these actions, by CHECKER; each confirmation is of the next party that is outstanding."""
    run = proposed()
    for action in actions:
        run = move(run, valid(run, action))
    return run


def valid(run: Run, action: pb.RunAction.ValueType) -> Decision:
    """A decision of CHECKER that is right in form and content, if the run's state allows it."""
    if action == PROPOSE:
        return decision(CHECKER, PROPOSE, windows=(1, 2), note="again")
    if action == APPROVE:
        return decision(CHECKER, APPROVE, positions=BYTES)
    if action == CONFIRM:
        return decision(CHECKER, CONFIRM, party_id=(*run.outstanding, "ash")[0])
    return decision(CHECKER, action, note="enough")


def reason(run: Run, refused: Decision) -> str:
    """Why the decision is refused."""
    with pytest.raises(Refused) as error:
        move(run, refused)
    return error_pb2.Reason.Name(error.value.reason).removeprefix("REASON_")


def test_run_is_settled_step_by_step_and_every_step_is_kept() -> None:
    """From the proposal to the last party's payment, each change names its state, its decider and its reason."""
    run = run_after(APPROVE, INSTRUCT, CONFIRM, CONFIRM)
    assert run.state == pb.RUN_STATE_SETTLING
    assert run.confirmed == ("ash", "birch")
    assert run.outstanding == ("cedar",)
    run = move(run, decision(MAKER, CONFIRM, party_id="cedar", note="paid by wire"))
    assert not run.live
    assert [event.state for event in run.events] == [
        pb.RUN_STATE_PROPOSED,
        pb.RUN_STATE_APPROVED,
        pb.RUN_STATE_INSTRUCTED,
        pb.RUN_STATE_SETTLING,
        pb.RUN_STATE_SETTLING,
        pb.RUN_STATE_SETTLED,
    ]
    assert [event.decision.public_key for event in run.events] == [
        MAKER.key.public,
        *[CHECKER.key.public] * 4,
        MAKER.key.public,
    ]
    assert run.events[-1].decision.note == "paid by wire"
    assert positions_of(run.positions_bytes) == POSITIONS


ALLOWED = {
    pb.RUN_STATE_PROPOSED: {APPROVE, ABORT},
    pb.RUN_STATE_APPROVED: {INSTRUCT, ABORT},
    pb.RUN_STATE_INSTRUCTED: {CONFIRM, ABORT},
    pb.RUN_STATE_SETTLING: {CONFIRM},
    pb.RUN_STATE_SETTLED: set(),
    pb.RUN_STATE_ABORTED: set(),
}
WAYS = {
    pb.RUN_STATE_PROPOSED: (),
    pb.RUN_STATE_APPROVED: (APPROVE,),
    pb.RUN_STATE_INSTRUCTED: (APPROVE, INSTRUCT),
    pb.RUN_STATE_SETTLING: (APPROVE, INSTRUCT, CONFIRM),
    pb.RUN_STATE_SETTLED: (APPROVE, INSTRUCT, CONFIRM, CONFIRM, CONFIRM),
    pb.RUN_STATE_ABORTED: (APPROVE, ABORT),
}


@pytest.mark.parametrize(
    ("state", "action"), list(itertools.product(WAYS, (PROPOSE, APPROVE, INSTRUCT, CONFIRM, ABORT)))
)
def test_no_state_is_skipped(state: pb.RunState.ValueType, action: pb.RunAction.ValueType) -> None:
    """In every state exactly the decisions that lead to the next one, or to an abort in time, are taken."""
    run = run_after(*WAYS[state])
    assert run.state == state
    if action in ALLOWED[state]:
        assert len(move(run, valid(run, action)).events) == len(run.events) + 1
    else:
        assert reason(run, valid(run, action)) == ("ID_CONFLICT" if action == PROPOSE else "WRONG_STATE")


def test_nobody_approves_what_they_proposed() -> None:
    """Approval needs another key than the proposal."""
    assert reason(proposed(), decision(MAKER, APPROVE, positions=BYTES)) == "SAME_PERSON"


def test_approval_is_of_the_positions_that_were_seen() -> None:
    """An approval of other positions is refused, and so is a proposal that expected other ones."""
    other = positions_bytes(NETWORK, (1,), POSITIONS)
    assert reason(proposed(), decision(CHECKER, APPROVE, positions=other)) == "WRONG_STATE"
    with pytest.raises(Refused, match="are not the ones that were looked at"):
        propose(decision(MAKER, PROPOSE, windows=(1,), positions=BYTES), POSITIONS, other)
    assert propose(decision(MAKER, PROPOSE, windows=(1,), positions=other), POSITIONS, other).live


def test_a_party_settles_once_and_only_if_it_has_something_to_settle() -> None:
    """A second confirmation, one of a party whose position is zero, and one of a stranger are refused."""
    run = run_after(APPROVE, INSTRUCT, CONFIRM)
    for party_id in ("ash", "dogwood", "nobody"):
        assert reason(run, decision(MAKER, CONFIRM, party_id=party_id)) == "WRONG_STATE"


def test_run_without_payments_settles_when_it_is_instructed() -> None:
    """Where all positions are zero nobody will confirm, and still no state is skipped."""
    nothing = (Position("ash", 40, 0, 0, 40), Position("birch", -40, 0, 0, -40))
    run = proposed(nothing)
    run = move(run, decision(CHECKER, APPROVE, positions=run.positions_bytes))
    run = move(run, decision(CHECKER, INSTRUCT))
    assert [event.state for event in run.events[2:]] == [
        pb.RUN_STATE_INSTRUCTED,
        pb.RUN_STATE_SETTLING,
        pb.RUN_STATE_SETTLED,
    ]


def test_time_does_not_run_backwards() -> None:
    """A decision that was made before the last one is refused, but for the difference that clocks may have."""
    run = run_after(APPROVE)
    earliest_us = run.events[-1].decision.decided_us - CLOCK_SKEW_MAX_US
    assert reason(run, decision(MAKER, INSTRUCT, decided_us=earliest_us - 1)) == "WRONG_STATE"
    assert move(run, decision(MAKER, INSTRUCT, decided_us=earliest_us)).state == pb.RUN_STATE_INSTRUCTED


def refusal(signed: Any, network_id: str = NETWORK) -> Refused:
    """Why a document is no decision."""
    with pytest.raises(Refused) as error:
        open_decision(signed, network_id, KEYS)
    return error.value


def test_decisions_are_signed_by_the_operator_for_this_network() -> None:
    """A stranger's key, a wrong signature, another network and foreign bytes each have their own reason."""
    good = MAKER.decides(PROPOSE, windows=(1,))
    assert refusal(STRANGER.decides(PROPOSE, windows=(1,))).reason == error_pb2.REASON_KEY_UNKNOWN
    assert refusal(good, "other-network").reason == error_pb2.REASON_WRONG_NETWORK
    swapped = CHECKER.decides(PROPOSE, windows=(1,))
    swapped.document = MAKER.decides(PROPOSE, windows=(2,)).document
    assert refusal(swapped).reason == error_pb2.REASON_SIGNATURE_INVALID
    good.signature.signature = good.signature.signature[:-1]
    assert refusal(good).reason == error_pb2.REASON_SIGNATURE_INVALID


@pytest.mark.parametrize(
    ("action", "fields", "wrong"),
    [
        (PROPOSE, {}, "windows"),
        (PROPOSE, {"windows": (2, 1)}, "windows"),
        (PROPOSE, {"windows": (1, 1)}, "windows"),
        (PROPOSE, {"windows": (1,), "party_id": "ash"}, "party_id"),
        (PROPOSE, {"windows": (1,), "run_id": b"1" * 16}, "run_id"),
        (PROPOSE, {"windows": (1,), "note": "x" * 201}, "note"),
        (PROPOSE, {"windows": (1,), "decided_us": 0}, "decided_us"),
        (APPROVE, {}, "positions_digest"),
        (APPROVE, {"positions": b"", "windows": (1,)}, "windows"),
        (CONFIRM, {}, "party_id"),
        (ABORT, {}, "note"),
        (pb.RUN_ACTION_UNSPECIFIED, {}, "action"),
    ],
)
def test_wrong_fields_are_named(action: pb.RunAction.ValueType, fields: dict[str, Any], wrong: str) -> None:
    """Each wrong field of a decision is refused by its path."""
    refused = refusal(MAKER.decides(action, **fields))
    assert refused.reason == error_pb2.REASON_FIELD_INVALID
    assert [violation.field for violation in refused.violations] == [f"decision.{wrong}"]
