"""Areas over time."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from settlement.console.charts.area import HEIGHT, OTHERS, SERIES_MAX, WIDTH, area_chart, tick_step

START = datetime(2025, 1, 1, tzinfo=UTC)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[datetime], dict[str, list[int]]]:
    """A few names with a value at each of some moments, of which two may be the same."""
    days = sorted(draw(st.lists(st.integers(0, 400), min_size=2, max_size=30)))
    names = draw(st.lists(st.text("abc", min_size=1, max_size=3), min_size=1, max_size=12, unique=True))
    values = st.lists(st.integers(-100, 10**12), min_size=len(days), max_size=len(days))
    return [START + timedelta(days=day) for day in days], {name: draw(values) for name in names}


@given(histories())
def test_areas_are_the_values(history: tuple[list[datetime], dict[str, list[int]]]) -> None:
    """Every name with any value is drawn or counted among the others, inside the drawing, and the axis reaches it."""
    moments, values = history
    chart = area_chart(moments, values)
    assert chart is not None
    assert len(chart.series) <= SERIES_MAX
    shown = {series.name for series in chart.series} - {OTHERS}
    assert shown <= set(values)
    assert sum(series.values[-1] for series in chart.series) == sum(series[-1] for series in values.values())
    top = max(sum(max(0, series.values[place]) for series in chart.series) for place in range(len(moments)))
    assert chart.ticks[-1].value >= top
    assert 2 <= len(chart.ticks) <= 7
    for series in chart.series:
        points = [tuple(map(float, point.split(","))) for point in series.outline.split()]
        assert len(points) == 2 * len(moments)
        assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points)
    ends = [moment.x for moment in chart.moments]
    assert all(after - before >= 68 for before, after in itertools.pairwise(ends)), "no day lies on another"
    labels = [series.label_y for series in chart.series]
    assert labels == sorted(labels, reverse=True)


def test_one_moment_is_no_curve() -> None:
    """A curve needs two moments and somebody to draw."""
    assert area_chart([START], {"grocer": [5]}) is None
    assert area_chart([START, START], {}) is None


@given(st.integers(0, 10**15))
def test_ticks_are_round(most: int) -> None:
    """1, 2 or 5 and noughts, and about five of them."""
    step = tick_step(most)
    assert str(step).rstrip("0") in {"1", "2", "5"}
    assert -(-most // step) <= 5
