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
from partner_sdk.settlement import Books, CohortBooks, LedgerFormat, LiabilityMovement, Window
from settlement.console.amounts import day_text, points_text, rounded_text
from settlement.console.charts.area import area_chart
from settlement.console.frame import page
from settlement.console.pages.windows import attachment
from settlement.console.visit import NUMBER_MAX, Console, Problem, Visit
from settlement.report.books_files import csv_files, workbook

_PARTY: Final = re.compile(r"[a-z][a-z0-9-]{1,31}")
_FORMATS: Final = {"beancount": "text/plain; charset=utf-8", "csv": "text/csv; charset=utf-8"}
#: The books of a year are made anew after each closing.
_TIMEOUT_S: Final = 300.0
_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, slots=True)
class Row:
    """What is outstanding at the end of a window."""

    number: int
    closed_at: datetime
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
    windows = visit.client.windows()
    asked = visit.asked_number("window", 0, NUMBER_MAX)
    key = f"books-{asked}"
    job = visit.job(key, "The service is making the books.", lambda _: _books(visit, asked))
    if not job.done:
        return visit.wait_for(job, "Books")
    # The service keeps what it has made, so asking again is quick, and shows what was closed since.
    visit.console.jobs.forget(key)
    books: Books | None = job.result()
    issuers, rows = outstanding(books, windows) if books else ((), ())
    # The journal began with nothing.
    moments = [windows[0].opened_at, *(row.closed_at for row in rows)] if rows else []
    values = {name: [0, *(row.values[place] for row in rows)] for place, name in enumerate(issuers)}
    return visit.page(
        "books.html",
        title="Books",
        chart=area_chart(moments, values),
        description=_description(moments, rows),
        issuers=issuers,
        rows=rows[::-1],
        books=books,
        closed=[window for window in windows if window.closed_at][::-1],
        deferred=area_chart(moments, _deferred_curves(books, windows)) if books else None,
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


def outstanding(books: Books, windows: Sequence[Window]) -> tuple[tuple[str, ...], tuple[Row, ...]]:
    """Who has points outstanding at some time, the most at the end first, and how many at the end of each window."""
    found = _curves(books, windows, lambda moved: moved.points.closing)
    issuers = tuple(sorted(found, key=lambda name: (-found[name][-1], name)))
    closed = _closed(books, windows)
    rows = tuple(
        Row(number, closed_at, tuple(found[name][place] for name in issuers))
        for place, (number, closed_at) in enumerate(closed)
    )
    return issuers, rows


def _closed(books: Books, windows: Iterable[Window]) -> list[tuple[int, datetime]]:
    """The windows that the books are about, and when each was closed."""
    return [(item.number, item.closed_at) for item in windows if item.closed_at and item.number <= books.window]


def _curves(
    books: Books, windows: Iterable[Window], value_of: Callable[[LiabilityMovement], int]
) -> dict[str, list[int]]:
    """A figure of each issuer at the end of each window, where it is ever other than nothing."""
    closed, found = _closed(books, windows), dict[str, list[int]]()
    for issuer in books.issuers:
        by_window = {moved.window: value_of(moved) for moved in issuer.movements}
        curve, last = list[int](), 0
        for number, _ in closed:
            last = by_window.get(number, last)
            curve.append(last)
        if any(curve):
            found[issuer.issuer] = curve
    return found


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


def _deferred_curves(books: Books, windows: Sequence[Window]) -> dict[str, list[int]]:
    found = _curves(books, windows, lambda moved: moved.deferral.closing_micros)
    return {name: [0, *curve] for name, curve in found.items()}


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
