"""Points outstanding over time, by issuer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from partner_sdk.settlement import Progress, Window
from settlement.console.amounts import day_text, points_text
from settlement.console.charts.area import area_chart
from settlement.console.frame import Console, Visit, page
from settlement.console.reports import Sums

_TITLE: Final = "Liability"


@dataclass(frozen=True, slots=True)
class Row:
    """What is outstanding at the end of a window; now, while it is open."""

    number: int
    closed: bool
    moment: datetime
    #: Points, in the order of the issuers.
    values: tuple[int, ...]


def routes(console: Console) -> list[Route]:
    """The page /liability."""
    return [page(console, "/liability", show)]


def show(visit: Visit) -> Response:
    """The curve, and its table."""
    windows, progress = visit.client.windows(), visit.progress
    sums = visit.console.reports.sums(windows)
    came = progress.committed_at if isinstance(progress, Progress) else None
    now = came or (windows[-1].opened_at if windows else None)
    if now is None:
        return visit.page("liability.html", title=_TITLE, chart=None)
    issuers, rows = outstanding(windows, [sums[window.number] for window in windows], now)
    # The journal began with nothing.
    moments = [windows[0].opened_at, *(row.moment for row in rows)]
    values = {name: [0, *(row.values[place] for row in rows)] for place, name in enumerate(issuers)}
    return visit.page(
        "liability.html",
        title=_TITLE,
        chart=area_chart(moments, values),
        issuers=issuers,
        rows=rows[::-1],
        description=_description(moments, rows),
    )


def outstanding(
    windows: Sequence[Window], sums: Sequence[Sums], now: datetime
) -> tuple[tuple[str, ...], tuple[Row, ...]]:
    """Who has points outstanding at some time, the most at the end first, and how many at the end of each window."""
    totals: dict[str, int] = {}
    states: list[tuple[Window, dict[str, int]]] = []
    for window, sum_ in zip(windows, sums, strict=True):
        for name, change in sum_.outstanding_change:
            totals[name] = totals.get(name, 0) + change
        states.append((window, dict(totals)))
    names = [name for name in totals if any(state.get(name) for _, state in states)]
    issuers = tuple(sorted(names, key=lambda name: (-totals[name], name)))
    rows = tuple(
        Row(
            number=window.number,
            closed=window.closed_at is not None,
            moment=window.closed_at or now,
            values=tuple(state.get(name, 0) for name in issuers),
        )
        for window, state in states
    )
    return issuers, rows


def _description(moments: Sequence[datetime], rows: Sequence[Row]) -> str:
    most = max(rows, key=lambda row: sum(row.values))
    return (
        f"From {day_text(moments[0])} to {day_text(moments[-1])}: {points_text(sum(rows[-1].values))} points "
        f"outstanding at the end, {points_text(sum(most.values))} at most, at the end of window {most.number}."
    )
