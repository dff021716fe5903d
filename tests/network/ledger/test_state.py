"""Tables remember what changed and find the way back; lots stay few and in order."""

from __future__ import annotations

import pytest

from network.ledger import purse
from network.ledger.records import Lot, Part
from network.ledger.state import Head, NotLoadedError, Reference, State


def working_set() -> State:
    return State(Head(), Reference())


def test_a_working_set_fails_loudly() -> None:
    """What was not loaded does not pass for what does not exist, neither when read nor when written."""
    state = working_set()
    state.aliases.load("card-1", "anna")

    assert state.aliases.get("card-1") == "anna"
    with pytest.raises(NotLoadedError, match="aliases: 'card-2'"):
        state.aliases.get("card-2")
    with pytest.raises(NotLoadedError):
        state.aliases.put("card-2", "bert")


def test_rolling_back_restores_every_table() -> None:
    """In reverse, so that a key that changed twice is what it was first; what was new is gone."""
    state = State(Head(), Reference(), complete=True)
    state.aliases.put("card-1", "anna")
    mark = state.mark()
    state.aliases.put("card-1", "bert")
    state.aliases.put("card-1", None)
    state.totals.put("grocer", None)
    state.aliases.put("card-2", "cleo")

    state.rollback(mark)

    assert state.aliases.get("card-1") == "anna"
    assert state.aliases.get("card-2") is None


def test_changes_are_what_differs_from_what_was_loaded() -> None:
    """What was changed and changed back, or rolled back, is none; settling begins anew."""
    state = working_set()
    for alias in ("same", "moved", "undone"):
        state.aliases.load(alias, "anna")
    state.aliases.put("same", "bert")
    state.aliases.put("same", "anna")
    state.aliases.put("moved", "bert")
    mark = state.mark()
    state.aliases.put("undone", None)
    state.rollback(mark)

    assert state.aliases.changes() == {"moved": ("anna", "bert")}
    state.aliases.settle()
    assert state.aliases.changes() == {}


def lot(issuer: str, expires_on: str, points: int, opened: int = 1, available_on: str = "") -> Lot:
    return Lot(issuer, expires_on, available_on, opened, points)


def test_equal_points_are_one_lot() -> None:
    """Same issuer, expiry and availability; the lot keeps the place that it was opened at."""
    lots = purse.add((lot("grocer", "2024-02-29", 5),), [Part("grocer", "2024-02-29", 7)], available_on="", opened=9)

    assert lots == (lot("grocer", "2024-02-29", 12),)


def test_the_oldest_of_equal_expiry_is_consumed_first() -> None:
    """Not the one whose issuer sorts first."""
    lots = purse.add((lot("grocer", "2024-02-29", 5),), [Part("butcher", "2024-02-29", 5)], available_on="", opened=9)

    remaining, taken, missing = purse.take(lots, 7, lambda _: True)

    assert taken == (Part("grocer", "2024-02-29", 5), Part("butcher", "2024-02-29", 2))
    assert remaining == (lot("butcher", "2024-02-29", 3, opened=9),)
    assert missing == 0


def test_what_matures_joins_its_like() -> None:
    """A pending lot whose day has come becomes one with the available lot, as old as the older of them."""
    lots = (
        lot("grocer", "2024-02-29", 5, opened=3),
        lot("grocer", "2024-02-29", 7, opened=2, available_on="2024-01-15"),
        lot("grocer", "2024-02-29", 9, opened=1, available_on="2024-01-20"),
    )

    assert purse.mature(lots, "2024-01-14") is lots
    assert purse.mature(lots, "2024-01-15") == (
        lot("grocer", "2024-02-29", 9, opened=1, available_on="2024-01-20"),
        lot("grocer", "2024-02-29", 12, opened=2),
    )


def test_sums_tell_what_can_be_done_with_points() -> None:
    """Expired, pending, available: each lot in exactly one of them."""
    lots = (
        lot("grocer", "2024-01-09", 1),
        lot("grocer", "2024-01-10", 2),
        lot("grocer", "2024-02-29", 4, 1, "2024-01-11"),
    )

    assert purse.sums(lots, "2024-01-10") == purse.Sums(available=2, pending=4, expired=1)
