"""Outcomes as the journal keeps them."""

from __future__ import annotations

from coalition.v1 import outcome_pb2
from coalition.v1.outcome_pb2 import Allocation, Balance, Fact, Outcome
from network.ledger import purse
from network.ledger.context import Context, Effect, Rejected
from network.ledger.records import Arrear, Holder, Lot


def accepted_outcome(ctx: Context, effect: Effect) -> Outcome:
    """What was done, and the holder's balance afterwards."""
    outcome = Outcome(
        transaction_id=ctx.transaction_id,
        sequence=ctx.sequence,
        committed_us=ctx.committed_us,
        status=outcome_pb2.OUTCOME_STATUS_ACCEPTED,
        allocations=[
            Allocation(issuer=part.issuer, expires_on=part.expires_on, points=part.points) for part in effect.parts
        ],
        arrears_points=effect.arrears_points,
    )
    if effect.holder_id:
        state = ctx.state
        holder = state.holders.get(effect.holder_id)
        assert holder is not None, "an effect names a holder that exists"
        lots = state.lots.get(effect.holder_id) or ()
        outcome.balance.CopyFrom(balance_of(holder, lots, state.arrears.get(effect.holder_id) or (), ctx.today))
    if effect.original is not None:
        original = outcome.original
        original.kind = effect.original.kind  # type: ignore[assignment]
        original.sequence = effect.original.sequence
        original.committed_us = effect.original.committed_us
    return outcome


def rejected_outcome(ctx: Context, rejected: Rejected) -> Outcome:
    """Why nothing was done."""
    return Outcome(
        transaction_id=ctx.transaction_id,
        sequence=ctx.sequence,
        committed_us=ctx.committed_us,
        status=outcome_pb2.OUTCOME_STATUS_REJECTED,
        reason=rejected.reason,
        facts=[Fact(name=name, value=value) for name, value in rejected.facts],
    )


def balance_of(holder: Holder, lots: tuple[Lot, ...], arrears: tuple[Arrear, ...], today: str) -> Balance:
    """A holder's balance as of a day. Points past their date are in none of its figures."""
    sums = purse.sums(lots, today)
    return Balance(
        holder_id=holder.holder_id,
        available_points=sums.available,
        pending_points=sums.pending,
        held_points=holder.held_points,
        arrears_points=sum(arrear.points for arrear in arrears),
    )
