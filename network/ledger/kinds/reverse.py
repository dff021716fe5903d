"""Undoes an issue or a redemption of the author's, in part or whole, never beyond the original."""

from __future__ import annotations

from coalition.calendar import add_days, end_of_month
from coalition.v1 import error_pb2
from coalition.v1 import transaction_pb2 as pb
from network.ledger.context import Context, Effect, Rejected
from network.ledger.holdings import change_arrears, lots_of, put_in, take_any, totals_of
from network.ledger.kinds.capture import split
from network.ledger.kinds.kind import BUSINESS, Kind
from network.ledger.pledges import unaccrue
from network.ledger.records import Holder, Original, Part
from network.ledger.state import Wanted


def touches(message: pb.Reverse, author: str, transaction_id: bytes, days: tuple[str, ...], wanted: Wanted) -> None:
    wanted.originals.add((author, message.original_id))
    wanted.committed.add((author, message.original_id))
    wanted.totals.add(author)


def apply(ctx: Context, message: pb.Reverse) -> Effect:
    key = (ctx.author.party_id, message.original_id)
    original = ctx.state.originals.get(key)
    if original is None:
        known = ctx.state.committed.get(key) is not None
        reason = error_pb2.REASON_NOT_REVERSIBLE if known else error_pb2.REASON_ORIGINAL_UNKNOWN
        raise Rejected(reason, original_id=message.original_id.hex())
    if original.reversed_points + message.points > original.points:
        raise Rejected(
            error_pb2.REASON_REVERSAL_EXCEEDS_ORIGINAL,
            original=original.points,
            reversed=original.reversed_points,
            asked=message.points,
        )
    holder = ctx.holder(original.holder_id)

    ctx.state.originals.put(key, original._replace(reversed_points=original.reversed_points + message.points))
    if original.kind == pb.TRANSACTION_KIND_ISSUE:
        return _take_back(ctx, holder, original, message.points)
    return _give_back(ctx, holder, original, message.points)


def _take_back(ctx: Context, holder: Holder, original: Original, points: int) -> Effect:
    """Points return to the issuer; what the holder no longer has, spent or expired, becomes arrears."""
    issuer = original.author
    filled = original.parts[0].expires_on if original.parts else ""
    lots = lots_of(ctx, holder.holder_id)
    # First those with the expiry that the issue filled, of them pending ones; then those that expire last.
    ordered = [
        lot
        for _, lot in sorted(
            enumerate(lots), key=lambda item: (item[1].expires_on != filled, not item[1].available_on, -item[0])
        )
    ]
    # What is past its date is gone, swept or not: the outcome must not depend on when the hub swept.
    _, parts, missing = take_any(
        ctx, holder, ordered, points, lambda lot: lot.issuer == issuer and lot.expires_on >= ctx.today
    )
    change_arrears(ctx.state, holder.holder_id, issuer, missing)
    ctx.state.totals.put(issuer, totals_of(ctx.state, issuer).plus(points, issue_reversed=1))
    unaccrue(ctx, holder.holder_id, points, original.committed_us)
    return Effect(holder.holder_id, parts, arrears_points=missing, original=original)


def _give_back(ctx: Context, holder: Holder, original: Original, points: int) -> Effect:
    """Points return to the lots they came from, the last consumed first, with time to spend them."""
    kept = original.points - original.reversed_points - points
    _, after_kept = split(original.parts, kept)
    returned, _ = split(after_kept, points)
    parts = tuple(_with_grace(ctx, part) for part in returned)
    put_in(ctx, holder, parts, redeem_reversed=1)
    return Effect(holder.holder_id, parts, original=original)


def _with_grace(ctx: Context, part: Part) -> Part:
    """Points that have expired since, or are about to, get the policy's grace, to the end of that month."""
    grace = add_days(ctx.today, ctx.policy.reversal_grace_days)
    return part if part.expires_on >= grace else part._replace(expires_on=end_of_month(grace, 0))


KIND = Kind(BUSINESS, touches, apply)
