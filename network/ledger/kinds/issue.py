"""New points to a holder. The author is the issuer."""

from __future__ import annotations

from typing import Final

from coalition.calendar import NEVER, add_days, end_of_month
from coalition.form.checks import OUTSTANDING_MAX
from coalition.v1 import error_pb2, network_pb2
from coalition.v1.transaction_pb2 import Issue
from network.ledger.context import Context, Effect, Rejected
from network.ledger.holdings import arrears_of, change_arrears, put_in, totals_of
from network.ledger.kinds.kind import BUSINESS, Kind
from network.ledger.pledges import accrue
from network.ledger.records import Part
from network.ledger.state import Wanted

#: Each availability date is a lot of its own until it comes, and every lot of a holder is loaded with it.
PENDING_DAYS_MAX: Final = 366


def touches(message: Issue, author: str, transaction_id: bytes, days: tuple[str, ...], wanted: Wanted) -> None:
    wanted.holders.add(message.holder_id)
    wanted.totals.add(author)


def apply(ctx: Context, message: Issue) -> Effect:
    holder, points = ctx.holder(message.holder_id), message.points
    ctx.require_within_limit(points)
    expires_on = expiry_of(ctx, holder.kind)
    available_on = message.available_on
    if available_on <= ctx.today:
        available_on = ""
    elif available_on > (latest := min(expires_on, add_days(ctx.today, PENDING_DAYS_MAX))):
        raise Rejected(error_pb2.REASON_DATE_INVALID, available_on=available_on, latest=latest)
    issuer = ctx.author.party_id
    # What repays arrears does not become outstanding.
    repaid = min(points, arrears_of(ctx.state, holder.holder_id, issuer))
    _require_room(ctx, points - repaid)

    change_arrears(ctx.state, holder.holder_id, issuer, -repaid)
    parts = (Part(issuer, expires_on, points - repaid),) if repaid < points else ()
    if parts:
        put_in(ctx, holder, parts, available_on=available_on, issued=1)
    if repaid:
        ctx.state.totals.put(issuer, totals_of(ctx.state, issuer).plus(repaid, issued=1))
    accrue(ctx, holder.holder_id, points)
    return Effect(holder.holder_id, parts, arrears_points=repaid)


def expiry_of(ctx: Context, holder_kind: int) -> str:
    """The end of the month that policy says; a fund's points do not expire."""
    if holder_kind == network_pb2.HOLDER_KIND_FUND or ctx.policy.expiry_months == 0:
        return NEVER
    return end_of_month(ctx.today, ctx.policy.expiry_months)


def _require_room(ctx: Context, points: int) -> None:
    """The issuer has terms, and stays within the most points that they let it have outstanding."""
    terms = ctx.require_terms()
    totals = totals_of(ctx.state, ctx.author.party_id)
    outstanding = totals.in_lots + totals.in_holds
    limit = min(terms.outstanding_points_max or OUTSTANDING_MAX, OUTSTANDING_MAX)
    if outstanding + points > limit:
        raise Rejected(error_pb2.REASON_OUTSTANDING_LIMIT, outstanding=outstanding, asked=points, limit=limit)


KIND = Kind(BUSINESS, touches, apply)
