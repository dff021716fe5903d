"""What each kind of transaction moves. docs/settlement.md tells the same in words.

A kind that is not listed moves neither money nor points of a party: a hold, for example, until it is captured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from coalition.form.checks import OUTSTANDING_MAX
from coalition.v1 import network_pb2, transaction_pb2
from settlement.clearing.directory import Directory, Network
from settlement.clearing.entry import ClearingError, Entry
from settlement.clearing.movements import Movement, MovementKind
from settlement.clearing.pools import Pools

_ISSUERS: Final = (network_pb2.PARTY_KIND_PARTNER, network_pb2.PARTY_KIND_CHARITY)
_REDEMPTIONS: Final = (transaction_pb2.TRANSACTION_KIND_REDEEM, transaction_pb2.TRANSACTION_KIND_CAPTURE)


def movements_of(entry: Entry, directory: Directory, pools: Pools) -> tuple[Movement, ...]:
    """What an accepted `entry` moves, one movement for each issuer; `pools` change with it.

    Raises ClearingError when it contradicts the journal before it.
    """
    effect = _EFFECTS.get(entry.kind)
    if effect is None or not entry.accepted:
        return ()
    return tuple(effect(entry, directory, pools))


def day_of(entry: Entry, directory: Directory) -> str:
    """The day of the network on which an entry was committed."""
    return _day(directory, entry.committed_us)


def _allocated(entry: Entry, directory: Directory) -> dict[str, int]:
    """Points that the outcome allocated, by issuer."""
    by_issuer: dict[str, int] = {}
    for allocation in entry.outcome.allocations:
        points, issuer = allocation.points, allocation.issuer
        if not 0 < points <= OUTSTANDING_MAX:
            raise ClearingError(entry.sequence, f"an allocation of {points} points.")
        party = directory.parties.get(issuer)
        if party is None or party.kind not in _ISSUERS:
            raise ClearingError(entry.sequence, f"an allocation of points of {issuer}, which issues none.")
        by_issuer[issuer] = by_issuer.get(issuer, 0) + points
    return by_issuer


def _points_by_issuer(entry: Entry, directory: Directory, points: int) -> Mapping[str, int]:
    """What the outcome allocated, which must be the transaction's points."""
    by_issuer = _allocated(entry, directory)
    # Arrears come about by an issue and its reversal only; elsewhere they would make points out of nothing.
    if entry.outcome.arrears_points:
        raise ClearingError(
            entry.sequence, f"{entry.outcome.arrears_points} points of arrears, of which it can have none."
        )
    _require_total(entry, sum(by_issuer.values()), points)
    return by_issuer


def _require_total(entry: Entry, allocated: int, points: int) -> None:
    if allocated != points:
        raise ClearingError(entry.sequence, f"{allocated} points are allocated, but the transaction is about {points}.")


def _network(directory: Directory) -> Network:
    assert directory.network is not None, "the first entry founds the network"
    return directory.network


def _day(directory: Directory, moment_us: int) -> str:
    return _network(directory).calendar.day(moment_us)


def _issue(entry: Entry, directory: Directory, pools: Pools) -> Iterator[Movement]:
    issuer, points = entry.author, entry.transaction.issue.points
    arrears = _require_own_points(entry, directory, points)
    rates = directory.rates(issuer, _day(directory, entry.committed_us), entry.sequence)
    yield Movement(
        MovementKind.ISSUE,
        issuer,
        points=points,
        arrears_points=arrears,
        fee_micros=points * rates.issue_fee,
        # What repays arrears was paid for when it was spent.
        paid_in_micros=pools.put(issuer, points - arrears, rates.prefund),
    )


def _redeem(entry: Entry, directory: Directory, pools: Pools) -> Iterator[Movement]:
    return _accept(entry, entry.transaction.redeem.points, directory, pools)


def _capture(entry: Entry, directory: Directory, pools: Pools) -> Iterator[Movement]:
    return _accept(entry, entry.transaction.capture.points, directory, pools)


def _accept(entry: Entry, points: int, directory: Directory, pools: Pools) -> Iterator[Movement]:
    """Points redeemed with the author. Their issuer pays the price of the day, first out of what it has paid in."""
    acceptor, day = entry.author, _day(directory, entry.committed_us)
    for issuer, redeemed in _points_by_issuer(entry, directory, points).items():
        drawn = pools.take(issuer, redeemed, entry.sequence)
        if issuer == acceptor:
            yield Movement(MovementKind.REDEEM, issuer, acceptor, redeemed, paid_back_micros=drawn, drawn_micros=drawn)
            continue
        price = redeemed * directory.price_of(issuer, day, entry.sequence).price
        reimbursement = redeemed * directory.reimbursement(acceptor, day, entry.sequence)
        rest = max(0, price - drawn)
        direct = min(reimbursement, rest)
        yield Movement(
            MovementKind.REDEEM,
            issuer,
            acceptor,
            redeemed,
            direct_micros=direct,
            topup_micros=reimbursement - direct,
            margin_micros=rest - direct,
            paid_back_micros=max(0, drawn - price),
            drawn_micros=drawn,
        )


def _reverse(entry: Entry, directory: Directory, pools: Pools) -> Iterator[Movement]:
    """What the original moved the other way round, at the rates by which it was cleared."""
    original = entry.outcome.original
    if not 0 < original.sequence < entry.sequence or original.committed_us >= entry.committed_us:
        raise ClearingError(entry.sequence, f"it reverses entry {original.sequence}, which does not come before it.")
    if original.kind == transaction_pb2.TRANSACTION_KIND_ISSUE:
        return _reverse_issue(entry, directory, pools)
    if original.kind in _REDEMPTIONS:
        return _reverse_redemption(entry, directory, pools)
    raise ClearingError(entry.sequence, f"it reverses a transaction of kind {original.kind}.")


def _reverse_issue(entry: Entry, directory: Directory, pools: Pools) -> Iterator[Movement]:
    issuer, points, original = entry.author, entry.transaction.reverse.points, entry.outcome.original
    arrears = _require_own_points(entry, directory, points)
    rates = directory.rates(issuer, _day(directory, original.committed_us), original.sequence)
    drawn = pools.take(issuer, points - arrears, entry.sequence)
    yield Movement(
        MovementKind.ISSUE_REVERSED,
        issuer,
        points=points,
        arrears_points=arrears,
        fee_micros=points * rates.issue_fee,
        paid_back_micros=drawn,
        drawn_micros=drawn,
    )


def _reverse_redemption(entry: Entry, directory: Directory, pools: Pools) -> Iterator[Movement]:
    """The acceptor gives its reimbursement back; of the price, what covers the points again stays with the operator."""
    acceptor, original = entry.author, entry.outcome.original
    day = _day(directory, original.committed_us)
    for issuer, returned in _points_by_issuer(entry, directory, entry.transaction.reverse.points).items():
        rates = directory.price_of(issuer, day, original.sequence)
        paid_in = pools.put_back(issuer, returned, rates.price, rates.prefund)
        if issuer == acceptor:
            yield Movement(
                MovementKind.REDEEM_REVERSED, issuer, acceptor, returned, paid_in_micros=paid_in, drawn_micros=paid_in
            )
            continue
        reimbursement = returned * directory.reimbursement(acceptor, day, original.sequence)
        rest = returned * rates.price - paid_in
        direct = min(reimbursement, rest)
        yield Movement(
            MovementKind.REDEEM_REVERSED,
            issuer,
            acceptor,
            returned,
            direct_micros=direct,
            topup_micros=reimbursement - direct,
            margin_micros=rest - direct,
            drawn_micros=paid_in,
        )


def _expire(entry: Entry, directory: Directory, pools: Pools) -> Iterator[Movement]:
    """Nobody will be paid for these points: breakage is the issuer's, and so is what it paid in for them."""
    for issuer, expired in _allocated(entry, directory).items():
        drawn = pools.take(issuer, expired, entry.sequence)
        yield Movement(MovementKind.EXPIRE, issuer, points=expired, paid_back_micros=drawn, drawn_micros=drawn)


def _donate(entry: Entry, directory: Directory, _pools: Pools) -> Iterator[Movement]:
    donate = entry.transaction.donate
    charity = directory.funds.get(donate.fund_id)
    if charity is None:
        raise ClearingError(entry.sequence, f"the fund {donate.fund_id} was never opened.")
    for issuer, donated in _points_by_issuer(entry, directory, donate.points).items():
        yield Movement(MovementKind.DONATE, issuer, charity, donated)


def _order_pack(entry: Entry, directory: Directory, pools: Pools) -> Iterator[Movement]:
    issuer, packs = entry.author, entry.transaction.order_pack.packs
    rates = directory.rates(issuer, _day(directory, entry.committed_us), entry.sequence)
    if not rates.pack_points:
        raise ClearingError(entry.sequence, f"{issuer} ordered packs, of which its terms know none.")
    points = packs * rates.pack_points
    pools.pay_in(issuer, points, points * rates.price)
    yield Movement(MovementKind.PACK, issuer, points=points, paid_in_micros=points * rates.price)


def _adjust(entry: Entry, directory: Directory, pools: Pools) -> Iterator[Movement]:
    adjust = entry.transaction.adjust
    if adjust.HasField("obligation"):
        owed = adjust.obligation
        yield Movement(MovementKind.OBLIGATION, owed.debtor, owed.creditor, direct_micros=owed.amount_micros)
        return
    points = adjust.points.points
    for issuer, corrected in _points_by_issuer(entry, directory, abs(points)).items():
        if points > 0:
            pools.put_for_nothing(issuer, corrected)
            yield Movement(MovementKind.POINTS_GIVEN, issuer, points=corrected)
        else:
            drawn = pools.take(issuer, corrected, entry.sequence)
            yield Movement(
                MovementKind.POINTS_TAKEN, issuer, points=corrected, paid_back_micros=drawn, drawn_micros=drawn
            )


def _require_own_points(entry: Entry, directory: Directory, points: int) -> int:
    """An issue or its reversal: all points are the author's, in lots or as arrears. Gives those that are arrears."""
    by_issuer, arrears = _allocated(entry, directory), entry.outcome.arrears_points
    strangers = by_issuer.keys() - {entry.author}
    if strangers:
        raise ClearingError(entry.sequence, f"{entry.author} issued points of {', '.join(sorted(strangers))}.")
    if arrears < 0:
        raise ClearingError(entry.sequence, f"{arrears} points of arrears.")
    _require_total(entry, sum(by_issuer.values()) + arrears, points)
    return arrears


_EFFECTS: Final[Mapping[str, Callable[[Entry, Directory, Pools], Iterator[Movement]]]] = {
    "issue": _issue,
    "redeem": _redeem,
    "capture": _capture,
    "reverse": _reverse,
    "expire": _expire,
    "donate": _donate,
    "adjust": _adjust,
    "order_pack": _order_pack,
}

#: Names of the kinds that move money or points of a party.
KINDS_WITH_EFFECT: Final = frozenset(_EFFECTS)
