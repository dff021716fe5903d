"""How a window is settled, as one party sees it: by its run, or as it would be settled alone, now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from coalition.ids import id_text
from coalition.v1 import settlement_service_pb2 as pb
from partner_sdk.settlement import CarriedReason, InstructionState, RunState, SettlementMethod
from partner_sdk.statement import StatementCarried, StatementPayment, StatementSettlement
from settlement.clearing.rounding import Position
from settlement.runs.carried import Carried
from settlement.runs.instructions import Standing
from settlement.runs.methods import Settlement
from settlement.runs.run import Run
from settlement.statements.moments import moment_of
from settlement.statements.view import View


def settled_with(view: View, run: Run, due_on: date | None) -> StatementSettlement:
    """The party's part of the run that settles the window, or has."""
    positions = run.positions
    position = _position_of(view, positions.parties)
    instructed = (event.deed.decided_us for event in run.events if event.action == pb.RUN_ACTION_INSTRUCT)
    first = next(instructed, None)
    return StatementSettlement(
        run_id=id_text(run.run_id),
        run_state=RunState[pb.RunState.Name(run.state).removeprefix("RUN_STATE_")],
        method=SettlementMethod[positions.method.name],
        instructed_at=None if first is None else moment_of(first),
        due_on=due_on,
        windows=run.windows,
        amount_micros=position.amount_micros,
        carried_in=tuple(_carried(view, positions.carried_in)),
        payable_minor=position.payable_minor,
        rounding=tuple(_carried(view, positions.rounding)),
        payments=tuple(_payments(view, run.standings)),
    )


def settled_alone(
    view: View, window: int, settlement: Settlement, carried_in: Iterable[Carried], due_on: date | None
) -> StatementSettlement:
    """The party's part of a settlement that nobody has proposed."""
    position = _position_of(view, settlement.positions)
    return StatementSettlement(
        run_id=None,
        run_state=None,
        method=None,
        instructed_at=None,
        due_on=due_on,
        windows=(window,),
        amount_micros=position.amount_micros,
        carried_in=tuple(_carried(view, carried_in)),
        payable_minor=position.payable_minor,
        rounding=tuple(_carried(view, settlement.rounding)),
        payments=(),
    )


def _position_of(view: View, positions: Iterable[Position]) -> Position:
    for position in positions:
        if position.party_id == view.party_id:
            return position
    return Position(view.party_id, 0, 0, 0, 0)


def _carried(view: View, items: Iterable[Carried]) -> Iterator[StatementCarried]:
    for item in items:
        if view.party_id in (item.debtor, item.creditor):
            receives = item.creditor == view.party_id
            yield StatementCarried(
                counterparty=item.debtor if receives else item.creditor,
                reason=CarriedReason[item.why.name],
                amount_micros=item.micros if receives else -item.micros,
            )


def _payments(view: View, standings: Iterable[Standing]) -> Iterator[StatementPayment]:
    for standing in standings:
        instruction = standing.instruction
        if view.party_id in (instruction.payer, instruction.payee):
            receives = instruction.payee == view.party_id
            other, sign = (instruction.payer, 1) if receives else (instruction.payee, -1)
            yield StatementPayment(
                number=instruction.number,
                counterparty=other,
                counterparty_name=view.name_of(other),
                amount_minor=sign * instruction.amount_minor,
                paid_minor=sign * standing.paid_minor,
                carried_minor=sign * standing.carried_minor,
                reference=instruction.reference,
                state=InstructionState[standing.state.name],
            )
