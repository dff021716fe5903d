"""What each kind of transaction adds to its window. docs/finance.md tells the same in words.

A kind that is not listed moves neither money nor points of a party: a hold, for example, until it is captured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from coalition.form.checks import OUTSTANDING_MAX
from coalition.v1 import network_pb2, transaction_pb2
from settlement.clearing.directory import Directory, Network
from settlement.clearing.entry import ClearingError, Entry
from settlement.clearing.rates import Rates, Split
from settlement.clearing.totals import Activity, Sums

_ISSUERS: Final = (network_pb2.PARTY_KIND_PARTNER, network_pb2.PARTY_KIND_CHARITY)


def add_effects(entry: Entry, directory: Directory, sums: Sums) -> None:
    """Add what an accepted `entry` causes to `sums`. Raises ClearingError when it contradicts the journal before it."""
    effect = _EFFECTS.get(entry.kind)
    if effect is not None and entry.accepted:
        effect(entry, directory, sums)


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


def _issue(entry: Entry, directory: Directory, sums: Sums) -> None:
    points = entry.transaction.issue.points
    _require_own_points(entry, directory, points)
    rates = directory.rates(entry.author, _day(directory, entry.committed_us), entry.sequence)
    operator = _network(directory).operator
    sums.owe(entry.author, operator, 0, points * rates.issue_fee)
    _owe_prefund(sums, entry.author, operator, points, rates)
    sums.count(entry.author, Activity(issued_points=points))


def _redeem(entry: Entry, directory: Directory, sums: Sums) -> None:
    _accept(entry, entry.transaction.redeem.points, directory, sums)


def _capture(entry: Entry, directory: Directory, sums: Sums) -> None:
    _accept(entry, entry.transaction.capture.points, directory, sums)


def _accept(entry: Entry, points: int, directory: Directory, sums: Sums) -> None:
    """Points redeemed with the author, which their issuers pay for."""
    acceptor, operator = entry.author, _network(directory).operator
    day = _day(directory, entry.committed_us)
    for issuer, redeemed in _points_by_issuer(entry, directory, points).items():
        _count_redeemed(sums, issuer, acceptor, redeemed)
        if issuer == acceptor:
            _owe_prefund(sums, operator, issuer, redeemed, directory.price_of(issuer, day, entry.sequence))
            continue
        split = _split(directory, issuer, acceptor, day, entry.sequence)
        sums.owe(issuer, acceptor, redeemed, redeemed * split.direct)
        sums.owe(operator, acceptor, redeemed if split.topup else 0, redeemed * split.topup)
        sums.owe(issuer, operator, 0, redeemed * split.margin)


def _reverse(entry: Entry, directory: Directory, sums: Sums) -> None:
    """The obligations of the original the other way round, at the rates by which it was cleared."""
    original = entry.outcome.original
    if not 0 < original.sequence < entry.sequence or original.committed_us >= entry.committed_us:
        raise ClearingError(entry.sequence, f"it reverses entry {original.sequence}, which does not come before it.")
    if original.kind == transaction_pb2.TRANSACTION_KIND_ISSUE:
        _reverse_issue(entry, directory, sums)
    elif original.kind in (transaction_pb2.TRANSACTION_KIND_REDEEM, transaction_pb2.TRANSACTION_KIND_CAPTURE):
        _reverse_redemption(entry, directory, sums)
    else:
        raise ClearingError(entry.sequence, f"it reverses a transaction of kind {original.kind}.")


def _reverse_issue(entry: Entry, directory: Directory, sums: Sums) -> None:
    points, original = entry.transaction.reverse.points, entry.outcome.original
    _require_own_points(entry, directory, points)
    rates = directory.rates(entry.author, _day(directory, original.committed_us), original.sequence)
    operator = _network(directory).operator
    sums.owe(operator, entry.author, 0, points * rates.issue_fee)
    _owe_prefund(sums, operator, entry.author, points, rates)
    sums.count(entry.author, Activity(issued_points=-points))


def _reverse_redemption(entry: Entry, directory: Directory, sums: Sums) -> None:
    acceptor, operator, original = entry.author, _network(directory).operator, entry.outcome.original
    day = _day(directory, original.committed_us)
    for issuer, returned in _points_by_issuer(entry, directory, entry.transaction.reverse.points).items():
        _count_redeemed(sums, issuer, acceptor, -returned)
        if issuer == acceptor:
            _owe_prefund(sums, issuer, operator, returned, directory.price_of(issuer, day, original.sequence))
            continue
        split = _split(directory, issuer, acceptor, day, original.sequence)
        sums.owe(acceptor, issuer, returned, returned * split.direct)
        sums.owe(acceptor, operator, returned if split.topup else 0, returned * split.topup)
        sums.owe(operator, issuer, 0, returned * split.margin)


def _expire(entry: Entry, directory: Directory, sums: Sums) -> None:
    """Nobody will be paid for these points: breakage is the issuer's, and so is what it prefunded of it."""
    operator, day = _network(directory).operator, _day(directory, entry.committed_us)
    for issuer, expired in _allocated(entry, directory).items():
        _owe_prefund(sums, operator, issuer, expired, directory.price_of(issuer, day, entry.sequence))
        sums.count(issuer, Activity(expired_points=expired))


def _donate(entry: Entry, directory: Directory, sums: Sums) -> None:
    donate = entry.transaction.donate
    charity = directory.funds.get(donate.fund_id)
    if charity is None:
        raise ClearingError(entry.sequence, f"the fund {donate.fund_id} was never opened.")
    sums.count(charity, Activity(donated_points=donate.points))


def _adjust(entry: Entry, directory: Directory, sums: Sums) -> None:
    adjust = entry.transaction.adjust
    if adjust.HasField("obligation"):
        correction = adjust.obligation
        sums.owe(correction.debtor, correction.creditor, 0, correction.amount_micros)
    else:
        sums.count(adjust.points.issuer, Activity(adjusted_points=adjust.points.points))


def _require_own_points(entry: Entry, directory: Directory, points: int) -> None:
    """An issue or its reversal: all points are the author's, in lots or as arrears."""
    by_issuer, arrears = _allocated(entry, directory), entry.outcome.arrears_points
    strangers = by_issuer.keys() - {entry.author}
    if strangers:
        raise ClearingError(entry.sequence, f"{entry.author} issued points of {', '.join(sorted(strangers))}.")
    if arrears < 0:
        raise ClearingError(entry.sequence, f"{arrears} points of arrears.")
    _require_total(entry, sum(by_issuer.values()) + arrears, points)


def _owe_prefund(sums: Sums, debtor: str, creditor: str, points: int, rates: Rates) -> None:
    """The prefunded share of these points changes hands again."""
    if rates.prefund:
        sums.owe(debtor, creditor, points, points * rates.prefund)


def _count_redeemed(sums: Sums, issuer: str, acceptor: str, points: int) -> None:
    own = points if issuer == acceptor else 0
    sums.count(acceptor, Activity(accepted_points=points))
    sums.count(issuer, Activity(redeemed_points=points, redeemed_own_points=own))


def _split(directory: Directory, issuer: str, acceptor: str, day: str, sequence: int) -> Split:
    return Split.of(directory.price_of(issuer, day, sequence), directory.reimbursement(acceptor, day, sequence))


_EFFECTS: Final[Mapping[str, Callable[[Entry, Directory, Sums], None]]] = {
    "issue": _issue,
    "redeem": _redeem,
    "capture": _capture,
    "reverse": _reverse,
    "expire": _expire,
    "donate": _donate,
    "adjust": _adjust,
}

#: Names of the kinds that move money or a party's points.
KINDS_WITH_EFFECT: Final = frozenset(_EFFECTS)
