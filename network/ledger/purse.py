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
    found = {(lot.issuer, lot.expires_on, lot.available_on): lot for lot in lots}
    for part in parts:
        key = (part.issuer, part.expires_on, available_on)
        lot = found.get(key)
        if lot is None:
            found[key] = Lot(*key, opened, part.points)
        else:
            found[key] = lot._replace(points=lot.points + part.points)
    return tuple(sorted(found.values(), key=order))


def mature(lots: Lots, today: str) -> Lots:
    """Merge lots whose day has come with those that were available already, so that lots stay few."""
    if not any(lot.available_on and lot.available_on <= today for lot in lots):
        return lots
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
            remaining.append(lot._replace(points=lot.points - some))
    remaining.sort(key=order)
    return tuple(remaining), tuple(taken), points
