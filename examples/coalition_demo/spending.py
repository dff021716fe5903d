"""Members spend: at the moments at which the data's households handed over coupons, at the pump, and to each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final, TypeAlias

from coalition_demo.actions import Capture, GiveBack, Hold, Redeem, Release, Transfer
from coalition_demo.businesses import FUEL_STATION, GROCER
from coalition_demo.data import Journey
from coalition_demo.dice import Dice
from coalition_demo.timeline import US_PER_S, Shopper, moment

_SUNDAY: Final = 6
_TRANSFERS_PER_SUNDAY: Final = 3
_DAY_US: Final = 86_400 * US_PER_S
#: From the start of a fill to its end.
_FILLING_US: Final = 5 * 60 * US_PER_S
_HOLD_LIFETIME_S: Final = 2 * 3_600
_HOUSEHOLDS_FOR_A_TRANSFER: Final = 2

Pump: TypeAlias = Hold | Capture | Release


def redemptions(journey: Journey, households: Mapping[int, Shopper], dice: Dice) -> Iterator[Redeem | GiveBack]:
    """Who and when is the data's; where and how much is thrown. A few are given back the day after."""
    for use in journey.coupon_uses:
        shopper = households[use.household]
        # At a first visit the account is opened when the slice is sent.
        at_us = max(use.at_us, shopper.enrolled_us)
        party = _acceptor(shopper, use.at_us, dice, use.basket)
        identifier = dice.id(at_us, "redeem", use.basket)
        share = (60 if use.campaign else 30) + dice.below(41, "share", use.basket)
        yield Redeem(at_us, party, identifier, shopper.holder_id, share, f"basket {use.basket}")
        if dice.chance(3, "give back", use.basket):
            later_us = at_us + _DAY_US
            part = dice.choose((50, 100), "give back share", use.basket)
            yield GiveBack(later_us, party, dice.id(later_us, "give back", use.basket), identifier, part)


def _acceptor(shopper: Shopper, at_us: int, dice: Dice, basket: int) -> str:
    """Most points come from the grocer, and most members spend them elsewhere, among the businesses they know."""
    known = shopper.businesses_until(at_us)
    others = tuple(party for party in known if party != GROCER)
    if others and (GROCER not in known or dice.chance(85, "elsewhere", basket)):
        return dice.choose(others, "acceptor", basket)
    return GROCER


def at_the_pump(journey: Journey, households: Mapping[int, Shopper], dice: Dice) -> Iterator[Pump]:
    """The pump holds points before it knows how much will be filled, and captures what was."""
    for purchase in journey.purchases:
        about = (purchase.basket, "pump")
        shopper = households[purchase.household]
        if purchase.business != FUEL_STATION or purchase.at_us <= shopper.enrolled_us or not dice.chance(6, *about):
            continue
        hold_id = dice.id(purchase.at_us, "hold", purchase.basket)
        share = 20 + dice.below(41, "hold share", *about)
        yield Hold(purchase.at_us, FUEL_STATION, hold_id, shopper.holder_id, share, _HOLD_LIFETIME_S)
        done_us = purchase.at_us + _FILLING_US
        what = dice.below(10, "what", *about)
        if what < 8:
            part = 60 + dice.below(41, "captured", *about)
            yield Capture(done_us, FUEL_STATION, dice.id(done_us, "capture", purchase.basket), hold_id, part)
        elif what == 8:
            yield Release(done_us, FUEL_STATION, dice.id(done_us, "release", purchase.basket), hold_id)
        # Else nobody comes back to it: the hold times out, and the hub releases it.


def transfers(days: tuple[date, ...], households: Mapping[int, Shopper], dice: Dice) -> Iterator[Transfer]:
    """On Sunday evenings a few members pass points on to others, at the grocer's desk."""
    for day in days:
        if day.weekday() != _SUNDAY:
            continue
        at_us = moment(day, 20)
        known = [shopper for shopper in households.values() if shopper.enrolled_us < at_us]
        if len(known) < _HOUSEHOLDS_FOR_A_TRANSFER:
            continue
        for number in range(_TRANSFERS_PER_SUNDAY):
            about = (day, number)
            giver = dice.choose(known, "giver", *about)
            receiver = dice.choose([shopper for shopper in known if shopper is not giver], "receiver", *about)
            share = 10 + dice.below(41, "transfer share", *about)
            identifier = dice.id(at_us, "transfer", *about)
            yield Transfer(at_us, GROCER, identifier, giver.holder_id, receiver.holder_id, share)
