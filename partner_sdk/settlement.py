"""For finance teams: what a party owes and is owed, window by window, and the operator's settlement runs.

The settlement service is another service than the hub: the profile's `settlement_address` says where it is. Decisions
about runs are signed by a person's key of the operator; proposing and approving need two different ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from coalition import dsse
from coalition.ids import id_text, new_transaction_id
from coalition.v1 import settlement_service_pb2 as pb
from partner_sdk import _awaiting_shell, _blocking_shell, _rpc, _settlement_disputes
from partner_sdk._connected import Target
from partner_sdk._connection import Connection
from partner_sdk._dispute_models import (
    Dispute,
    DisputeAction,
    DisputeAdjustment,
    DisputeAttachment,
    DisputeEvent,
    DisputeReason,
    DisputeState,
)
from partner_sdk._errors import Timeout
from partner_sdk._ledger_reads import identifier
from partner_sdk._moments import moment_of
from partner_sdk._session import Session
from partner_sdk._settlement_lines import Line, LineKind, ProvenEntry, entry, line_page, lines
from partner_sdk._settlement_models import (
    NetPosition,
    Obligation,
    PartyActivity,
    Progress,
    Run,
    RunEvent,
    Window,
    WindowReport,
    progress_of,
    report_of,
    run_of,
    window_of,
)
from partner_sdk._settlement_schedule import Schedule, ScheduledClosing, UnsettledWindow, schedule
from partner_sdk._signed import Signed, document_of
from partner_sdk._steps import Steps
from partner_sdk._vocabulary import RunAction, RunState, WindowState, run_action_of

__all__ = [
    "AsyncSettlementClient",
    "Dispute",
    "DisputeAction",
    "DisputeAdjustment",
    "DisputeAttachment",
    "DisputeEvent",
    "DisputeReason",
    "DisputeState",
    "Line",
    "LineKind",
    "NetPosition",
    "Obligation",
    "PartyActivity",
    "Progress",
    "ProvenEntry",
    "Run",
    "RunAction",
    "RunDecision",
    "RunEvent",
    "RunState",
    "Schedule",
    "ScheduledClosing",
    "SettlementClient",
    "UnsettledWindow",
    "Window",
    "WindowReport",
    "WindowState",
]


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
    #: The party that has settled, for CONFIRM; None otherwise.
    party_id: str | None
    note: str
    decided_at: datetime

    @classmethod
    def _fields(cls, message: pb.RunDecision) -> dict[str, Any]:
        return {
            "run_id": id_text(message.run_id),
            "action": run_action_of(message.action),
            "windows": tuple(message.windows),
            "party_id": message.party_id or None,
            "note": message.note,
            "decided_at": moment_of(message.decided_us),
        }


def progress(session: Session, *, wait_for_sequence: int = 0) -> Steps[Progress]:
    """How far the service has followed the journal; waits until it has come to `wait_for_sequence`.

    Raises Timeout when it does not come there within the client's timeout.
    """
    deadline = session.monotonic() + session.connection.timeout_s
    while True:
        request = pb.GetProgressRequest(wait_for_sequence=wait_for_sequence)
        found = progress_of((yield from session.read(_rpc.GET_PROGRESS, request)))
        if found.sequence >= wait_for_sequence:
            return found
        if session.monotonic() >= deadline:
            raise Timeout(
                f"The settlement service has come to entry {found.sequence}, not yet to {wait_for_sequence}. Ask again."
            )


def windows(session: Session) -> Steps[tuple[Window, ...]]:
    """Every window, ascending; the last one is open."""
    response = yield from session.read(_rpc.LIST_WINDOWS, pb.ListWindowsRequest())
    return tuple(map(window_of, response.windows))


def window(session: Session, number: int) -> Steps[WindowReport]:
    """A window with its obligations, positions and activity. Raises NotFound."""
    return report_of((yield from session.read(_rpc.GET_WINDOW, pb.GetWindowRequest(number=number))))


def runs(session: Session) -> Steps[tuple[Run, ...]]:
    """Every settlement run, in the order in which they were proposed."""
    response = yield from session.read(_rpc.LIST_RUNS, pb.ListRunsRequest())
    return tuple(map(run_of, response.runs))


def run(session: Session, run_id: str) -> Steps[Run]:
    """A settlement run. Raises NotFound."""
    response = yield from session.read(_rpc.GET_RUN, pb.GetRunRequest(run_id=identifier(run_id)))
    return run_of(response.run)


def decide(session: Session, decision: RunDecision) -> Steps[Run]:
    """Send a signed decision; sending the same one again is harmless. Raises WrongState, SamePerson."""
    request = pb.DecideRunRequest(decision=document_of(decision))
    return run_of((yield from session.read(_rpc.DECIDE_RUN, request)).run)


def propose(session: Session, numbers: Sequence[int], *, run_id: str | None = None, note: str = "") -> Steps[Run]:
    """Propose to settle closed windows together. `run_id`, UUID text, is yours to choose and store beforehand."""
    chosen = new_transaction_id(session.connection.clock() // 1_000) if run_id is None else identifier(run_id)
    message = pb.RunDecision(run_id=chosen, action=RunAction.PROPOSE.number, windows=sorted(numbers), note=note)
    return (yield from decide(session, _signed(session, message)))


def approve(session: Session, seen: Run, *, note: str = "") -> Steps[Run]:
    """Approve a run with exactly the positions that you have seen. By another person than who proposed it."""
    return (yield from _about(session, seen, RunAction.APPROVE, note, positions_digest=seen.positions_digest))


def instruct(session: Session, seen: Run, *, note: str = "") -> Steps[Run]:
    """Record that the payments of an approved run were instructed."""
    return (yield from _about(session, seen, RunAction.INSTRUCT, note))


def confirm(session: Session, seen: Run, party_id: str, *, note: str = "") -> Steps[Run]:
    """Record that one party has settled its position; the run is settled when all have."""
    return (yield from _about(session, seen, RunAction.CONFIRM, note, party_id=party_id))


def abort(session: Session, seen: Run, note: str) -> Steps[Run]:
    """Give up a run before any party has settled; its windows are settled with a later one. `note` says why."""
    return (yield from _about(session, seen, RunAction.ABORT, note))


def _about(
    session: Session, seen: Run, action: RunAction, note: str, *, positions_digest: bytes = b"", party_id: str = ""
) -> Steps[Run]:
    message = pb.RunDecision(
        run_id=identifier(seen.run_id),
        action=action.number,
        positions_digest=positions_digest,
        party_id=party_id,
        note=note,
    )
    return (yield from decide(session, _signed(session, message)))


def _signed(session: Session, message: pb.RunDecision) -> RunDecision:
    connection = session.connection
    message.network_id = connection.network_id
    message.decided_us = connection.clock()
    return RunDecision.make(message, connection.keys[0])


class SettlementClient(_blocking_shell.BlockingShell):
    """A party's connection to the settlement service. A party sees what it is part of, operator and auditor all."""

    @classmethod
    def _target_in(cls, connection: Connection) -> Target:
        return Target.settlement(connection)

    progress = _blocking_shell.calls(progress)
    windows = _blocking_shell.calls(windows)
    window = _blocking_shell.calls(window)
    lines = _blocking_shell.gives(lines)
    line_page = _blocking_shell.calls(line_page)
    entry = _blocking_shell.calls(entry)
    runs = _blocking_shell.calls(runs)
    run = _blocking_shell.calls(run)
    decide = _blocking_shell.calls(decide)
    propose = _blocking_shell.calls(propose)
    approve = _blocking_shell.calls(approve)
    instruct = _blocking_shell.calls(instruct)
    confirm = _blocking_shell.calls(confirm)
    abort = _blocking_shell.calls(abort)
    schedule = _blocking_shell.calls(schedule)
    disputes = _blocking_shell.gives(_settlement_disputes.disputes)
    dispute = _blocking_shell.calls(_settlement_disputes.dispute)
    raise_dispute = _blocking_shell.calls(_settlement_disputes.raise_dispute)
    answer_dispute = _blocking_shell.calls(_settlement_disputes.answer_dispute)
    accept_dispute = _blocking_shell.calls(_settlement_disputes.accept_dispute)
    reject_dispute = _blocking_shell.calls(_settlement_disputes.reject_dispute)
    escalate_dispute = _blocking_shell.calls(_settlement_disputes.escalate_dispute)
    withdraw_dispute = _blocking_shell.calls(_settlement_disputes.withdraw_dispute)
    rule_dispute = _blocking_shell.calls(_settlement_disputes.rule_dispute)
    confirm_ruling = _blocking_shell.calls(_settlement_disputes.confirm_ruling)


class AsyncSettlementClient(_awaiting_shell.AwaitingShell):
    """As SettlementClient, awaited."""

    @classmethod
    def _target_in(cls, connection: Connection) -> Target:
        return Target.settlement(connection)

    progress = _awaiting_shell.calls(progress)
    windows = _awaiting_shell.calls(windows)
    window = _awaiting_shell.calls(window)
    lines = _awaiting_shell.gives(lines)
    line_page = _awaiting_shell.calls(line_page)
    entry = _awaiting_shell.calls(entry)
    runs = _awaiting_shell.calls(runs)
    run = _awaiting_shell.calls(run)
    decide = _awaiting_shell.calls(decide)
    propose = _awaiting_shell.calls(propose)
    approve = _awaiting_shell.calls(approve)
    instruct = _awaiting_shell.calls(instruct)
    confirm = _awaiting_shell.calls(confirm)
    abort = _awaiting_shell.calls(abort)
    schedule = _awaiting_shell.calls(schedule)
    disputes = _awaiting_shell.gives(_settlement_disputes.disputes)
    dispute = _awaiting_shell.calls(_settlement_disputes.dispute)
    raise_dispute = _awaiting_shell.calls(_settlement_disputes.raise_dispute)
    answer_dispute = _awaiting_shell.calls(_settlement_disputes.answer_dispute)
    accept_dispute = _awaiting_shell.calls(_settlement_disputes.accept_dispute)
    reject_dispute = _awaiting_shell.calls(_settlement_disputes.reject_dispute)
    escalate_dispute = _awaiting_shell.calls(_settlement_disputes.escalate_dispute)
    withdraw_dispute = _awaiting_shell.calls(_settlement_disputes.withdraw_dispute)
    rule_dispute = _awaiting_shell.calls(_settlement_disputes.rule_dispute)
    confirm_ruling = _awaiting_shell.calls(_settlement_disputes.confirm_ruling)
