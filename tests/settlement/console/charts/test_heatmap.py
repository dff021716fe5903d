"""The table of who owes whom."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from partner_sdk.settlement import Obligation
from settlement.console.charts.heatmap import SHADES, heat_map, shade_of
from tests.settlement.console.charts.obligations import obligations


@given(obligations())
def test_cells_and_totals_are_the_obligations(owed: tuple[Obligation, ...]) -> None:
    """Every obligation stands in its cell, and rows, columns and the whole add up."""
    table = heat_map(owed)
    cells = {(row.debtor, cell.creditor): cell.amount_micros for row in table.rows for cell in row.cells if cell.shade}
    assert cells == {(item.debtor, item.creditor): item.amount_micros for item in owed if item.amount_micros}
    assert [sum(cell.amount_micros for cell in row.cells) for row in table.rows] == [
        row.total_micros for row in table.rows
    ]
    for place in range(len(table.creditors)):
        assert sum(row.cells[place].amount_micros for row in table.rows) == table.totals_micros[place]
    assert sum(table.totals_micros) == table.total_micros == sum(item.amount_micros for item in owed)


@given(obligations())
def test_larger_parties_come_first(owed: tuple[Obligation, ...]) -> None:
    """Rows and columns are in the order of their totals."""
    table = heat_map(owed)
    assert [row.total_micros for row in table.rows] == sorted((row.total_micros for row in table.rows), reverse=True)
    assert list(table.totals_micros) == sorted(table.totals_micros, reverse=True)


@given(st.lists(st.integers(0, 10**15), min_size=1), st.integers(1, 10**15))
def test_shades_follow_amounts(amounts: list[int], spare: int) -> None:
    """More is never paler; nothing has no shade, something always has one, the most has the strongest."""
    most = max(amounts) + spare
    shades = [shade_of(amount, most) for amount in sorted(amounts)]
    assert shades == sorted(shades)
    assert all(0 <= shade <= SHADES for shade in shades)
    assert shade_of(0, most) == 0
    assert shade_of(1, most) >= 1
    assert shade_of(most, most) == SHADES


@given(obligations())
def test_legend_says_where_shades_end(owed: tuple[Obligation, ...]) -> None:
    """Each amount up to a step of the legend has at most its shade."""
    table = heat_map(owed)
    for row in table.rows:
        for cell in row.cells:
            for shade, most in enumerate(table.legend_micros, 1):
                if 0 < cell.amount_micros <= most:
                    assert cell.shade <= shade
