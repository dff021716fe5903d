"""What keeps a network in order: the operator's days, and members' phones and cards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Final, TypeAlias

from coalition_demo.actions import (
    AddKey,
    Batch,
    ChangePolicy,
    CloseAccount,
    CloseWindow,
    CorrectObligation,
    CorrectPoints,
    Enrol,
    OrderPack,
    PublishTerms,
    RemoveKey,
    RotateKeys,
    SetAlias,
    SetStatus,
    Sweep,
)
from coalition_demo.businesses import BUSINESSES, BY_ID, GROCER
from coalition_demo.data import FIRST_DAY
from coalition_demo.dice import Dice
from coalition_demo.timeline import US_PER_S, Shopper, card_of, moment

#: Days between the publication of terms or policy and their effect.
NOTICE_DAYS: Final = 14
TRANSFER_POINTS_MAX: Final = 2_000
_DAY_US: Final = 86_400 * US_PER_S

Member: TypeAlias = AddKey | RemoveKey | SetAlias | CloseAccount | Batch
Operator: TypeAlias = RotateKeys | SetStatus | PublishTerms | ChangePolicy | CorrectPoints | CorrectObligation


def mornings(days: tuple[date, ...], dice: Dice) -> Iterator[Sweep | CloseWindow]:
    """Each day, and the day after the last, begins with a sweep; each month, and the run, ends with its window.

    The sweep comes first, so that what expired with a month belongs to that month's window.
    """
    window = 1
    end = days[-1] + timedelta(days=1)
    for day in (*days[1:], end):
        at_us = moment(day, 0, 5)
        yield Sweep(at_us)
        if day.day == 1 or day == end:
            title = (day - timedelta(days=1)).strftime("%B %Y")
            yield CloseWindow(at_us, dice.id(at_us, "close window", window), window, title)
            window += 1


def packs(days: tuple[date, ...], dice: Dice) -> Iterator[OrderPack]:
    """A business that pays ahead orders a pack on the first day and at the beginning of each month."""
    for business in BUSINESSES:
        if business.pack_points:
            for day in days:
                if day == days[0] or day.day == 1:
                    at_us = moment(day, 6)
                    yield OrderPack(at_us, business.party_id, dice.id(at_us, "pack", business.party_id))


def members(households: Mapping[int, Shopper], dice: Dice) -> Iterator[Member]:
    """New phones, lost cards, and accounts that were opened twice."""
    for household, shopper in households.items():
        start_us, party = shopper.enrolled_us, shopper.enrolled_by
        if dice.chance(4, "new phone", household):
            added_us, removed_us = start_us + 2 * _DAY_US, start_us + 5 * _DAY_US
            yield AddKey(added_us, GROCER, dice.id(added_us, "add key", household), shopper.holder_id)
            yield RemoveKey(removed_us, GROCER, dice.id(removed_us, "remove key", household), shopper.holder_id)
        if dice.chance(4, "lost card", household):
            at_us = start_us + 3 * _DAY_US
            for number, remove in ((1, True), (2, False)):
                identifier = dice.id(at_us, "alias", household, number)
                yield SetAlias(at_us, party, identifier, shopper.holder_id, card_of(household, number), remove)
        if dice.chance(3, "twice", household):
            opened_us, closed_us = start_us + 1 * _DAY_US, start_us + 4 * _DAY_US
            twin = f"{shopper.holder_id}-twin"
            enrol = Enrol(dice.id(opened_us, "twin", household), twin, "")
            yield Batch(opened_us, party, (enrol,))
            yield CloseAccount(closed_us, GROCER, dice.id(closed_us, "close", household), twin)


def operator(households: Mapping[int, Shopper], dice: Dice) -> Iterator[Operator]:
    """Once each, in the first week or so: keys, standing, terms, policy, corrections."""
    notice = timedelta(days=NOTICE_DAYS + 6)

    def at(day: int, hour: int = 8) -> int:
        return moment(FIRST_DAY + timedelta(days=day), hour)

    yield RotateKeys(at(3), "pharmacy", dice.id(at(3), "new key"), dice.id(at(3), "old key"))
    # Both at one moment, so that no purchase falls between them.
    yield SetStatus(at(4, 3), "wine-shop", dice.id(at(4), "suspend"), False, "Till under inspection")
    yield SetStatus(at(4, 3), "wine-shop", dice.id(at(4), "reinstate"), True, "Inspection passed")
    florist = BY_ID["florist"]
    yield PublishTerms(
        at(5),
        florist.party_id,
        dice.id(at(5), "terms"),
        (FIRST_DAY + timedelta(days=5) + notice).isoformat(),
        florist.price_micros - 100,
        florist.reimbursement_micros + 50,
        florist.issue_fee_micros,
    )
    yield ChangePolicy(
        at(6),
        dice.id(at(6), "policy"),
        (FIRST_DAY + timedelta(days=6) + notice).isoformat(),
        TRANSFER_POINTS_MAX * 2,
        TRANSFER_POINTS_MAX * 4,
    )
    first = next(iter(households.values()))
    yield CorrectPoints(
        at(7), dice.id(at(7), "goodwill"), first.holder_id, GROCER, 50, "Goodwill: points promised on a leaflet"
    )
    yield CorrectObligation(
        at(7),
        dice.id(at(7), "leaflet"),
        "florist",
        GROCER,
        12_500_000,
        "Share of the costs of a joint leaflet",
    )
