"""The first page: what waits for somebody, and how the open window stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from partner_sdk.errors import NotFound
from partner_sdk.settlement import Run, RunState, Schedule, Window, WindowState
from settlement.console.amounts import count_text, day_text
from settlement.console.frame import page
from settlement.console.pages.runs import SETTLEABLE, under_way
from settlement.console.visit import Console, Visit

_NEXT_STEP: Final = {
    RunState.PROPOSED: ("A run waits to be approved", "by another person than who proposed it"),
    RunState.APPROVED: ("A run is approved", "release its payments"),
    RunState.INSTRUCTED: ("Payments are released", "confirm them as they come"),
    RunState.SETTLING: ("A run is being settled", "confirm the payments that are missing"),
}


@dataclass(frozen=True, slots=True)
class Task:
    """Something that waits, and where to do it."""

    path: str
    text: str
    detail: str


def routes(console: Console) -> list[Route]:
    """The overview."""
    return [page(console, "/", show)]


def show(visit: Visit) -> Response:
    """What waits, and the open window."""
    windows = visit.client.windows()
    opened = next((window for window in windows if window.state is WindowState.OPEN), None)
    sums = visit.console.reports.sums([opened])[opened.number] if opened else None
    plan = _schedule(visit)
    return visit.page(
        "overview.html",
        title="Overview",
        tasks=tasks(windows, under_way(visit), plan),
        open=opened,
        sums=sums,
        schedule=plan,
    )


def _schedule(visit: Visit) -> Schedule | None:
    """None where the operator has set none."""
    try:
        return visit.client.schedule(closings=1)
    except NotFound:
        return None


def tasks(windows: Sequence[Window], run: Run | None, plan: Schedule | None = None) -> list[Task]:
    """What waits for somebody, the most urgent first."""
    found: list[Task] = []
    if run is not None:
        text, detail = _NEXT_STEP[run.state]
        numbers = ", ".join(f"window {number}" for number in run.windows)
        found.append(Task(f"/runs/{run.run_id}", text, f"{detail}; {numbers}"))
    waiting = [window for window in windows if window.state in SETTLEABLE]
    if waiting:
        verb = "waits" if len(waiting) == 1 else "wait"
        text = f"{count_text(len(waiting), 'closed window', 'closed windows')} {verb} to be settled"
        since = f"the oldest since {day_text(waiting[0].closed_at)}"
        due = [item.payments_due_on for item in plan.unsettled] if plan else []
        if due:
            since += f"; payments are due on {day_text(min(due))}"
        found.append(Task("/runs/propose" if run is None else "/windows", text, since))
    return found
