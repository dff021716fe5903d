"""Outcomes as the journal keeps them."""

from __future__ import annotations

from coalition.v1 import outcome_pb2
from coalition.v1.outcome_pb2 import Balance, Fact, Outcome
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
    )
    if effect.arrears_points:
        outcome.arrears_points = effect.arrears_points
    for issuer, expires_on, points in effect.parts:
        outcome.allocations.add(issuer=issuer, expires_on=expires_on, points=points)
    if effect.holder_id:
        state = ctx.state
        holder = state.holders.get(effect.holder_id)
        assert holder is not None, "an effect names a holder that exists"
        lots = state.lots.get(effect.holder_id) or ()
        _fill_balance(outcome.balance, holder, lots, state.arrears.get(effect.holder_id) or (), ctx.today)
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
    balance = Balance()
    _fill_balance(balance, holder, lots, arrears, today)
    return balance


def _fill_balance(
    balance: Balance, holder: Holder, lots: tuple[Lot, ...], arrears: tuple[Arrear, ...], today: str
) -> None:
    """Every accepted transaction has one: filling it where it stands costs half of copying it there."""
    sums = purse.sums(lots, today)
    balance.holder_id = holder.holder_id
    balance.available_points = sums.available
    if sums.pending:
        balance.pending_points = sums.pending
    if holder.held_points:
        balance.held_points = holder.held_points
    if arrears:
        balance.arrears_points = sum(arrear.points for arrear in arrears)
