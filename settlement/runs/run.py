"""The life of a settlement run, as a state machine without I/O.

PROPOSED → APPROVED → INSTRUCTED → SETTLING → SETTLED, or ABORTED before any party has settled. No state is skipped, and
every change keeps whose key decided it, when, and why.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from coalition.clock import US_PER_S
from coalition.errors import Refused
from coalition.ids import id_text
from coalition.v1 import error_pb2
from coalition.v1 import settlement_service_pb2 as pb
from settlement.clearing.rounding import Position
from settlement.runs.decision import Decision

#: How far two people's clocks may differ, in microseconds.
CLOCK_SKEW_MAX_US: Final = 300 * US_PER_S


@dataclass(frozen=True, slots=True)
class Event:
    """A change of state, and the decision behind it."""

    state: pb.RunState.ValueType
    decision: Decision


@dataclass(frozen=True, slots=True)
class Run:
    """Windows that are settled together. `positions` are what was proposed; they never change afterwards."""

    run_id: bytes
    windows: tuple[int, ...]
    positions: tuple[Position, ...]
    #: The serialised RunPositions.
    positions_bytes: bytes
    events: tuple[Event, ...]

    @property
    def state(self) -> pb.RunState.ValueType:
        """Where it stands: what the last event led to."""
        return self.events[-1].state

    @property
    def live(self) -> bool:
        """Whether it may still move."""
        return self.state not in (pb.RUN_STATE_SETTLED, pb.RUN_STATE_ABORTED)

    @property
    def proposed_by(self) -> bytes:
        """The key that proposed it."""
        return self.events[0].decision.public_key

    @property
    def confirmed(self) -> tuple[str, ...]:
        """Parties that have settled, in the order in which they did."""
        confirmations = [event.decision for event in self.events if event.decision.action == pb.RUN_ACTION_CONFIRM]
        return tuple(dict.fromkeys(decision.party_id for decision in confirmations))

    @property
    def outstanding(self) -> tuple[str, ...]:
        """Parties that have something to pay or to receive and have not settled, by party id."""
        confirmed = self.confirmed
        return tuple(
            position.party_id
            for position in self.positions
            if position.payable_minor and position.party_id not in confirmed
        )


def propose(decision: Decision, positions: tuple[Position, ...], positions_bytes: bytes) -> Run:
    """A new run. Raises Refused with WRONG_STATE when the proposer saw other positions."""
    assert decision.action == pb.RUN_ACTION_PROPOSE
    if decision.positions_digest:
        _require_digest(decision, positions_bytes)
    events = (Event(pb.RUN_STATE_PROPOSED, decision),)
    return Run(decision.run_id, decision.windows, positions, positions_bytes, events)


def move(run: Run, decision: Decision) -> Run:
    """The run after a decision about it. Raises Refused: WRONG_STATE, SAME_PERSON, FIELD_INVALID."""
    if decision.decided_us < run.events[-1].decision.decided_us - CLOCK_SKEW_MAX_US:
        raise _wrong_state(run, "the decision was made before the one that the run waits on; decide again")
    states = _MOVES[decision.action](run, decision)
    return replace(run, events=(*run.events, *(Event(state, decision) for state in states)))


def _approve(run: Run, decision: Decision) -> tuple[pb.RunState.ValueType, ...]:
    _require_state(run, pb.RUN_STATE_PROPOSED)
    if decision.public_key == run.proposed_by:
        raise Refused(
            error_pb2.REASON_SAME_PERSON,
            "A run is approved with another key than the one that proposed it.",
            {"run_id": id_text(run.run_id)},
        )
    _require_digest(decision, run.positions_bytes)
    return (pb.RUN_STATE_APPROVED,)


def _instruct(run: Run, decision: Decision) -> tuple[pb.RunState.ValueType, ...]:
    _require_state(run, pb.RUN_STATE_APPROVED)
    if run.outstanding:
        return (pb.RUN_STATE_INSTRUCTED,)
    # Nobody has anything to pay, so nobody will confirm.
    return (pb.RUN_STATE_INSTRUCTED, pb.RUN_STATE_SETTLING, pb.RUN_STATE_SETTLED)


def _confirm(run: Run, decision: Decision) -> tuple[pb.RunState.ValueType, ...]:
    _require_state(run, pb.RUN_STATE_INSTRUCTED, pb.RUN_STATE_SETTLING)
    if decision.party_id in run.confirmed:
        raise _wrong_state(run, f"{decision.party_id} has settled already")
    if decision.party_id not in run.outstanding:
        raise _wrong_state(run, f"{decision.party_id} has nothing to pay or to receive in it")
    if run.state == pb.RUN_STATE_INSTRUCTED or len(run.outstanding) > 1:
        return (pb.RUN_STATE_SETTLING,)
    return (pb.RUN_STATE_SETTLED,)


def _abort(run: Run, decision: Decision) -> tuple[pb.RunState.ValueType, ...]:
    _require_state(run, pb.RUN_STATE_PROPOSED, pb.RUN_STATE_APPROVED, pb.RUN_STATE_INSTRUCTED)
    return (pb.RUN_STATE_ABORTED,)


def _propose_again(run: Run, decision: Decision) -> tuple[pb.RunState.ValueType, ...]:
    raise Refused(
        error_pb2.REASON_ID_CONFLICT,
        f"The run {id_text(run.run_id)} was proposed before, with other content. Choose a new id.",
        {"run_id": id_text(run.run_id)},
    )


_MOVES: Final[Mapping[int, Callable[[Run, Decision], tuple[pb.RunState.ValueType, ...]]]] = {
    pb.RUN_ACTION_PROPOSE: _propose_again,
    pb.RUN_ACTION_APPROVE: _approve,
    pb.RUN_ACTION_INSTRUCT: _instruct,
    pb.RUN_ACTION_CONFIRM: _confirm,
    pb.RUN_ACTION_ABORT: _abort,
}


def state_name(state: pb.RunState.ValueType) -> str:
    """`PROPOSED` for RUN_STATE_PROPOSED."""
    return pb.RunState.Name(state).removeprefix("RUN_STATE_")


def _require_state(run: Run, *states: pb.RunState.ValueType) -> None:
    if run.state not in states:
        raise _wrong_state(run, f"this needs {' or '.join(map(state_name, states))}")


def _require_digest(decision: Decision, positions_bytes: bytes) -> None:
    digest = hashlib.sha256(positions_bytes).digest()
    if decision.positions_digest != digest:
        raise Refused(
            error_pb2.REASON_WRONG_STATE,
            "The positions of the run are not the ones that were looked at. Look at the run again and decide anew.",
            {"run_id": id_text(decision.run_id), "positions_digest": digest.hex()},
        )


def _wrong_state(run: Run, why: str) -> Refused:
    return Refused(
        error_pb2.REASON_WRONG_STATE,
        f"The run {id_text(run.run_id)} is {state_name(run.state)}: {why}.",
        {"run_id": id_text(run.run_id), "state": state_name(run.state)},
    )
