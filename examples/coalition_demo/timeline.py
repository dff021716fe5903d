"""The run's time: real purchases, gathered by the hour as tills do, and the local days between them."""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from typing import Final
from zoneinfo import ZoneInfo

from coalition_demo.data import FIRST_DAY, TIME_ZONE, Journey, Purchase

US_PER_S: Final = 1_000_000
_ZONE: Final = ZoneInfo(TIME_ZONE)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Slice:
    """What was bought within a few hours of one local day; the tills send it at the last of these purchases."""

    sent_us: int
    purchases: tuple[Purchase, ...]


@dataclass(frozen=True, slots=True)
class Visit:
    """A household bought something at a business."""

    at_us: int
    business: str


@dataclass(frozen=True, slots=True)
class Shopper:
    """What a plan needs to know about a household."""

    household: int
    #: When its account is opened: with the slice of its first purchase, by the business where that was.
    enrolled_us: int
    enrolled_by: str
    #: In time order.
    visits: tuple[Visit, ...]

    @property
    def holder_id(self) -> str:
        """Its account."""
        return holder_id_of(self.household)

    def businesses_until(self, at_us: int) -> tuple[str, ...]:
        """Where it has bought something by then, sorted."""
        known = bisect.bisect_right(self.visits, at_us, key=lambda visit: visit.at_us)
        return tuple(sorted({visit.business for visit in self.visits[:known]}))


def holder_id_of(household: int) -> str:
    """The account of a household."""
    return f"household-{household}"


def card_of(household: int, number: int = 1) -> str:
    """The number on a household's card; a lost card gets the next number."""
    return f"{household:06d}-{number}"


def slices(journey: Journey, slice_hours: int) -> tuple[Slice, ...]:
    """The purchases by local day and hours of it, in time order."""
    gathered: dict[tuple[str, int], list[Purchase]] = {}
    for purchase in journey.purchases:
        gathered.setdefault((purchase.day, purchase.hour // slice_hours), []).append(purchase)
    return tuple(
        Slice(purchases[-1].at_us, tuple(purchases))
        for _, purchases in sorted(gathered.items(), key=lambda item: item[0])
    )


def shoppers(parts: tuple[Slice, ...]) -> Mapping[int, Shopper]:
    """Every household of the data, by its number, in the order of their first purchases."""
    enrolled: dict[int, tuple[int, str]] = {}
    visits: dict[int, list[Visit]] = {}
    for part in parts:
        for purchase in part.purchases:
            if purchase.household not in enrolled:
                enrolled[purchase.household] = (part.sent_us, purchase.business)
                visits[purchase.household] = []
            visits[purchase.household].append(Visit(purchase.at_us, purchase.business))
    return {
        household: Shopper(household, sent_us, business, tuple(visits[household]))
        for household, (sent_us, business) in enrolled.items()
    }


def moment(day: date, hour: int = 0, minute: int = 0) -> int:
    """Microseconds since the Unix epoch of a local time."""
    local = datetime.combine(day, time_of_day(hour, minute), tzinfo=_ZONE)
    return (local - _EPOCH) // timedelta(microseconds=1)


def local_day(at_us: int) -> str:
    """The local day of a moment in microseconds, ISO 8601."""
    return (_EPOCH + timedelta(microseconds=at_us)).astimezone(_ZONE).date().isoformat()


def days(journey: Journey) -> Iterator[date]:
    """The local days of the data, from the network's first to the last with a purchase."""
    last = date.fromisoformat(journey.purchases[-1].day)
    day = FIRST_DAY
    while day <= last:
        yield day
        day += timedelta(days=1)
