"""Terms and policy in force on a day.

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
    """What a party's terms say about money and points."""

    price: int
    reimbursement: int
    issue_fee: int
    #: The part of the price that is due when a point is issued.
    prefund: int
    #: Points in one pack; 0 where none are sold.
    pack_points: int = 0
    #: With fewer points than this paid for and not yet issued, the issuer is to order again; 0: never.
    reorder_points: int = 0
    #: The most points that may be outstanding; 0: no limit.
    outstanding_max: int = 0
    #: From how many outstanding points on the issuer is warned; 0: never.
    outstanding_alarm: int = 0

    @classmethod
    def of(cls, terms: Terms) -> Rates:
        """The rates in `terms`. A prefunded share is rounded down to a whole micro-unit."""
        return cls(
            price=terms.price_micros,
            reimbursement=terms.reimbursement_micros,
            issue_fee=terms.issue_fee_micros,
            prefund=terms.price_micros * terms.prefunded_bps // _ALL_BPS,
            pack_points=terms.pack_points,
            reorder_points=terms.reorder_points,
            outstanding_max=terms.outstanding_points_max,
            outstanding_alarm=terms.outstanding_points_max * terms.alarm_bps // _ALL_BPS,
        )


#: Points of a party without terms come about by the operator's correction only. The party agreed to no price, so the
#: operator pays for them.
NO_TERMS: Final = Rates(0, 0, 0, 0)


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
