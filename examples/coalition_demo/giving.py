"""Families give to schools, by pledge and now and then at a till; the schools spend what was raised."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final

from coalition_demo.actions import Donate, Pledge, Redeem, RevokePledge
from coalition_demo.businesses import GENERAL_STORE, GROCER
from coalition_demo.data import Journey
from coalition_demo.dice import Dice
from coalition_demo.schools import ENDS_ON, SCHOOLS, School
from coalition_demo.timeline import US_PER_S, Shopper, moment

_DAY_US: Final = 86_400 * US_PER_S
_FRIDAY: Final = 4
#: Shares of everything earned, in hundredths of a percent.
_PLEDGED_BPS: Final = (500, 1_000, 1_500, 2_000, 2_500)
_PLEDGE_POINTS_MAX: Final = 20_000
#: Where schools buy: food, paper and paint, plasters.
_SUPPLIERS: Final = (GENERAL_STORE, GROCER, "pharmacy")


def _families(journey: Journey, households: Mapping[int, Shopper]) -> Iterator[Shopper]:
    return (shopper for household, shopper in households.items() if household in journey.children)


def _school_of(shopper: Shopper, dice: Dice) -> School:
    return dice.choose(SCHOOLS, "school", shopper.household)


def pledges(journey: Journey, households: Mapping[int, Shopper], dice: Dice) -> Iterator[Pledge | RevokePledge]:
    """Two families of three pledge within three days of joining; a few of them end it some weeks later."""
    for shopper in _families(journey, households):
        household = shopper.household
        if not dice.chance(67, "pledges", household):
            continue
        school = _school_of(shopper, dice)
        at_us = shopper.enrolled_us + (1 + dice.below(3 * 86_400, "pledged after", household)) * US_PER_S
        identifier = dice.id(at_us, "pledge", household)
        share_bps = dice.choose(_PLEDGED_BPS, "pledged share", household)
        yield Pledge(
            at_us,
            school.party_id,
            identifier,
            shopper.holder_id,
            school.fund_id,
            share_bps,
            _PLEDGE_POINTS_MAX,
            ENDS_ON,
        )
        if dice.chance(5, "revokes", household):
            later_us = at_us + (5 + dice.below(56, "revoked after", household)) * _DAY_US
            yield RevokePledge(
                later_us, school.party_id, dice.id(later_us, "revoke", household), shopper.holder_id, identifier
            )


def donations(journey: Journey, households: Mapping[int, Shopper], dice: Dice) -> Iterator[Donate]:
    """Families also give single amounts, at the till at which they are anyway."""
    for shopper in _families(journey, households):
        school = _school_of(shopper, dice)
        for visit in shopper.visits:
            about = (shopper.household, visit.at_us, visit.business)
            if visit.at_us <= shopper.enrolled_us or not dice.chance(2, "donates", *about):
                continue
            share = 10 + dice.below(31, "donated share", *about)
            identifier = dice.id(visit.at_us, "donate", *about)
            yield Donate(visit.at_us, visit.business, identifier, shopper.holder_id, school.fund_id, share)


def school_spending(days: tuple[date, ...]) -> Iterator[tuple[int, School, str, int]]:
    """On Fridays a school buys from a partner, or claims money for its points at the network's rate for causes.

    Gives moment, school, acceptor and share of the fund. A school that is its own acceptor is paid in money when the
    window settles.
    """
    fridays = [day for day in days if day.weekday() == _FRIDAY]
    for week, day in enumerate(fridays):
        for position, school in enumerate(SCHOOLS):
            turn = week + position
            acceptor = school.party_id if turn % 2 else _SUPPLIERS[turn // 2 % len(_SUPPLIERS)]
            yield moment(day, 15), school, acceptor, 40


def spent_by_schools(days: tuple[date, ...], dice: Dice) -> Iterator[Redeem]:
    """The same as redemptions."""
    for at_us, school, acceptor, share in school_spending(days):
        identifier = dice.id(at_us, "school", school.party_id)
        yield Redeem(at_us, acceptor, identifier, school.fund_id, share, school.campaign_id)
