"""Who owes whom at a glance: a table of debtors by creditors whose cells are darker the more is owed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import isqrt
from typing import Final

from partner_sdk.settlement import Obligation

#: Steps of shading; 0 is nothing owed.
SHADES: Final = 8


@dataclass(frozen=True, slots=True)
class Cell:
    """What one party owes another."""

    creditor: str
    points: int
    amount_micros: int
    #: 1 to SHADES; 0 for nothing.
    shade: int


@dataclass(frozen=True, slots=True)
class Row:
    """What one party owes all others."""

    debtor: str
    cells: tuple[Cell, ...]
    total_micros: int


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Debtors, largest first, by creditors, largest first."""

    creditors: tuple[str, ...]
    rows: tuple[Row, ...]
    #: What each creditor is owed, in the order of `creditors`.
    totals_micros: tuple[int, ...]
    total_micros: int
    #: For each shade from 1 on the most that still has it.
    legend_micros: tuple[int, ...]


def heat_map(obligations: Iterable[Obligation]) -> HeatMap:
    """The table of a window's gross obligations. Each pair may come once."""
    owed = {(item.debtor, item.creditor): item for item in obligations if item.amount_micros}
    most = max((item.amount_micros for item in owed.values()), default=0)
    given: dict[str, int] = {}
    received: dict[str, int] = {}
    for (debtor, creditor), item in owed.items():
        given[debtor] = given.get(debtor, 0) + item.amount_micros
        received[creditor] = received.get(creditor, 0) + item.amount_micros
    creditors = largest_first(received)
    rows = tuple(
        Row(debtor, tuple(_cell(owed.get((debtor, creditor)), creditor, most) for creditor in creditors), given[debtor])
        for debtor in largest_first(given)
    )
    totals = tuple(received[creditor] for creditor in creditors)
    legend = tuple(most * shade * shade // SHADES**2 for shade in range(1, SHADES + 1)) if most else ()
    return HeatMap(creditors, rows, totals, sum(totals), legend)


def shade_of(amount: int, most: int) -> int:
    """The step of an amount from 1 on: by the square root of its share, so that small ones can be told from nothing."""
    return 0 if amount <= 0 else isqrt((SHADES**2 * amount - 1) // most) + 1


def largest_first(amounts: dict[str, int]) -> tuple[str, ...]:
    """Names by their amounts; of equal ones in the order of the alphabet."""
    return tuple(sorted(amounts, key=lambda name: (-amounts[name], name)))


def _cell(item: Obligation | None, creditor: str, most: int) -> Cell:
    if item is None:
        return Cell(creditor, 0, 0, 0)
    return Cell(creditor, item.points, item.amount_micros, shade_of(item.amount_micros, most))
