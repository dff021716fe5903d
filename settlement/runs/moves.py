"""How a settlement run moves, as a state machine without I/O.

PROPOSED → APPROVED → INSTRUCTED → SETTLING → SETTLED, or ABORTED before any payment. No state is skipped, and every
change keeps whose key decided it, when, and why. A run is settling from its first payment on, and is settled when every
instruction is paid to the minor unit, or its rest was carried into the next run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from coalition.clock import US_PER_S
from coalition.errors import Refused
from coalition.ids import id_text
from coalition.v1 import error_pb2
from coalition.v1 import settlement_service_pb2 as pb
from settlement.runs.decision import Decision, Deed
from settlement.runs.instructions import Happening, Payment, State
from settlement.runs.positions import Positions
from settlement.runs.run import Event, Run

#: How far two people's clocks may differ, in microseconds.
CLOCK_SKEW_MAX_US: Final = 300 * US_PER_S


def propose(decision: Decision, number: int, positions: Positions, positions_bytes: bytes) -> Run:
    """A new run. Raises Refused with WRONG_STATE when the proposer saw other positions."""
    assert decision.action == pb.RUN_ACTION_PROPOSE
    if decision.positions_digest:
        _require_digest(decision, positions_bytes)
    events = (Event(pb.RUN_ACTION_PROPOSE, pb.RUN_STATE_PROPOSED, decision.deed),)
    return Run(decision.run_id, number, positions, positions_bytes, events)


def move(run: Run, decision: Decision) -> Run:
    """The run after a decision about it. Raises Refused: WRONG_STATE, SAME_PERSON, FIELD_INVALID."""
    if decision.deed.decided_us < run.events[-1].deed.decided_us - CLOCK_SKEW_MAX_US:
        raise wrong_state(run, "the decision was made before the one that the run waits on; decide again")
    return _MOVES[decision.action](run, decision)


def pay(run: Run, action: pb.RunAction.ValueType, deed: Deed, payments: Sequence[Payment]) -> Run:
    """The run after a bank's entries, of a statement or assigned by hand, to instructions that take payments."""
    assert payments
    for payment in payments:
        standing = run.standing(payment.instruction)
        assert standing is not None, "payments are matched with instructions of the run"
        assert run.takes_payments(standing), "only payments that an instruction waits for are matched with it"
    return _settling(run, action, deed, payments)


def _approve(run: Run, decision: Decision) -> Run:
    _require_state(run, pb.RUN_STATE_PROPOSED)
    if decision.deed.public_key == run.proposed_by:
        raise Refused(
            error_pb2.REASON_SAME_PERSON,
            "A run is approved with another key than the one that proposed it.",
            {"run_id": id_text(run.run_id)},
        )
    _require_digest(decision, run.positions_bytes)
    return run.after(Event(decision.action, pb.RUN_STATE_APPROVED, decision.deed))


def _instruct(run: Run, decision: Decision) -> Run:
    _require_state(run, pb.RUN_STATE_APPROVED)
    instructed = run.after(Event(decision.action, pb.RUN_STATE_INSTRUCTED, decision.deed))
    # Where nobody has anything to pay, nothing else will ever settle it.
    return instructed if run.standings else _settling(instructed, decision.action, decision.deed, ())


def _confirm(run: Run, decision: Decision) -> Run:
    _require_state(run, pb.RUN_STATE_INSTRUCTED, pb.RUN_STATE_SETTLING)
    party_id = decision.party_id
    own = [item for item in run.standings if party_id in (item.instruction.payer, item.instruction.payee)]
    if not own:
        raise wrong_state(run, f"{party_id} has nothing to pay or to receive in it")
    left = [item for item in own if item.rest_minor > 0 and item.state is not State.CARRIED]
    if not left:
        surplus = any(item.state is State.OVERPAID for item in own)
        raise wrong_state(
            run, f"{party_id} has {'paid or received too much; carry that' if surplus else 'settled already'}"
        )
    if decision.standings_digest != run.standings_digest(party_id):
        raise wrong_state(
            run, f"more has happened to what {party_id} pays or receives than was seen; look again and decide anew"
        )
    payments = [Payment(item.instruction.number, Happening.CONFIRMED, item.rest_minor) for item in left]
    return _settling(run, decision.action, decision.deed, payments, party_id)


def _carry(run: Run, decision: Decision) -> Run:
    _require_state(run, pb.RUN_STATE_INSTRUCTED, pb.RUN_STATE_SETTLING)
    payments = []
    for number, paid_minor in decision.carry:
        standing = run.standing(number)
        if standing is None:
            raise wrong_state(run, f"it has no instruction {number}")
        if standing.done:
            raise wrong_state(run, f"nothing is left of instruction {number}, which is {standing.state.name}")
        if standing.paid_minor != paid_minor:
            raise wrong_state(
                run,
                f"of instruction {number} {standing.paid_minor} minor units are paid by now, not {paid_minor}; "
                "look at the run again and decide anew",
            )
        payments.append(Payment(number, Happening.CARRIED, standing.rest_minor))
    return _settling(run, decision.action, decision.deed, payments)


def _abort(run: Run, decision: Decision) -> Run:
    _require_state(run, pb.RUN_STATE_PROPOSED, pb.RUN_STATE_APPROVED, pb.RUN_STATE_INSTRUCTED)
    return run.after(Event(decision.action, pb.RUN_STATE_ABORTED, decision.deed))


def _propose_again(run: Run, decision: Decision) -> Run:
    raise Refused(
        error_pb2.REASON_ID_CONFLICT,
        f"The run {id_text(run.run_id)} was proposed before, with other content. Choose a new id.",
        {"run_id": id_text(run.run_id)},
    )


_MOVES: Final[Mapping[int, Callable[[Run, Decision], Run]]] = {
    pb.RUN_ACTION_PROPOSE: _propose_again,
    pb.RUN_ACTION_APPROVE: _approve,
    pb.RUN_ACTION_INSTRUCT: _instruct,
    pb.RUN_ACTION_CONFIRM: _confirm,
    pb.RUN_ACTION_ABORT: _abort,
    pb.RUN_ACTION_CARRY: _carry,
}


def state_name(state: pb.RunState.ValueType) -> str:
    """`PROPOSED` for RUN_STATE_PROPOSED."""
    return pb.RunState.Name(state).removeprefix("RUN_STATE_")


def wrong_state(run: Run, why: str) -> Refused:
    """What to raise when a run does not allow something; `why` ends the sentence."""
    return Refused(
        error_pb2.REASON_WRONG_STATE,
        f"The run {id_text(run.run_id)} is {state_name(run.state)}: {why}.",
        {"run_id": id_text(run.run_id), "state": state_name(run.state)},
    )


def _settling(
    run: Run, action: pb.RunAction.ValueType, deed: Deed, payments: Sequence[Payment], party_id: str = ""
) -> Run:
    """The run after payments: settling, and settled in a further step once nothing is left."""
    if run.state == pb.RUN_STATE_INSTRUCTED and payments and all(map(_moves_no_money, payments)):
        return run.after(Event(action, pb.RUN_STATE_INSTRUCTED, deed, party_id, tuple(payments)))
    settling = run.after(Event(action, pb.RUN_STATE_SETTLING, deed, party_id, tuple(payments)))
    if not all(standing.done for standing in settling.standings):
        return settling
    if run.state == pb.RUN_STATE_SETTLING:
        return run.after(Event(action, pb.RUN_STATE_SETTLED, deed, party_id, tuple(payments)))
    return settling.after(Event(action, pb.RUN_STATE_SETTLED, deed, party_id))


def _moves_no_money(payment: Payment) -> bool:
    """A bank that refused to pay leaves a run as it was, which can still be aborted."""
    return payment.happening is Happening.REJECTED


def _require_state(run: Run, *states: pb.RunState.ValueType) -> None:
    if run.state not in states:
        raise wrong_state(run, f"this needs {' or '.join(map(state_name, states))}")


def _require_digest(decision: Decision, positions_bytes: bytes) -> None:
    digest = hashlib.sha256(positions_bytes).digest()
    if decision.positions_digest != digest:
        raise Refused(
            error_pb2.REASON_WRONG_STATE,
            "The positions of the run are not the ones that were looked at. Look at the run again and decide anew.",
            {"run_id": id_text(decision.run_id), "positions_digest": digest.hex()},
        )
