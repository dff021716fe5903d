"""Arithmetic on a holder's lots. Pure: tuples in, tuples out, always in the order in which lots are consumed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from network.ledger.records import Lot, Part

Lots = tuple[Lot, ...]


class Sums(NamedTuple):
    """What a holder has on a day, by what it may do with it."""

    available: int
    pending: int
    expired: int


def order(lot: Lot) -> tuple[str, int, str, str]:
    """Earliest expiry first; then the lot that was opened first."""
    return (lot.expires_on, lot.opened, lot.issuer, lot.available_on)


def is_spendable(lot: Lot, today: str) -> bool:
    """Whether the lot's day has come and its last day is not over."""
    return lot.expires_on >= today and lot.available_on <= today


def sums(lots: Lots, today: str) -> Sums:
    """Available, pending and expired points of a day."""
    available = pending = expired = 0
    for lot in lots:
        if lot.expires_on < today:
            expired += lot.points
        elif lot.available_on > today:
            pending += lot.points
        else:
            available += lot.points
    return Sums(available, pending, expired)


def add(lots: Lots, parts: Iterable[Part], *, available_on: str, opened: int) -> Lots:
    """Put points in: into the lot of the same issuer, expiry and availability where there is one."""
    for issuer, expires_on, points in parts:
        for place, lot in enumerate(lots):
            if lot.issuer == issuer and lot.expires_on == expires_on and lot.available_on == available_on:
                # Its place stays the same: points are no part of the order.
                lots = (*lots[:place], lot.with_points(lot.points + points), *lots[place + 1 :])
                break
        else:
            lots = tuple(sorted((*lots, Lot(issuer, expires_on, available_on, opened, points)), key=order))
    return lots


def mature(lots: Lots, today: str) -> Lots:
    """Merge lots whose day has come with those that were available already, so that lots stay few."""
    for lot in lots:
        if lot.available_on and lot.available_on <= today:
            return _merge(lots, today)
    return lots


def _merge(lots: Lots, today: str) -> Lots:
    found: dict[tuple[str, str, str], Lot] = {}
    for lot in lots:
        due = "" if lot.available_on <= today else lot.available_on
        key = (lot.issuer, lot.expires_on, due)
        twin = found.get(key)
        found[key] = (
            Lot(*key, lot.opened, lot.points)
            if twin is None
            else twin._replace(opened=min(twin.opened, lot.opened), points=twin.points + lot.points)
        )
    return tuple(sorted(found.values(), key=order))


def take(lots: Iterable[Lot], points: int, allowed: Callable[[Lot], bool]) -> tuple[Lots, tuple[Part, ...], int]:
    """Take up to `points` from the allowed lots, in the order given.

    Returns what remains (in order of consumption), what was taken, and how many points could not be taken.
    """
    remaining: list[Lot] = []
    taken: list[Part] = []
    for lot in lots:
        if points == 0 or not allowed(lot):
            remaining.append(lot)
            continue
        some = min(points, lot.points)
        points -= some
        taken.append(Part(lot.issuer, lot.expires_on, some))
        if some < lot.points:
            remaining.append(lot.with_points(lot.points - some))
    remaining.sort(key=order)
    return tuple(remaining), tuple(taken), points
