"""Clearing the journal anew under a supposition."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from settlement.clearing.directory import Directory
from settlement.clearing.effects import day_of, movements_of
from settlement.clearing.entry import Entry
from settlement.clearing.movements import MovementKind
from settlement.clearing.obligations import obligations_of
from settlement.clearing.pools import Pools
from settlement.clearing.totals import Tally, Totals, held_change
from settlement.simulation.supposition import Supposition

_ORDER: Final = "order_pack"


class Fold:
    """Takes in a journal from its first entry, which was cleared before, so that nothing in it is wrong.

    Points move as they did; only what they cost is another. An order of packs moves nothing where the terms that are
    supposed know none: the ledger would have rejected it.
    """

    def __init__(self, supposition: Supposition, windows: Collection[int]) -> None:
        """Adds up `windows`; the others only pass by."""
        self._supposition = supposition
        self._directory = Directory()
        self._pools = Pools({})
        self._tallies = {number: Tally() for number in windows}

    def take(self, entries: Iterable[Entry]) -> None:
        """More entries, which follow. Raises ClearingError."""
        directory = self._directory
        for entry in entries:
            learned = directory.learn(entry)
            if learned is not directory:
                directory = self._supposition.put_into(learned)
            if entry.kind == _ORDER and not self._sells_packs(directory, entry):
                continue
            movements = movements_of(entry, directory, self._pools)
            tally = self._tallies.get(entry.window)
            if tally is not None:
                for movement in movements:
                    tally.move(movement)
        self._directory = directory

    def totals(self) -> Mapping[int, Totals]:
        """What each window comes to, without its flows."""
        return {number: tally.totals() for number, tally in self._tallies.items()}

    def _sells_packs(self, directory: Directory, entry: Entry) -> bool:
        return directory.price_of(entry.author, day_of(entry, directory), entry.sequence).pack_points > 0


def margin_of(totals: Totals, operator: str) -> int:
    """What is the operator's of a window, in micro-units: prices less reimbursements, and fees.

    What it receives less what it owes, without corrections, and less what it holds more than before for points that are
    outstanding.
    """
    margin = 0
    for key, total in totals.sums.items():
        if key.kind == MovementKind.OBLIGATION:
            continue
        for obligation in obligations_of(key, total, operator):
            if obligation.pair.creditor == operator:
                margin += obligation.amount_micros
            if obligation.pair.debtor == operator:
                margin -= obligation.amount_micros
        margin -= held_change(key, total)
    return margin
