"""Tills: accounts opened at first visits, points for purchases, points taken back for goods that came back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from coalition_demo.actions import Batch, Enrol, Issue, TakeBack
from coalition_demo.businesses import BY_ID, CENTS_PER_POINT
from coalition_demo.dice import Dice
from coalition_demo.timeline import Shopper, Slice, card_of, holder_id_of

#: Half the protocol's limit, so that an envelope stays well below its limit in bytes too.
BATCH_MAX: Final = 500


@dataclass(slots=True)
class _Earned:
    """The latest points of a household from a business, and how many of them were not taken back yet."""

    id: str
    points: int
    left: int


class Tills:
    """Turns purchases into what the businesses' tills send."""

    def __init__(self, dice: Dice, households: Mapping[int, Shopper]) -> None:
        self._dice: Final = dice
        self._households: Final = households
        self._earned: Final[dict[tuple[int, str], _Earned]] = {}
        #: Goods that came back to a business that had given the household no points.
        self.returns_without_points = 0

    def enrolments(self, part: Slice) -> Iterator[Batch]:
        """The accounts that are opened with a slice, one batch a business."""
        batches: dict[str, list[Enrol]] = {}
        for household in dict.fromkeys(purchase.household for purchase in part.purchases):
            shopper = self._households[household]
            if shopper.enrolled_us == part.sent_us:
                identifier = self._dice.id(part.sent_us, "enrol", household)
                batches.setdefault(shopper.enrolled_by, []).append(
                    Enrol(identifier, shopper.holder_id, card_of(household))
                )
        for party in sorted(batches):
            yield from _in_parts(part.sent_us, party, batches[party])

    def purchases(self, part: Slice) -> Iterator[Batch]:
        """What the tills send for a slice, one batch a business."""
        batches: dict[str, list[Issue | TakeBack]] = {}
        for purchase in part.purchases:
            key = (purchase.household, purchase.business)
            about = (purchase.basket, purchase.business)
            reference = f"basket {purchase.basket}"
            batch = batches.setdefault(purchase.business, [])
            if purchase.returned_lines:
                taken = self._take_back(key, purchase.at_us, about, reference)
                if taken is not None:
                    batch.append(taken)
            if purchase.cents:
                points = -(-purchase.cents // CENTS_PER_POINT)
                identifier = self._dice.id(purchase.at_us, "issue", *about)
                pending_days = BY_ID[purchase.business].pending_days
                available_on = (
                    (date.fromisoformat(purchase.day) + timedelta(days=pending_days)).isoformat()
                    if pending_days
                    else ""
                )
                batch.append(
                    Issue(identifier, holder_id_of(purchase.household), points, reference, purchase.cents, available_on)
                )
                self._earned[key] = _Earned(identifier, points, points)
        for party in sorted(batches):
            yield from _in_parts(part.sent_us, party, batches[party])

    def _take_back(self, key: tuple[int, str], at_us: int, about: tuple[int, str], reference: str) -> TakeBack | None:
        """The data says that goods came back, not which: a part of the household's latest points there."""
        earned = self._earned.get(key)
        if earned is None or earned.left == 0:
            self.returns_without_points += 1
            return None
        percent = 10 + self._dice.below(61, "returned", *about)
        points = min(earned.left, max(1, earned.points * percent // 100))
        earned.left -= points
        return TakeBack(self._dice.id(at_us, "take back", *about), holder_id_of(key[0]), earned.id, points, reference)


def _in_parts(at_us: int, party: str, transactions: list[Enrol] | list[Issue | TakeBack]) -> Iterator[Batch]:
    for start in range(0, len(transactions), BATCH_MAX):
        yield Batch(at_us, party, tuple(transactions[start : start + BATCH_MAX]))
