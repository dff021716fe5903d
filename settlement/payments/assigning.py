"""What a person says of a bank's entry: booked on one instruction, taken from another. In one database transaction."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from sqlalchemy import Connection

from coalition.errors import Refused
from coalition.v1 import error_pb2
from coalition.v1 import settlement_service_pb2 as pb
from settlement.payments.booking import Finder, newest_run_number
from settlement.payments.decisions import Assignment
from settlement.payments.matching import Known, effect_on
from settlement.payments.records import About, EntryMatch, EntryRecord, EntryState
from settlement.runs.instructions import Happening, Payment
from settlement.runs.moves import pay, wrong_state
from settlement.runs.windows import last_settled
from settlement.store.bank_entries import assign_entry
from settlement.store.runs import extend_run, list_standings

_ONLY_ITS_OWN: Final = "what a bank refused to pay is about the payment that it names and no other"
_NOT_RELEASED = (pb.RUN_STATE_PROPOSED, pb.RUN_STATE_APPROVED)


def assign(connection: Connection, record: EntryRecord, decision: Assignment, operator: str, now_us: int) -> None:
    """Do what the decision says. Raises Refused: WRONG_STATE, NOT_FOUND."""
    if record.entry.rejected and record.match.state is EntryState.MATCHED:
        raise _refused(record, _ONLY_ITS_OWN)
    if record.match.number != decision.after:
        raise _refused(record, "somebody has said what it is about since you looked; look again and decide anew")
    finder = Finder(connection)
    payments: defaultdict[bytes, list[Payment]] = defaultdict(list)
    _take_back(connection, record, finder, payments)
    state, about = EntryState.SET_ASIDE, None
    if decision.reference:
        state, about = _target(record, decision, operator, finder)
        if state is EntryState.ASSIGNED:
            payment = Payment(about.instruction, about.effect, record.entry.amount_minor, record.entry_id)
            payments[about.run_id].append(payment)
    match = EntryMatch(record.match.number + 1, state, None, about, newest_run_number(connection), decision.deed)
    assign_entry(connection, record.entry_id, match, now_us)
    for run_id, happened in payments.items():
        before = finder.run(run_id)
        extend_run(connection, before, pay(before, pb.RUN_ACTION_ASSIGN, decision.deed, happened), now_us)


def _take_back(
    connection: Connection, record: EntryRecord, finder: Finder, payments: defaultdict[bytes, list[Payment]]
) -> None:
    """Undo what the entry did so far, where that can still be undone."""
    about = record.match.about
    if about is None:
        return
    if record.match.state is EntryState.LATE:
        _require_not_carried(connection, record)
        return
    run = finder.run(about.run_id)
    standing = run.standing(about.instruction)
    assert standing is not None, "entries are matched with instructions that there are"
    if not run.takes_payments(standing):
        raise wrong_state(run, "what its payments came to is settled; correct it with an adjustment in the journal")
    undone = record.entry.amount_minor if about.effect is Happening.BOOKED else -record.entry.amount_minor
    payments[about.run_id].append(Payment(about.instruction, Happening.UNASSIGNED, undone, record.entry_id))


def _require_not_carried(connection: Connection, record: EntryRecord) -> None:
    """Raises Refused when a run has taken over what came late."""
    runs = list_standings(connection)
    settled, live = last_settled(runs), next((run for run in runs if run.live), None)
    newest = max((run.number for run in (settled, live) if run is not None), default=0)
    if record.match.after_run < newest:
        raise _refused(record, "a run has taken it over; correct it with an adjustment in the journal")


def _target(record: EntryRecord, decision: Assignment, operator: str, finder: Finder) -> tuple[EntryState, About]:
    """Where the entry is booked: on its instruction, or for the next run where that takes no payments any more."""
    known = finder.find(decision.reference)
    if known is None:
        raise Refused(
            error_pb2.REASON_NOT_FOUND,
            f"No payment has the reference {decision.reference}.",
            {"reference": decision.reference},
        )
    run = finder.run(known.run_id)
    if run.state in _NOT_RELEASED:
        raise wrong_state(run, "its payments are not released yet; assign the entry when they are")
    if record.entry.rejected:
        return EntryState.LATE, _refused_late(record, known, operator)
    about = _about(record, known, operator)
    return (EntryState.ASSIGNED if known.waiting else EntryState.LATE), about


def _about(record: EntryRecord, known: Known, operator: str) -> About:
    effect = effect_on(known.instruction, operator, credit=record.entry.credit)
    if effect is None:
        raise _refused(record, f"the payment {known.instruction.reference} is between others than the operator")
    return About(known.run_id, known.instruction.number, known.instruction.reference, effect)


def _refused_late(record: EntryRecord, known: Known, operator: str) -> About:
    """A refusal that came when nobody waited for it any more: what a person had only confirmed is owed again."""
    instruction = known.instruction
    if known.waiting or instruction.reference != record.entry.end_to_end_id or instruction.payer != operator:
        raise _refused(record, _ONLY_ITS_OWN)
    return About(known.run_id, instruction.number, instruction.reference, Happening.REJECTED)


def _refused(record: EntryRecord, why: str) -> Refused:
    return Refused(
        error_pb2.REASON_WRONG_STATE,
        f"The bank's entry {record.entry.bank_reference} cannot be assigned: {why}.",
        {"entry_id": record.entry_id.hex(), "matches": str(record.match.number)},
    )
