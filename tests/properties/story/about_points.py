"""Transactions that move points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from coalition.v1 import transaction_pb2 as pb
from coalition.v1.consent_pb2 import CONSENT_PURPOSE_DONATE, CONSENT_PURPOSE_TRANSFER
from tests.properties.model.books import BUSINESS, HUB, add_days
from tests.properties.model.pledges import due
from tests.properties.story import cast
from tests.properties.story.documents import consent

if TYPE_CHECKING:
    from tests.properties.story.teller import Teller


def issue(teller: Teller, author: str, identifier: bytes) -> pb.Issue:
    teller.originals.append((author, identifier))
    holder_id = teller.fund() if teller.chance(6) else teller.member()
    today = teller.today
    later = (add_days(today, teller.one_of((0, 1, 1, 2, 20))), add_days(today, -1), add_days(today, 70))
    terms = teller.books.terms_of(author, today)
    limit = teller.books.policy(today).transaction_points_max
    if terms is not None and terms.outstanding_points_max and teller.chance(40):
        room = terms.outstanding_points_max - teller.books.in_lots(author) - teller.books.in_holds(author)
        limit = min(limit, max(1, room))
    points = teller.near(limit) if teller.chance(20) else teller.random.randint(1, min(60, limit))
    owed = teller.books.arrears[holder_id, author]
    return pb.Issue(
        holder_id=holder_id,
        points=teller.near(owed) if owed and teller.chance(50) else points,
        reason="purchase",
        available_on=teller.one_of(later) if teller.chance(20) else "",
    )


def _debit(teller: Teller, holder_id: str) -> int:
    """Points to take from a holder: what it has, or what a limit lets it spend."""
    policy = teller.books.policy(teller.today)
    has = teller.books.spendable(holder_id, teller.today)
    limits = [has, policy.transaction_points_max]
    if policy.redeem_points_per_day_max:
        limits.append(policy.redeem_points_per_day_max - teller.books.usage["REDEEMED", holder_id, teller.today])
    if teller.chance(15):
        return teller.near(teller.one_of(limits))
    return teller.near(min(limits) // teller.one_of((1, 2, 4)))


def _someone(teller: Teller, names: Sequence[str] = (*cast.MEMBERS, *cast.FUNDS)) -> str:
    """Who can spend something, most of the time."""
    able = [name for name in names if teller.books.spendable(name, teller.today)]
    if able and teller.chance(85):
        return teller.one_of(able)
    return teller.fund() if teller.chance(12) else teller.member()


def _with_keys(teller: Teller) -> list[str]:
    return [name for name in cast.MEMBERS if teller.books.holders.get(name, {"keys": []})["keys"]]


def redeem(teller: Teller, author: str, identifier: bytes) -> pb.Redeem:
    teller.originals.append((author, identifier))
    holder_id = _someone(teller)
    policy = teller.books.policy(teller.today)
    if teller.chance(30):
        used = teller.books.usage["UNCONSENTED", author, teller.today]
        limits = (policy.unconsented_points_max, policy.unconsented_points_per_day_max - used)
        if min(limits) > 0 or teller.chance(10):
            wanted = min(*limits, teller.books.spendable(holder_id, teller.today))
            return pb.Redeem(holder_id=holder_id, points=teller.near(wanted if teller.chance(80) else max(limits)))
    points = _debit(teller, holder_id)
    return pb.Redeem(holder_id=holder_id, points=points, consent=consent(teller, author, holder_id, points))


def hold(teller: Teller, author: str, identifier: bytes) -> pb.Hold:
    teller.holds.append((author, identifier))
    holder_id = _someone(teller)
    points = _debit(teller, holder_id)
    longest_us = teller.books.policy(teller.today).hold_lifetime_max_s * 1_000_000
    moment_us = max(teller.now_us, teller.books.committed_us + 1)
    right_us = moment_us + teller.random.randint(1, longest_us)
    return pb.Hold(
        holder_id=holder_id,
        points=points,
        consent=consent(teller, author, holder_id, points),
        expires_us=teller.sometimes_wrong(
            right_us, moment_us, moment_us + 1, moment_us + 4, moment_us + longest_us, moment_us + longest_us + 1
        ),
    )


def _hold_of(teller: Teller, author: str) -> tuple[str, bytes]:
    """A hold of the author, if possible an open one; now and then somebody else's."""
    if teller.ending is not None and teller.ending[0] == author and teller.chance(80):
        return teller.ending
    found = [key for key in teller.holds if key[0] == author]
    open_ones = [key for key, kept in teller.books.holds.items() if key[0] == author and kept["status"] == "OPEN"]
    if teller.chance(4) and teller.holds:
        return teller.one_of(teller.holds)
    if open_ones and teller.chance(80):
        moment_us = max(teller.now_us, teller.books.committed_us + 1)
        alive = [key for key in open_ones if teller.books.holds[key]["expires"] > moment_us]
        return teller.one_of(alive if alive and teller.chance(80) else open_ones)
    return teller.one_of(found or open_ones or [(author, teller.new_id())])


def capture(teller: Teller, author: str, identifier: bytes) -> pb.Capture:
    teller.originals.append((author, identifier))
    key = _hold_of(teller, author)
    held = teller.books.holds.get(key, {"points": 20})["points"]
    return pb.Capture(hold_id=key[1], points=teller.near(held))


def release(teller: Teller, author: str, identifier: bytes) -> pb.Release:
    if author == cast.HUB_ID:
        moment_us = max(teller.now_us, teller.books.committed_us + 1)
        waiting = {key: kept["expires"] for key, kept in teller.books.holds.items() if kept["status"] == "OPEN"}
        over = [key for key, expires_us in waiting.items() if expires_us <= moment_us + 3]
        choices = (over if over and teller.chance(85) else list(waiting)) or list(teller.holds)
        acceptor, hold_id = teller.one_of(choices or [("grocer", identifier)])
    else:
        acceptor, hold_id = _hold_of(teller, author)
    return pb.Release(hold_id=hold_id, acceptor=acceptor)


def reverse(teller: Teller, author: str, identifier: bytes) -> pb.Reverse:
    originals = teller.books.originals
    recent = [key for key in teller.originals if key[0] == author]
    old = [key for key in originals if key[0] == author and originals[key]["reversed"] < originals[key]["points"]]
    choices = recent if recent and teller.chance(60) else old
    if teller.chance(4):
        choices = [(author, envelope.transactions[0].message.transaction_id) for envelope in teller.sent]
    original_id = teller.one_of(choices or [(author, identifier)])[1]
    found = originals.get((author, original_id))
    left = found["points"] - found["reversed"] if found else 20
    return pb.Reverse(original_id=original_id, points=teller.near(left))


def _pledge_gift(teller: Teller) -> pb.Donate:
    """What a pledge has accrued."""
    known = [(holder_id, found) for holder_id, pledges in teller.books.pledges.items() for found in pledges]
    if not known:
        return pb.Donate(holder_id=teller.member(), fund_id=teller.fund(), points=5, pledge_id=teller.new_id())
    ripe = [item for item in known if due(item[1])]
    holder_id, found = teller.one_of(ripe if ripe and teller.chance(80) else known)
    return pb.Donate(
        holder_id=teller.sometimes_wrong(holder_id, *cast.MEMBERS),
        fund_id=teller.sometimes_wrong(found["fund"], *cast.FUNDS),
        points=teller.near(due(found)),
        pledge_id=found["id"],
    )


def donate(teller: Teller, author: str, identifier: bytes) -> pb.Donate:
    by_hub = teller.books.parties.get(author, {"kind": 0})["kind"] == HUB
    if by_hub != teller.chance(3):
        return _pledge_gift(teller)
    holder_id = teller.sometimes_wrong(_someone(teller, _with_keys(teller)), *cast.FUNDS, percent=2)
    fund_id = teller.sometimes_wrong(teller.fund(), *cast.MEMBERS, percent=2)
    points = _debit(teller, holder_id)
    signed = consent(teller, author, holder_id, points, CONSENT_PURPOSE_DONATE, fund_id)
    return pb.Donate(holder_id=holder_id, fund_id=fund_id, points=points, consent=signed)


def transfer(teller: Teller, author: str, identifier: bytes) -> pb.Transfer:
    holder_id = teller.sometimes_wrong(_someone(teller, _with_keys(teller)), *cast.FUNDS, percent=2)
    recipient_id = teller.sometimes_wrong(teller.member(), *cast.FUNDS, percent=2)
    if recipient_id == holder_id:
        recipient_id = teller.one_of([name for name in cast.MEMBERS if name != holder_id])
    policy = teller.books.policy(teller.today)
    sent = teller.books.usage["TRANSFERRED", holder_id, teller.today]
    limits = [policy.transfer_points_max, policy.transfer_points_per_day_max - sent]
    points = min(_debit(teller, holder_id), teller.near(min(limits)) if teller.chance(85) else 10_000)
    signed = consent(teller, author, holder_id, points, CONSENT_PURPOSE_TRANSFER, recipient_id)
    return pb.Transfer(holder_id=holder_id, recipient_id=recipient_id, points=points, consent=signed)


def expire(teller: Teller, author: str, identifier: bytes) -> pb.Expire:
    today = teller.today
    due_ones = [
        holder_id
        for holder_id, lots in teller.books.lots.items()
        if any(lot.expires <= today for lot in lots) and teller.books.holders[holder_id]["open"]
    ]
    others = [teller.member(), teller.fund()] if teller.chance(15) else []
    chosen = [holder_id for holder_id in due_ones if teller.chance(70)] or due_ones[:1]
    chosen += others
    wrong = (today, add_days(today, 1), add_days(today, -20))
    return pb.Expire(
        through=teller.sometimes_wrong(add_days(today, -1), *wrong, percent=12),
        holder_ids=list(dict.fromkeys(chosen or [teller.member()])),
    )


def adjust(teller: Teller, author: str, identifier: bytes) -> pb.Adjust:
    if teller.chance(15):
        amount = pb.ObligationCorrection(debtor="grocer", creditor=teller.one_of(("school", "butcher", "florist")))
        amount.amount_micros = teller.random.randint(1, 1_000)
        return pb.Adjust(reason="counted wrong", obligation=amount)
    holder_id = _someone(teller)
    issuers = [lot.issuer for lot in teller.books.lots.get(holder_id, ())] or teller.of_kind(*BUSINESS)
    issuer = teller.sometimes_wrong(teller.one_of(issuers), *cast.PARTIES, cast.STRANGER)
    has = sum(lot.points for lot in teller.books.lots.get(holder_id, ()) if lot.issuer == issuer)
    points = teller.near(30) if teller.chance(50) else -teller.near(has)
    return pb.Adjust(
        reason="counted wrong", points=pb.PointsCorrection(holder_id=holder_id, issuer=issuer, points=points)
    )
