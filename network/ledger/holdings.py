"""Moves of points that several kinds share. Each keeps lots, stored balances and issuers' totals in step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from coalition.form.checks import OUTSTANDING_MAX
from coalition.v1 import error_pb2
from network.ledger import purse
from network.ledger.context import Context, Rejected
from network.ledger.records import Arrear, Holder, Lot, Part, Totals, Usage
from network.ledger.state import State


def totals_of(state: State, issuer: str) -> Totals:
    return state.totals.get(issuer) or Totals(issuer)


def lots_of(ctx: Context, holder_id: str) -> purse.Lots:
    """A holder's lots today, in the order of consumption."""
    return purse.mature(ctx.state.lots.get(holder_id) or (), ctx.today)


def put_in(ctx: Context, holder: Holder, parts: tuple[Part, ...], *, available_on: str = "", **totals: int) -> Holder:
    """Add points to a holder's lots, and count them besides as `count` does.

    Raises Rejected with OUTSTANDING_LIMIT beyond what can be counted.
    """
    lots = purse.add(lots_of(ctx, holder.holder_id), parts, available_on=available_on, opened=ctx.sequence)
    ctx.state.lots.put(holder.holder_id, lots)
    return _put_points(ctx.state, holder, count(ctx.state, parts, in_lots=1, **totals))


def take_out(ctx: Context, holder: Holder, points: int, **totals: int) -> tuple[Holder, tuple[Part, ...]]:
    """Take spendable points, earliest expiry first, and count them besides as `count` does.

    Raises Rejected with INSUFFICIENT_POINTS.
    """
    lots = lots_of(ctx, holder.holder_id)
    remaining, taken, missing = purse.take(lots, points, lambda lot: purse.is_spendable(lot, ctx.today))
    if missing:
        raise Rejected(
            error_pb2.REASON_INSUFFICIENT_POINTS,
            holder_id=holder.holder_id,
            available=points - missing,
            asked=points,
        )
    return _took(ctx.state, holder, remaining, taken, totals), taken


def take_any(
    ctx: Context, holder: Holder, lots: Iterable[Lot], points: int, allowed: Callable[[Lot], bool], **totals: int
) -> tuple[Holder, tuple[Part, ...], int]:
    """Take up to `points` from allowed lots in the order given, and count them besides as `count` does; the last value
    is what could not be taken."""
    remaining, taken, missing = purse.take(lots, points, allowed)
    return _took(ctx.state, holder, remaining, taken, totals), taken, missing


def _took(
    state: State, holder: Holder, remaining: purse.Lots, taken: tuple[Part, ...], totals: Mapping[str, int]
) -> Holder:
    state.lots.put(holder.holder_id, remaining)
    return _put_points(state, holder, -count(state, taken, in_lots=-1, **totals))


def _put_points(state: State, holder: Holder, change: int) -> Holder:
    holder = holder.with_points(holder.points + change)
    assert holder.points >= 0, "lots never go below zero"
    if holder.points > OUTSTANDING_MAX:
        raise Rejected(error_pb2.REASON_OUTSTANDING_LIMIT, holder_id=holder.holder_id, limit=OUTSTANDING_MAX)
    state.holders.put(holder.holder_id, holder)
    return holder


def count(state: State, parts: Iterable[Part], **totals: int) -> int:
    """Count the points of `parts` in the issuers' totals: `count(state, parts, redeemed=1)` adds, -1 subtracts.

    Returns how many points they are.
    """
    points = 0
    for part in parts:
        points += part.points
        state.totals.put(part.issuer, totals_of(state, part.issuer).plus(part.points, **totals))
    return points


def arrears_of(state: State, holder_id: str, issuer: str) -> int:
    """Points that a holder owes an issuer."""
    for arrear in state.arrears.get(holder_id) or ():
        if arrear.issuer == issuer:
            return arrear.points
    return 0


def change_arrears(state: State, holder_id: str, issuer: str, change: int) -> None:
    """Add to what a holder owes an issuer, or subtract what it repaid."""
    if change == 0:
        return
    owed = {arrear.issuer: arrear.points for arrear in state.arrears.get(holder_id) or ()}
    owed[issuer] = owed.get(issuer, 0) + change
    assert owed[issuer] >= 0, "nobody repays more than is owed"
    state.arrears.put(holder_id, tuple(Arrear(name, points) for name, points in sorted(owed.items()) if points))
    state.totals.put(issuer, totals_of(state, issuer).plus(change, arrears=1))


def use(ctx: Context, what: Usage, who: str, points: int, limit: int) -> None:
    """Count points against a daily limit. Raises Rejected with DAILY_LIMIT."""
    key = (what, who, ctx.today)
    used = (ctx.state.usage.get(key) or 0) + points
    if used > limit:
        raise Rejected(error_pb2.REASON_DAILY_LIMIT, used=used - points, asked=points, limit=limit, day=ctx.today)
    ctx.state.usage.put(key, used)
