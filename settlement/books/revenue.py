"""Deferred revenue by cohort, as IFRS 15 has it for a material right (B39-B43) that is partly not exercised (B44-B47).

- When points are issued with a sale, a part of its price is deferred: price x S / (price + S), where S is what the
  points would sell for: points x value of a point x the part that is expected to be redeemed (74, B42). Points without
  a sale are deferred at S, as a cost. That is final (88): later estimates change when it is recognised, never how much.
- Of what is deferred for a cohort, as much has been recognised as points used over points expected to be used (B46).
  Estimates are renewed at the end of every window, and the difference is caught up at once.
- Donated points take their part along to the cohort that never expires, for good: those that stay are measured by
  themselves from then on, so no later estimate defers again what has left.

All amounts are micro-units, rounded down; what rounding leaves is recognised with a cohort's last points.
"""

from __future__ import annotations

from dataclasses import dataclass

from settlement.books.cohorts import Tally
from settlement.books.estimates import Estimate
from settlement.books.ladder import PPM


@dataclass(frozen=True, slots=True)
class Deferral:
    """How one cohort's, or one issuer's, deferred revenue moved.

    opening + sold + granted - cancelled + received - donated - recognised - breakage = closing. Recognised revenue and
    breakage may be negative, where an estimate was too low.
    """

    opening_micros: int = 0
    #: Out of the prices of sales with which points were issued.
    sold_micros: int = 0
    #: For points without a sale, among them the operator's corrections.
    granted_micros: int = 0
    #: Given back to sales and grants that were reversed.
    cancelled_micros: int = 0
    #: Donations, into the cohort that never expires and out of those that do.
    received_micros: int = 0
    donated_micros: int = 0
    #: For points that were redeemed.
    recognised_micros: int = 0
    #: For points that are not expected to be redeemed, in proportion to those that were.
    breakage_micros: int = 0

    @property
    def closing_micros(self) -> int:
        """What stays deferred."""
        return (
            self.opening_micros
            + self.sold_micros
            + self.granted_micros
            - self.cancelled_micros
            + self.received_micros
            - self.donated_micros
            - self.recognised_micros
            - self.breakage_micros
        )


def selling_price(points: int, value_micros: int, estimate: Estimate | None) -> int:
    """What new points would sell for: S. All of them count where nothing was estimated."""
    expected = PPM if estimate is None else estimate.used_ppm
    return points * value_micros * expected // PPM


def allocated(purchase_micros: int, points_micros: int) -> int:
    """The part of a sale's price that is deferred for points that would sell for `points_micros`."""
    together = purchase_micros + points_micros
    return purchase_micros * points_micros // together if together else 0


class Account:
    """The deferred revenue of one cohort, moved on window by window."""

    def __init__(self) -> None:
        #: What was deferred for the points that are or were the cohort's, without what donations took along.
        self._allocated = 0
        #: Of it, what has been recognised.
        self._released = 0
        self.total = Deferral()

    @property
    def deferred_micros(self) -> int:
        """What is deferred now."""
        return self._allocated - self._released

    def close(
        self, before: Tally, after: Tally, expected_remaining: int, sold: int, granted: int, received: int
    ) -> Deferral:
        """One more window: the cohort before and after it, what is expected to be used still, and what was deferred."""
        opening = self.deferred_micros
        self._allocated += sold + granted + received
        cancelled = self._cancel(before, after)
        redeemed = max(0, after.redeemed - after.redeem_reversed)
        expected = redeemed + expected_remaining
        donated = self._donate(after.donated - before.donated, expected)
        # With nothing expected any more, nothing stays deferred.
        released = self._allocated * redeemed // expected if expected else self._allocated
        # At the share of each point that entered and was not donated: what redemptions are worth if none is left over.
        points = redeemed + max(0, after.outstanding) + after.expired
        recognised = self._allocated * redeemed // points if points else 0
        moved = Deferral(
            opening_micros=opening,
            sold_micros=sold,
            granted_micros=granted,
            cancelled_micros=cancelled,
            received_micros=received,
            donated_micros=donated,
            recognised_micros=recognised - self.total.recognised_micros,
            breakage_micros=released - self._released - (recognised - self.total.recognised_micros),
        )
        self._released = released
        assert moved.closing_micros == self.deferred_micros, "what moved is the difference"
        self.total = together(self.total, moved, opening_micros=0)
        return moved

    def _cancel(self, before: Tally, after: Tally) -> int:
        """Give back the part of points that were taken back: of those that had entered, new ones among them, and had
        not been donated."""
        gone = after.issue_reversed - before.issue_reversed + after.taken - before.taken
        entered = after.entered + gone - before.donated
        if gone == 0 or entered <= 0:
            return 0
        cancelled = self._allocated * min(gone, entered) // entered
        self._allocated -= cancelled
        return cancelled

    def _donate(self, points: int, expected: int) -> int:
        """Take along the part of donated points: theirs of all that are used or expected to be, `expected` others."""
        if points == 0:
            return 0
        donated = self._allocated * points // (points + expected)
        self._allocated -= donated
        return donated


def together(*parts: Deferral, opening_micros: int) -> Deferral:
    """Several movements as one that begins with `opening_micros`."""
    return Deferral(
        opening_micros=opening_micros,
        sold_micros=sum(part.sold_micros for part in parts),
        granted_micros=sum(part.granted_micros for part in parts),
        cancelled_micros=sum(part.cancelled_micros for part in parts),
        received_micros=sum(part.received_micros for part in parts),
        donated_micros=sum(part.donated_micros for part in parts),
        recognised_micros=sum(part.recognised_micros for part in parts),
        breakage_micros=sum(part.breakage_micros for part in parts),
    )
