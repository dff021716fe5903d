"""Settlement runs: reading them, and deciding on them with a person's key of the operator."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from coalition import dsse
from coalition.ids import id_text, new_transaction_id
from coalition.v1 import settlement_service_pb2 as pb
from partner_sdk import _rpc
from partner_sdk._ledger_reads import identifier
from partner_sdk._moments import moment_of
from partner_sdk._refusals import FieldInvalid
from partner_sdk._session import Session
from partner_sdk._settlement_run_models import Checklist, Run, checklist_of, run_of
from partner_sdk._signed import Signed, document_of
from partner_sdk._steps import Emit, Flow, Steps
from partner_sdk._vocabulary import RunAction, SettlementMethod, run_action_of, settlement_method_of


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDecision(Signed):
    """What a person of the operator decides about a run."""

    letter = "D"
    payload_type = dsse.RUN_DECISION
    message = pb.RunDecision

    #: UUID text.
    run_id: str
    action: RunAction
    #: PROPOSE: the windows to settle together.
    windows: tuple[int, ...]
    #: PROPOSE: how they are settled; None otherwise.
    method: SettlementMethod | None
    #: The party that has settled, for CONFIRM; None otherwise.
    party_id: str | None
    #: CARRY: the instructions whose rest goes into the next run, by number.
    carry: tuple[int, ...]
    note: str
    decided_at: datetime

    @classmethod
    def _fields(cls, message: pb.RunDecision) -> dict[str, Any]:
        return {
            "run_id": id_text(message.run_id),
            "action": run_action_of(message.action),
            "windows": tuple(message.windows),
            "method": settlement_method_of(message.method) if message.method else None,
            "party_id": message.party_id or None,
            "carry": tuple(item.instruction for item in message.carry),
            "note": message.note,
            "decided_at": moment_of(message.decided_us),
        }


def runs(session: Session, *, page_size: int = 0) -> Flow[Run]:
    """Every settlement run, newest first, fetched page by page as you go on."""
    request = pb.ListRunsRequest(page_size=page_size)
    while True:
        page = yield from session.read(_rpc.LIST_RUNS, request)
        for message in page.runs:
            yield Emit(run_of(message))
        if not page.next_page_token:
            return
        request.page_token = page.next_page_token


def run(session: Session, run_id: str) -> Steps[Run]:
    """A settlement run. Raises NotFound."""
    response = yield from session.read(_rpc.GET_RUN, pb.GetRunRequest(run_id=identifier(run_id)))
    return run_of(response.run)


def checklist(session: Session, run_id: str) -> Steps[Checklist]:
    """What must hold before a run is approved, looked at now. For the operator and auditors.

    The service replays its journal for it: a large one takes a while, in which items are `pending`; ask again then.
    Raises NotFound, PermissionDenied.
    """
    return checklist_of(
        (yield from session.read(_rpc.GET_CHECKLIST, pb.GetChecklistRequest(run_id=identifier(run_id))))
    )


def decide(session: Session, decision: RunDecision) -> Steps[Run]:
    """Send a signed decision; sending the same one again is harmless. Raises WrongState, SamePerson."""
    request = pb.DecideRunRequest(decision=document_of(decision))
    return run_of((yield from session.read(_rpc.DECIDE_RUN, request)).run)


def propose(
    session: Session,
    numbers: Sequence[int],
    *,
    method: SettlementMethod | str = SettlementMethod.MULTILATERAL,
    run_id: str | None = None,
    note: str = "",
) -> Steps[Run]:
    """Propose to settle closed windows together. `run_id`, UUID text, is yours to choose and store beforehand.

    `method` is how obligations become payments: `multilateral`, through the operator; `bilateral`, between each two
    parties; or `gross`.
    """
    chosen = new_transaction_id(session.connection.clock() // 1_000) if run_id is None else identifier(run_id)
    message = pb.RunDecision(
        run_id=chosen,
        action=RunAction.PROPOSE.number,
        windows=sorted(numbers),
        method=SettlementMethod(method).number,
        note=note,
    )
    return (yield from decide(session, _signed(session, message)))


def approve(session: Session, seen: Run, *, note: str = "") -> Steps[Run]:
    """Approve a run with exactly the positions, instructions and accounts that you have seen.

    By another person than who proposed it. Raises WrongState where something in its checklist does not hold, Overloaded
    while that is still being looked at.
    """
    return (yield from _about(session, seen, RunAction.APPROVE, note, positions_digest=seen.positions_digest))


def instruct(session: Session, seen: Run, *, note: str = "") -> Steps[Run]:
    """Release the payments of an approved run."""
    return (yield from _about(session, seen, RunAction.INSTRUCT, note))


def confirm(session: Session, seen: Run, party_id: str, *, note: str = "") -> Steps[Run]:
    """Record that every instruction to and from one party was paid in full; the run is settled when all are.

    Raises WrongState when something has happened to them that you have not seen.
    """
    digest = seen.standings_digest(party_id)
    return (yield from _about(session, seen, RunAction.CONFIRM, note, party_id=party_id, standings_digest=digest))


def carry(session: Session, seen: Run, note: str, *, instructions: Iterable[int] | None = None) -> Steps[Run]:
    """Leave what is still unpaid, or was overpaid, to the next run. `note` says why.

    `instructions` are numbers; None: all that are left. What was paid of them is signed as you have seen it. Raises
    WrongState when that has changed, FieldInvalid for a number that the run does not have.
    """
    known = {item.number: item for item in seen.instructions}
    chosen = [item.number for item in seen.instructions if not item.done] if instructions is None else instructions
    numbers = sorted(set(chosen))
    for number in numbers:
        if number not in known:
            raise FieldInvalid(f"The run {seen.run_id} has no instruction {number}.")
    items = [pb.CarryOver(instruction=number, paid_minor=known[number].paid_minor) for number in numbers]
    return (yield from _about(session, seen, RunAction.CARRY, note, carry=items))


def abort(session: Session, seen: Run, note: str) -> Steps[Run]:
    """Give up a run before any payment; its windows are settled with a later one. `note` says why."""
    return (yield from _about(session, seen, RunAction.ABORT, note))


def _about(
    session: Session,
    seen: Run,
    action: RunAction,
    note: str,
    *,
    positions_digest: bytes = b"",
    party_id: str = "",
    standings_digest: bytes = b"",
    carry: Sequence[pb.CarryOver] = (),
) -> Steps[Run]:
    message = pb.RunDecision(
        run_id=identifier(seen.run_id),
        action=action.number,
        positions_digest=positions_digest,
        party_id=party_id,
        standings_digest=standings_digest,
        carry=carry,
        note=note,
    )
    return (yield from decide(session, _signed(session, message)))


def _signed(session: Session, message: pb.RunDecision) -> RunDecision:
    connection = session.connection
    message.network_id = connection.network_id
    message.decided_us = connection.clock()
    return RunDecision.make(message, connection.keys[0])
