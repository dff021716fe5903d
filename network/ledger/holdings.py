"""Moves of points that several kinds share. Each keeps lots, stored balances and issuers' totals in step."""

from __future__ import annotations

from collections.abc import Callable, Iterable

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


def put_in(ctx: Context, holder: Holder, parts: Iterable[Part], *, available_on: str = "") -> Holder:
    """Add points to a holder's lots. Raises Rejected with OUTSTANDING_LIMIT beyond what can be counted."""
    state = ctx.state
    parts = tuple(parts)
    lots = purse.add(lots_of(ctx, holder.holder_id), parts, available_on=available_on, opened=ctx.sequence)
    state.lots.put(holder.holder_id, lots)
    points = 0
    for part in parts:
        points += part.points
        totals = totals_of(state, part.issuer)
        state.totals.put(part.issuer, totals._replace(in_lots=totals.in_lots + part.points))
    return _put_points(state, holder, points)


def take_out(ctx: Context, holder: Holder, points: int) -> tuple[Holder, tuple[Part, ...]]:
    """Take spendable points, earliest expiry first. Raises Rejected with INSUFFICIENT_POINTS."""
    lots = lots_of(ctx, holder.holder_id)
    remaining, taken, missing = purse.take(lots, points, lambda lot: purse.is_spendable(lot, ctx.today))
    if missing:
        raise Rejected(
            error_pb2.REASON_INSUFFICIENT_POINTS,
            holder_id=holder.holder_id,
            available=points - missing,
            asked=points,
        )
    return _took(ctx.state, holder, remaining, taken), taken


def take_any(
    ctx: Context, holder: Holder, lots: Iterable[Lot], points: int, allowed: Callable[[Lot], bool]
) -> tuple[Holder, tuple[Part, ...], int]:
    """Take up to `points` from allowed lots in the order given; the last value is what could not be taken."""
    remaining, taken, missing = purse.take(lots, points, allowed)
    return _took(ctx.state, holder, remaining, taken), taken, missing


def _took(state: State, holder: Holder, remaining: purse.Lots, taken: tuple[Part, ...]) -> Holder:
    state.lots.put(holder.holder_id, remaining)
    points = 0
    for part in taken:
        points += part.points
        totals = totals_of(state, part.issuer)
        state.totals.put(part.issuer, totals._replace(in_lots=totals.in_lots - part.points))
    return _put_points(state, holder, -points)


def _put_points(state: State, holder: Holder, change: int) -> Holder:
    holder = holder._replace(points=holder.points + change)
    assert holder.points >= 0, "lots never go below zero"
    if holder.points > OUTSTANDING_MAX:
        raise Rejected(error_pb2.REASON_OUTSTANDING_LIMIT, holder_id=holder.holder_id, limit=OUTSTANDING_MAX)
    state.holders.put(holder.holder_id, holder)
    return holder


def count(state: State, parts: Iterable[Part], **fields: int) -> None:
    """Count the points of `parts` in the issuers' totals: `count(state, parts, redeemed=1)` adds, -1 subtracts."""
    for part in parts:
        totals = totals_of(state, part.issuer)
        changed = {name: getattr(totals, name) + sign * part.points for name, sign in fields.items()}
        state.totals.put(part.issuer, totals._replace(**changed))


def arrears_of(state: State, holder_id: str, issuer: str) -> int:
    """Points that a holder owes an issuer."""
    return next((arrear.points for arrear in state.arrears.get(holder_id) or () if arrear.issuer == issuer), 0)


def change_arrears(state: State, holder_id: str, issuer: str, change: int) -> None:
    """Add to what a holder owes an issuer, or subtract what it repaid."""
    if change == 0:
        return
    owed = {arrear.issuer: arrear.points for arrear in state.arrears.get(holder_id) or ()}
    owed[issuer] = owed.get(issuer, 0) + change
    assert owed[issuer] >= 0, "nobody repays more than is owed"
    state.arrears.put(holder_id, tuple(Arrear(name, points) for name, points in sorted(owed.items()) if points))
    totals = totals_of(state, issuer)
    state.totals.put(issuer, totals._replace(arrears=totals.arrears + change))


def use(ctx: Context, what: Usage, who: str, points: int, limit: int) -> None:
    """Count points against a daily limit. Raises Rejected with DAILY_LIMIT."""
    key = (what, who, ctx.today)
    used = (ctx.state.usage.get(key) or 0) + points
    if used > limit:
        raise Rejected(error_pb2.REASON_DAILY_LIMIT, used=used - points, asked=points, limit=limit, day=ctx.today)
    ctx.state.usage.put(key, used)
