"""Terms and policy in force on a day, and how the price of one point is shared out.

All rates are integer micro-units (millionths) of the settlement currency per point.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from coalition.v1.network_pb2 import Terms

_ALL_BPS: Final = 10_000

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Rates:
    """What a party's terms say about money."""

    price: int
    reimbursement: int
    issue_fee: int
    #: The part of the price that is due when a point is issued.
    prefund: int

    @classmethod
    def of(cls, terms: Terms) -> Rates:
        """The rates in `terms`. A prefunded share is rounded down to a whole micro-unit."""
        prefund = terms.price_micros * terms.prefunded_bps // _ALL_BPS
        return cls(terms.price_micros, terms.reimbursement_micros, terms.issue_fee_micros, prefund)


#: Points of a party without terms come about by the operator's correction only. The party agreed to no price, so the
#: operator pays for them.
NO_TERMS: Final = Rates(0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Split:
    """Who pays whom, per point, when it is redeemed elsewhere than at its issuer."""

    #: Issuer to acceptor.
    direct: int
    #: Operator to acceptor, out of what issuers prefunded.
    topup: int
    #: Issuer to operator: what the issuer still owes beyond the reimbursement.
    margin: int

    @classmethod
    def of(cls, issuer: Rates, reimbursement: int) -> Split:
        """Share the issuer's price so that the acceptor receives `reimbursement`, the issuer first."""
        owed = issuer.price - issuer.prefund
        direct = min(reimbursement, owed)
        return cls(direct, reimbursement - direct, owed - direct)


@dataclass(frozen=True, slots=True)
class Version(Generic[R]):
    """A rule, the first day on which it holds, and the entry that published it."""

    effective_on: str
    sequence: int
    rule: R


@dataclass(frozen=True, slots=True)
class History(Generic[R]):
    """Every version of a rule, ordered by day of effect and then by publication."""

    versions: tuple[Version[R], ...] = ()

    def publish(self, version: Version[R]) -> History[R]:
        """The history with one more version."""
        versions = sorted((*self.versions, version), key=lambda item: (item.effective_on, item.sequence))
        return History(tuple(versions))

    def in_force(self, day: str, sequence: int) -> R | None:
        """The rule that holds on `day` for the entry at `sequence`, or None.

        What was published after that entry does not count, even where it took effect on the same day: a reversal must
        find the rates by which its original was cleared.
        """
        for version in reversed(self.versions):
            if version.effective_on <= day and version.sequence < sequence:
                return version.rule
        return None
