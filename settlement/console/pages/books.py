"""What stands behind the points: liability and deferred revenue over time, by expiry and age, and ledgers as files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from partner_sdk.errors import NotFound
from partner_sdk.settlement import Books, CohortBooks, LedgerFormat, Progress, Window
from settlement.console.amounts import day_text, points_text, rounded_text
from settlement.console.charts.area import AreaChart, area_chart
from settlement.console.frame import page
from settlement.console.pages.windows import attachment
from settlement.console.reports import Sums
from settlement.console.visit import NUMBER_MAX, Console, Problem, Visit
from settlement.report.books_files import csv_files, workbook

_PARTY: Final = re.compile(r"[a-z][a-z0-9-]{1,31}")
_FORMATS: Final = {"beancount": "text/plain; charset=utf-8", "csv": "text/csv; charset=utf-8"}
#: The books of a year are made anew after each closing.
_TIMEOUT_S: Final = 300.0
_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, slots=True)
class Row:
    """What is outstanding at the end of a window; now, while it is open."""

    number: int
    closed: bool
    moment: datetime
    #: Points, in the order of the issuers.
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Points that have something in common: when they expire, or how old they are."""

    name: str
    outstanding: int
    expected: int
    value_micros: int
    deferred_micros: int


def routes(console: Console) -> list[Route]:
    """Everything below /books."""
    return [
        page(console, "/books", show),
        page(console, "/books/{window:int}/books.xlsx", send_workbook),
        page(console, "/books/{window:int}/table/{table}.csv", send_table),
        page(console, "/books/{window:int}/ledger/{view}.{kind}", send_ledger),
    ]


def show(visit: Visit) -> Response:
    """The curves, and the books as of the end of a closed window."""
    windows, progress = visit.client.windows(), visit.progress
    came = progress.committed_at if isinstance(progress, Progress) else None
    issuers, rows = outstanding(windows, visit.console.reports.sums(windows), came)
    # The journal began with nothing.
    moments = [windows[0].opened_at, *(row.moment for row in rows)] if windows else []
    values = {name: [0, *(row.values[place] for row in rows)] for place, name in enumerate(issuers)}
    asked = visit.asked_number("window", 0, NUMBER_MAX)
    key = f"books-{asked}"
    job = visit.job(key, "The service is making the books.", lambda _: _books(visit, asked))
    if not job.done:
        return visit.wait_for(job, "Books")
    # The service keeps what it has made, so asking again is quick, and shows what was closed since.
    visit.console.jobs.forget(key)
    books: Books | None = job.result()
    return visit.page(
        "books.html",
        title="Books",
        chart=area_chart(moments, values),
        description=_description(moments, rows),
        issuers=issuers,
        rows=rows[::-1],
        books=books,
        closed=[window for window in windows if window.closed_at][::-1],
        deferred=_deferred_chart(books, windows) if books else None,
        deferred_text=_deferred_text(books) if books else "",
        by_expiry=groups(_cohorts(books), _month) if books else [],
        by_age=groups(_cohorts(books), lambda cohort: f"{cohort.age_months:3}") if books else [],
        value_micros=sum(item.value_of_outstanding_micros for item in books.issuers) if books else 0,
        expected_micros=sum(cohort.expected_value_micros for cohort in _cohorts(books)) if books else 0,
        deferred_micros=sum(item.deferred_micros for item in books.issuers) if books else 0,
    )


def _books(visit: Visit, window: int) -> Books | None:
    """As of a window, or of the last closed one; None before the first was closed."""
    try:
        return visit.client.with_timeout(_TIMEOUT_S).books(window or None)
    except NotFound:
        if window:
            raise
        return None


def outstanding(
    windows: Sequence[Window], sums: dict[int, Sums], now: datetime | None
) -> tuple[tuple[str, ...], tuple[Row, ...]]:
    """Who has points outstanding at some time, the most at the end first, and how many at the end of each window."""
    totals: dict[str, int] = {}
    states: list[tuple[Window, dict[str, int]]] = []
    for window in windows:
        for name, change in sums[window.number].outstanding_change:
            totals[name] = totals.get(name, 0) + change
        states.append((window, dict(totals)))
    names = [name for name in totals if any(state.get(name) for _, state in states)]
    issuers = tuple(sorted(names, key=lambda name: (-totals[name], name)))
    rows = tuple(
        Row(
            number=window.number,
            closed=window.closed_at is not None,
            moment=window.closed_at or max(now or window.opened_at, window.opened_at),
            values=tuple(state.get(name, 0) for name in issuers),
        )
        for window, state in states
    )
    return issuers, rows


def groups(cohorts: Iterable[CohortBooks], name_of: Callable[[CohortBooks], str]) -> list[Group]:
    """Cohorts with points outstanding, added up by what they have in common, in its order."""
    found: dict[str, Group] = {}
    for cohort in cohorts:
        if not (cohort.outstanding_points or cohort.deferral.closing_micros):
            continue
        name = name_of(cohort)
        before = found.get(name, Group(name, 0, 0, 0, 0))
        found[name] = Group(
            name,
            before.outstanding + cohort.outstanding_points,
            before.expected + cohort.expected_points,
            before.value_micros + cohort.value_micros,
            before.deferred_micros + cohort.deferral.closing_micros,
        )
    return [found[name] for name in sorted(found)]


def _month(cohort: CohortBooks) -> str:
    return cohort.expires_on.isoformat()[:7] if cohort.expires_on else "never"


def _cohorts(books: Books) -> list[CohortBooks]:
    return [cohort for issuer in books.issuers for cohort in issuer.cohorts]


def _deferred_chart(books: Books, windows: Sequence[Window]) -> AreaChart | None:
    closed = [window for window in windows if window.closed_at and window.number <= books.window]
    moments = [windows[0].opened_at, *(window.closed_at for window in closed if window.closed_at)]
    values: dict[str, list[int]] = {}
    for issuer in books.issuers:
        by_window = {moved.window: moved.deferral.closing_micros for moved in issuer.movements}
        curve, last = [0], 0
        for window in closed:
            last = by_window.get(window.number, last)
            curve.append(last)
        if any(curve):
            values[issuer.issuer] = curve
    return area_chart(moments, values)


def _deferred_text(books: Books) -> str:
    total = rounded_text(sum(item.deferred_micros for item in books.issuers), books.currency_exponent)
    return f"{total} {books.currency} deferred at the end of window {books.window}."


def _description(moments: Sequence[datetime], rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    most = max(rows, key=lambda row: sum(row.values))
    return (
        f"From {day_text(moments[0])} to {day_text(moments[-1])}: {points_text(sum(rows[-1].values))} points "
        f"outstanding at the end, {points_text(sum(most.values))} at most, at the end of window {most.number}."
    )


def send_workbook(visit: Visit) -> Response:
    """All tables as a workbook whose sums are formulas."""
    found = visit.client.with_timeout(_TIMEOUT_S).books(visit.number("window"))
    return attachment(workbook(found), f"books-{found.window}.xlsx", _XLSX)


def send_table(visit: Visit) -> Response:
    """One table as CSV."""
    found = visit.client.with_timeout(_TIMEOUT_S).books(visit.number("window"))
    name = f"books-{found.window}-{visit.text('table')}.csv"
    data = csv_files(found).get(name)
    if data is None:
        raise Problem("There is no such table.", "Choose one on the page of the books.", 404)
    return attachment(data, name, _FORMATS["csv"])


def send_ledger(visit: Visit) -> Response:
    """Double entry in the view of a party, or of the clearing house."""
    view, kind, window = visit.text("view"), visit.text("kind"), visit.number("window")
    if kind not in _FORMATS or not _PARTY.fullmatch(view):
        raise Problem("There is no such ledger.", "Choose one on the page of the books.", 404)
    party_id = None if view == "clearing" else view.removeprefix("books-")
    data = visit.client.with_timeout(_TIMEOUT_S).ledger(window, party_id=party_id, format=LedgerFormat(kind))
    return attachment(data, f"{view}-{window}.{kind}", _FORMATS[kind])
