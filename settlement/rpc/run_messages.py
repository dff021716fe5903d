"""Runs as callers get to see them, as messages. A party sees what it is part of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from coalition.errors import FieldViolation, Refused
from coalition.v1 import error_pb2
from coalition.v1 import settlement_service_pb2 as pb
from coalition.v1.settlement_service_pb2 import RunPositions
from coalition.wire import encode
from settlement.rpc.access import Caller
from settlement.runs.carried import Carried
from settlement.runs.instructions import Standing
from settlement.runs.positions import carried_message
from settlement.runs.run import Event, Run

#: Runs that are given at once, at most.
PAGE_RUNS_MAX: Final = 100
#: No more runs are added to a page that is as large as this, or for which so much was read.
_PAGE_BYTES: Final = 2 << 20
#: What everybody sees of a run is which steps it took; what is paid concerns its payer and its payee.
_STEPS: Final = (pb.RUN_ACTION_PROPOSE, pb.RUN_ACTION_APPROVE, pb.RUN_ACTION_INSTRUCT, pb.RUN_ACTION_ABORT)


def run_message(run: Run, caller: Caller) -> pb.Run:
    """A run. A caller that does not see all gets its own position, instructions and payments only."""
    seen = [standing for standing in run.standings if _sees(caller, standing)]
    return pb.Run(
        run_id=run.run_id,
        number=run.number,
        state=run.state,
        positions=_positions(run, caller),
        events=[_event(event) for event in run.events if _sees_event(caller, event, seen)],
        confirmed=[party_id for party_id in run.confirmed if caller.sees(party_id)],
        standings=map(_standing, seen),
        carried_out=[carried_message(item) for item in _left(run) if caller.sees(item.debtor, item.creditor)],
    )


def runs_page(runs: Iterable[Run], caller: Caller) -> pb.ListRunsResponse:
    """The first of `runs`, newest first, that fit in a page; no more of them are read than that."""
    page, size, last = pb.ListRunsResponse(), 0, 0
    for run in runs:
        page.runs.append(run_message(run, caller))
        # Who sees little of a run gets a small message, which costs as much to make as a large one.
        size, last = size + max(page.runs[-1].ByteSize(), len(run.positions_bytes)), run.number
        if size > _PAGE_BYTES:
            break
    # Numbers go up from 1 without gaps.
    if last > 1:
        page.next_page_token = str(last)
    return page


def page_before(token: str) -> int:
    """The number below which a page's runs are. Raises Refused with FIELD_INVALID."""
    if token.isascii() and token.isdecimal() and len(token) <= 18:
        return int(token)
    violation = FieldViolation("page_token", "must be the next_page_token of the page before")
    raise Refused(
        error_pb2.REASON_FIELD_INVALID, f"{violation.field} {violation.description}.", violations=(violation,)
    )


def _left(run: Run) -> tuple[Carried, ...]:
    return run.carried_out if run.state == pb.RUN_STATE_SETTLED else ()


def _positions(run: Run, caller: Caller) -> bytes:
    if caller.sees_all:
        return run.positions_bytes
    positions = RunPositions.FromString(run.positions_bytes)
    return encode(
        RunPositions(
            network_id=positions.network_id,
            windows=positions.windows,
            positions=[item for item in positions.positions if caller.sees(item.party_id)],
            method=positions.method,
            currency=positions.currency,
            currency_exponent=positions.currency_exponent,
            instructions=[item for item in positions.instructions if caller.sees(item.payer, item.payee)],
            carried_in=[item for item in positions.carried_in if caller.sees(item.debtor, item.creditor)],
            rounding=[item for item in positions.rounding if caller.sees(item.debtor, item.creditor)],
        )
    )


def _sees(caller: Caller, standing: Standing) -> bool:
    return caller.sees(standing.instruction.payer, standing.instruction.payee)


def _sees_event(caller: Caller, event: Event, seen: Sequence[Standing]) -> bool:
    if caller.sees_all or event.action in _STEPS:
        return True
    own = {standing.instruction.number for standing in seen}
    return any(payment.instruction in own for payment in event.payments)


def _standing(standing: Standing) -> pb.InstructionStanding:
    return pb.InstructionStanding(
        number=standing.instruction.number,
        state=pb.InstructionState.ValueType(standing.state),
        paid_minor=standing.paid_minor,
        carried_minor=standing.carried_minor,
    )


def _event(event: Event) -> pb.RunEvent:
    return pb.RunEvent(
        action=event.action,
        state=event.state,
        public_key=event.deed.public_key,
        decided_us=event.deed.decided_us,
        note=event.deed.note,
        party_id=event.party_id,
    )
