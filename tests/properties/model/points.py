"""The kinds that move points."""

from __future__ import annotations

from typing import Any

from coalition.v1 import transaction_pb2 as pb
from coalition.v1.consent_pb2 import CONSENT_PURPOSE_DONATE, CONSENT_PURPOSE_REDEEM, CONSENT_PURPOSE_TRANSFER
from tests.properties.model.books import BUSINESS, FUND, MEMBER, NEVER, Books, Lot, add_days, cut, month_end
from tests.properties.model.consents import burn_consent, check_consent
from tests.properties.model.pledges import gift_reasons, give, grow, shrink
from tests.properties.model.verdict import Answer, Done, Moment, Why, find_holder

#: No issuer has more points outstanding, whatever its terms say.
ALL = 10**15


def expiry(at: Moment, holder: dict[str, Any]) -> str:
    if holder["kind"] == FUND or not at.policy.expiry_months:
        return NEVER
    return month_end(at.today, at.policy.expiry_months)


def issue(books: Books, at: Moment, message: pb.Issue) -> Answer:
    why = Why()
    why.unless(message.points <= at.policy.transaction_points_max, "TRANSACTION_LIMIT")
    terms = books.terms_of(at.author, at.today)
    why.unless(terms is not None, "TERMS_MISSING")
    holder = find_holder(books, why, message.holder_id)
    if holder is None:
        return why
    later = message.available_on if message.available_on > at.today else ""
    why.unless(later <= expiry(at, holder) and later <= add_days(at.today, 366), "DATE_INVALID")
    repaid = min(message.points, books.arrears[message.holder_id, at.author])
    new = message.points - repaid
    if terms is not None:
        limit = min(terms.outstanding_points_max or ALL, ALL)
        outstanding = books.in_lots(at.author) + books.in_holds(at.author)
        why.unless(outstanding + new <= limit, "OUTSTANDING_LIMIT")
    if why:
        return why
    books.arrears[message.holder_id, at.author] -= repaid
    parts = [(at.author, expiry(at, holder), new)] if new else []
    if parts:
        books.add(message.holder_id, parts, at.sequence, at.today, later)
    books.flows[at.author, "issued"] += message.points
    grow(books, message.holder_id, message.points, at)
    return Done(message.holder_id, parts, arrears=repaid)


def redeem(books: Books, at: Moment, message: pb.Redeem) -> Answer:
    why = Why()
    holder = may_debit(books, why, at, message.holder_id, message.points)
    if holder is None:
        return why
    unconsented = ("UNCONSENTED", at.author, at.today)
    signed = message.HasField("consent")
    if signed:
        check_consent(
            books, why, at, message.holder_id, holder, message.consent, CONSENT_PURPOSE_REDEEM, message.points
        )
    else:
        small = holder["kind"] == MEMBER and message.points <= at.policy.unconsented_points_max
        why.unless(small, "CONSENT_REQUIRED")
        used = books.usage[unconsented] + message.points
        why.unless(used <= at.policy.unconsented_points_per_day_max, "DAILY_LIMIT")
    if why:
        return why
    if signed:
        burn_consent(books, at, message.consent)
    else:
        books.usage[unconsented] += message.points
    count_redeemed(books, at, message.holder_id, holder, message.points)
    parts = books.spend(message.holder_id, message.points, at.today)
    books.flow("redeemed", parts)
    return Done(message.holder_id, parts)


def may_debit(books: Books, why: Why, at: Moment, holder_id: str, points: int) -> dict[str, Any] | None:
    """What a redemption and a hold have in common."""
    why.unless(points <= at.policy.transaction_points_max, "TRANSACTION_LIMIT")
    why.unless(books.terms_of(at.author, at.today) is not None, "TERMS_MISSING")
    holder = find_holder(books, why, holder_id)
    if holder is not None:
        why.unless(points <= books.spendable(holder_id, at.today), "INSUFFICIENT_POINTS")
        limit = at.policy.redeem_points_per_day_max
        if limit and holder["kind"] == MEMBER:
            why.unless(books.usage["REDEEMED", holder_id, at.today] + points <= limit, "DAILY_LIMIT")
    return holder


def count_redeemed(books: Books, at: Moment, holder_id: str, holder: dict[str, Any], points: int) -> None:
    if holder["kind"] == MEMBER and at.policy.redeem_points_per_day_max:
        books.usage["REDEEMED", holder_id, at.today] += points


def donate(books: Books, at: Moment, message: pb.Donate) -> Answer:
    why = Why()
    why.unless(message.points <= at.policy.transaction_points_max, "TRANSACTION_LIMIT")
    holder = find_holder(books, why, message.holder_id, MEMBER)
    fund = find_holder(books, why, message.fund_id, FUND)
    signed = message.HasField("consent")
    if holder is not None:
        why.unless(message.points <= books.spendable(message.holder_id, at.today), "INSUFFICIENT_POINTS")
    if signed:
        why.unless(at.author_kind in BUSINESS, "PLEDGE_UNKNOWN")
        offer = books.campaigns.get(message.fund_id)
        runs = offer is None or offer.starts_on <= at.today <= offer.ends_on
        why.unless(runs, "CAMPAIGN_NOT_RUNNING")
        if holder is not None:
            check_consent(
                books,
                why,
                at,
                message.holder_id,
                holder,
                message.consent,
                CONSENT_PURPOSE_DONATE,
                message.points,
                message.fund_id,
            )
    else:
        why |= gift_reasons(books, at, message)
    if why or holder is None or fund is None:
        return why
    if signed:
        burn_consent(books, at, message.consent)
    else:
        give(books, message)
    parts = books.spend(message.holder_id, message.points, at.today)
    forever = [(issuer, NEVER, points) for issuer, _, points in parts]
    books.add(message.fund_id, forever, at.sequence, at.today)
    fund["raised"] += message.points
    return Done(message.holder_id, parts)


def transfer(books: Books, at: Moment, message: pb.Transfer) -> Answer:
    why = Why()
    why.unless(message.points <= at.policy.transaction_points_max, "TRANSACTION_LIMIT")
    why.unless(message.points <= at.policy.transfer_points_max, "TRANSFER_NOT_ALLOWED")
    holder = find_holder(books, why, message.holder_id, MEMBER)
    recipient = find_holder(books, why, message.recipient_id, MEMBER)
    sent = ("TRANSFERRED", message.holder_id, at.today)
    why.unless(books.usage[sent] + message.points <= at.policy.transfer_points_per_day_max, "DAILY_LIMIT")
    if holder is not None:
        why.unless(message.points <= books.spendable(message.holder_id, at.today), "INSUFFICIENT_POINTS")
        check_consent(
            books,
            why,
            at,
            message.holder_id,
            holder,
            message.consent,
            CONSENT_PURPOSE_TRANSFER,
            message.points,
            message.recipient_id,
        )
    if why or holder is None or recipient is None:
        return why
    burn_consent(books, at, message.consent)
    books.usage[sent] += message.points
    parts = books.spend(message.holder_id, message.points, at.today)
    books.add(message.recipient_id, parts, at.sequence, at.today)
    return Done(message.holder_id, parts)


def reverse(books: Books, at: Moment, message: pb.Reverse) -> Answer:
    why = Why()
    original = books.originals.get((at.author, message.original_id))
    if original is None:
        # Which of the two it is, the one who keeps the journal adds.
        return Why({"ORIGINAL_UNKNOWN", "NOT_REVERSIBLE"})
    why.unless(original["reversed"] + message.points <= original["points"], "REVERSAL_EXCEEDS_ORIGINAL")
    holder_id = original["holder"]
    find_holder(books, why, holder_id)
    if why:
        return why
    before = original["reversed"]
    original["reversed"] += message.points
    named = (original["kind"], original["sequence"], original["us"])
    if original["kind"] == pb.TRANSACTION_KIND_ISSUE:
        lots = books.lots_of(holder_id, at.today)
        parts = books.take(holder_id, _of_issue(lots, original, at), message.points)
        books.keep(holder_id, lots)
        missing = message.points - sum(part[2] for part in parts)
        books.arrears[holder_id, at.author] += missing
        books.flows[at.author, "issue_reversed"] += message.points
        shrink(books, holder_id, message.points, original["us"])
        return Done(holder_id, parts, arrears=missing, original=named)
    # From the end of what was consumed towards its beginning.
    left, _ = cut(original["parts"], original["points"] - before)
    _, returned = cut(left, original["points"] - before - message.points)
    soonest = add_days(at.today, at.policy.reversal_grace_days)
    parts = [
        (issuer, expires if expires >= soonest else month_end(soonest, 0), points)
        for issuer, expires, points in returned
    ]
    books.add(holder_id, parts, at.sequence, at.today)
    books.flow("redeem_reversed", parts)
    return Done(holder_id, parts, original=named)


def _of_issue(lots: list[Lot], original: dict[str, Any], at: Moment) -> list[Lot]:
    """The issuer's lots that have not expired: those the issue filled first, of them pending ones, then the longest."""
    filled = original["parts"][0][1] if original["parts"] else None
    mine = [lot for lot in reversed(lots) if lot.issuer == at.author and lot.expires >= at.today]
    return sorted(mine, key=lambda lot: (lot.expires != filled, lot.available == ""))


def expire(books: Books, at: Moment, message: pb.Expire) -> Answer:
    why = Why()
    why.unless(message.through < at.today, "NOT_DUE")
    due = 0
    for holder_id in message.holder_ids:
        find_holder(books, why, holder_id)
        due += sum(lot.points for lot in books.lots.get(holder_id, ()) if lot.expires <= message.through)
    why.unless(due > 0, "NOT_DUE")
    if why:
        return why
    gone: dict[tuple[str, str], int] = {}
    for holder_id in message.holder_ids:
        for lot in books.lots.get(holder_id, ()):
            if lot.expires <= message.through:
                gone[lot.issuer, lot.expires] = gone.get((lot.issuer, lot.expires), 0) + lot.points
                books.flows[lot.issuer, "expired"] += lot.points
                lot.points = 0
        books.keep(holder_id, books.lots.get(holder_id, []))
    return Done(parts=[(issuer, expires, gone[issuer, expires]) for issuer, expires in sorted(gone)])


def adjust(books: Books, at: Moment, message: pb.Adjust) -> Answer:
    why = Why()
    if message.HasField("obligation"):
        why.unless(message.obligation.debtor in books.parties, "PARTY_UNKNOWN")
        why.unless(message.obligation.creditor in books.parties, "PARTY_UNKNOWN")
        return why or Done()
    wanted = message.points
    issuer = books.parties.get(wanted.issuer)
    why.unless(issuer is not None and issuer["kind"] in BUSINESS, "PARTY_UNKNOWN")
    holder = find_holder(books, why, wanted.holder_id)
    lots = [lot for lot in books.lots_of(wanted.holder_id, at.today) if lot.issuer == wanted.issuer]
    why.unless(wanted.points > 0 or sum(lot.points for lot in lots) >= -wanted.points, "INSUFFICIENT_POINTS")
    if why or holder is None:
        return why
    if wanted.points > 0:
        parts = [(wanted.issuer, expiry(at, holder), wanted.points)]
        books.add(wanted.holder_id, parts, at.sequence, at.today)
        books.flow("adjusted", parts)
    else:
        everything = books.lots_of(wanted.holder_id, at.today)
        parts = books.take(wanted.holder_id, [lot for lot in everything if lot.issuer == wanted.issuer], -wanted.points)
        books.keep(wanted.holder_id, everything)
        books.flows[wanted.issuer, "adjusted"] += wanted.points
    return Done(wanted.holder_id, parts)
