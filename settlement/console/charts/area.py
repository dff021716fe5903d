"""Figures over time as areas on top of each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

WIDTH: Final = 720
HEIGHT: Final = 320
_LEFT: Final = 84
_RIGHT: Final = 150
_TOP: Final = 16
_BOTTOM: Final = 34
#: More than these are drawn as one.
SERIES_MAX: Final = 7
OTHERS: Final = "all others"
_TICKS: Final = 5
_LABELS_MAX: Final = 7
#: Of a day's text, about.
_LABEL_WIDTH: Final = 68
_LABEL_GAP: Final = 6
_LABEL_HEIGHT: Final = 16


@dataclass(frozen=True, slots=True)
class Series:
    """One name's area."""

    name: str
    #: At each moment, without those below it.
    values: tuple[int, ...]
    #: The outline, as points of an SVG polygon.
    outline: str
    #: Where its label stands, beside its end.
    label_y: float
    colour: int


@dataclass(frozen=True, slots=True)
class Tick:
    """A line across with its value, or a moment below."""

    place: float
    value: int


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment on the axis."""

    x: float
    moment: datetime


@dataclass(frozen=True, slots=True)
class AreaChart:
    """A whole chart. The first series lies lowest."""

    series: tuple[Series, ...]
    ticks: tuple[Tick, ...]
    moments: tuple[Moment, ...]
    label_x: float
    left: float
    right: float
    bottom: float


def area_chart(moments: Sequence[datetime], values: Mapping[str, Sequence[int]]) -> AreaChart | None:
    """The chart of each name's values at the moments, which ascend; None for fewer than two moments.

    Values below zero are drawn as zero: an area cannot be less than nothing.
    """
    if len(moments) < 2 or not values:
        return None
    kept = _largest(values)
    first, last = moments[0], moments[-1]
    span = (last - first).total_seconds() or 1.0
    xs = [_LEFT + (WIDTH - _LEFT - _RIGHT) * (moment - first).total_seconds() / span for moment in moments]
    tops = [sum(max(0, series[place]) for series in kept.values()) for place in range(len(moments))]
    step = tick_step(max(tops))
    ceiling = max(step, -(-max(tops) // step) * step)
    scale = (HEIGHT - _TOP - _BOTTOM) / ceiling
    bottom = HEIGHT - _BOTTOM
    below, drawn, label_limit = [0] * len(moments), [], float(bottom)
    for place, (name, series) in enumerate(kept.items()):
        above = [base + max(0, value) for base, value in zip(below, series, strict=True)]
        upper = [f"{x:.1f},{bottom - value * scale:.1f}" for x, value in zip(xs, above, strict=True)]
        lower = [f"{x:.1f},{bottom - value * scale:.1f}" for x, value in zip(xs, below, strict=True)]
        label_y = min(bottom - (above[-1] + below[-1]) / 2 * scale + 4, label_limit)
        label_limit = label_y - _LABEL_HEIGHT
        drawn.append(Series(name, tuple(series), " ".join([*upper, *reversed(lower)]), round(label_y, 1), place))
        below = above
    ticks = tuple(Tick(round(bottom - value * scale, 1), value) for value in range(0, ceiling + 1, step))
    return AreaChart(
        series=tuple(drawn),
        ticks=ticks,
        moments=_labels(xs, moments),
        label_x=WIDTH - _RIGHT + 10,
        left=_LEFT,
        right=WIDTH - _RIGHT,
        bottom=bottom,
    )


def tick_step(most: int) -> int:
    """A round step (1, 2 or 5 and noughts) that needs about five lines to come to `most`; 1 at least."""
    rough = max(1, -(-most // _TICKS))
    power = int(10 ** (len(str(rough)) - 1))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)


def _largest(values: Mapping[str, Sequence[int]]) -> dict[str, Sequence[int]]:
    """The names with the largest values at any time, largest first; the others together."""
    names = sorted(values, key=lambda name: (-max(values[name]), name))
    names = [name for name in names if any(values[name])]
    kept = names if len(names) <= SERIES_MAX else names[: SERIES_MAX - 1]
    found: dict[str, Sequence[int]] = {name: values[name] for name in kept}
    rest = [values[name] for name in names if name not in found]
    if rest:
        found[OTHERS] = [sum(column) for column in zip(*rest, strict=True)]
    return found


def _labels(xs: Sequence[float], moments: Sequence[datetime]) -> tuple[Moment, ...]:
    """A few of the moments, the last among them, none on top of another.

    The last one's text ends at its place, the others' stand in the middle of theirs.
    """
    chosen = [Moment(round(xs[-1], 1), moments[-1])]
    free = xs[-1] - _LABEL_WIDTH
    for x, moment in zip(reversed(xs[:-1]), reversed(moments[:-1]), strict=True):
        if x + _LABEL_WIDTH / 2 <= free - _LABEL_GAP and len(chosen) < _LABELS_MAX:
            chosen.append(Moment(round(x, 1), moment))
            free = x - _LABEL_WIDTH / 2
    return tuple(reversed(chosen))
