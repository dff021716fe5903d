"""Windows: the list, one with its charts, and its figures as files."""

from __future__ import annotations

import csv
import io
import json
from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from partner_sdk.settlement import Progress, WindowReport
from settlement.console.amounts import count_text, rounded_text, share_text
from settlement.console.charts.flow import colours_of, gross_flow, net_flow
from settlement.console.charts.heatmap import heat_map
from settlement.console.frame import page, rows_of
from settlement.console.pages.runs import SETTLEABLE, may_decide, runs_of, under_way
from settlement.console.reports import sums_of
from settlement.console.visit import Console, Problem, Visit
from settlement.report.window import COLUMNS, Saving, bilateral, report_json, tables_of

_PAGE_SIZE: Final = 25
_POT: Final = "netting"
_TABLES: Final = (
    ("obligations", "Obligations, gross"),
    ("bilateral", "Netted by pairs"),
    ("positions", "Net positions"),
    ("activity", "Points"),
    ("netting", "Gross against net"),
)


def routes(console: Console) -> list[Route]:
    """Everything below /windows."""
    return [
        page(console, "/windows", show_list),
        page(console, "/windows/{number:int}", show_one),
        page(console, "/windows/{number:int}/report.json", send_json),
        page(console, "/windows/{number:int}/{table}.csv", send_csv),
    ]


def show_list(visit: Visit) -> Response:
    """Every window, newest first."""
    windows = visit.client.windows()[::-1]
    shown, place = rows_of(windows, visit.asked_number("page", 1, len(windows)), _PAGE_SIZE)
    sums = visit.console.reports.sums(shown)
    rows = [
        (window, sum_, share_text(sum_.saved_micros, sum_.gross.amount_micros))
        for window in shown
        for sum_ in (sums[window.number],)
    ]
    most = max((sum_.gross.amount_micros for _, sum_, _ in rows), default=0)
    currency = rows[0][1].currency if rows else ""
    return visit.page(
        "windows.html",
        title="Windows",
        rows=rows,
        place=place,
        most=max(1, most),
        currency=currency,
        last_sequence=last_sequence(visit),
    )


def show_one(visit: Visit) -> Response:
    """One window with everything that it adds up to."""
    report = visit.client.window(visit.number("number"))
    sums, window = sums_of(report), report.window
    gross = gross_flow(report.obligations)
    net = net_flow(report.positions, max(1, gross.total_micros), _POT, colours_of(report.obligations))
    exponent = report.currency_exponent
    return visit.page(
        "window.html",
        title=f"Window {window.number}",
        window=window,
        last_sequence=last_sequence(visit),
        runs=runs_of(visit, window.number),
        may_propose=window.state in SETTLEABLE and may_decide(visit) and under_way(visit) is None,
        currency=report.currency,
        exponent=exponent,
        sums=sums,
        pairs=bilateral(report),
        saved=share_text(sums.saved_micros, sums.gross.amount_micros),
        heat=heat_map(report.obligations),
        gross=gross,
        net=net,
        gross_text=_text(sums.gross, report),
        net_text=_text(sums.net, report),
        obligations=report.obligations,
        bilateral=report.bilateral,
        positions=report.positions,
        activity=report.activity,
        tables=_TABLES,
    )


def _text(saving: Saving, report: WindowReport) -> str:
    amount = rounded_text(saving.amount_micros, report.currency_exponent)
    return f"{amount} {report.currency} in {count_text(saving.payments, 'payment', 'payments')}."


def send_csv(visit: Visit) -> Response:
    """One table of a window as a file, as `coalition settlement report --csv` writes it."""
    number, table = visit.number("number"), visit.text("table")
    if table not in COLUMNS:
        raise Problem("There is no such table.", "Choose one on the window's page.", 404)
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS[table])
    writer.writeheader()
    writer.writerows(tables_of(visit.client.window(number))[table])
    return attachment(text.getvalue().encode(), f"window-{number}-{table}.csv", "text/csv; charset=utf-8")


def send_json(visit: Visit) -> Response:
    """Everything about a window, for machines."""
    number = visit.number("number")
    data = json.dumps(report_json(visit.client.window(number)), indent=2) + "\n"
    return attachment(data.encode(), f"window-{number}.json", "application/json")


def attachment(data: bytes, name: str, media_type: str) -> Response:
    """A file for the disk. Its name is made of plain characters."""
    return Response(data, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def last_sequence(visit: Visit) -> int | None:
    """The last entry that was taken in; None where the service does not say now."""
    return visit.progress.sequence if isinstance(visit.progress, Progress) else None
