"""Reports as tables in a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from rich.console import Console, ConsoleRenderable
from rich.table import Table

from partner_sdk.settlement import Window, WindowReport
from settlement.report.window import COLUMNS, Rows, tables_of

_FILE_WIDTH: Final = 160
#: Columns of words; all others are figures.
_WORDS: Final = frozenset(
    {
        *("party", "debtor", "creditor", "stage", "state", "action", "key", "why", "run"),
        *("opened", "closed", "proposed", "decided", "committed", "kind", "issuer", "counterparty"),
        *(
            "payer",
            "payee",
            "method",
            "reference",
            "id",
            "booked",
            "holder",
            "account",
            "bank",
            "country",
            "since",
            "check",
            "result",
            "found",
        ),
        *("closing", "payments_due"),
        *("expires", "origin", "as_of_month", "note"),
        *("dispute", "raiser", "respondent", "due", "what", "is", "when", "by"),
        *("severity", "since", "ended", "text"),
        *("reconciliation", "windows", "recorded", "file"),
    }
)
_TITLES: Final = {
    "obligations": "Obligations, {currency}",
    "bilateral": "Netted by pairs, {currency}",
    "positions": "Net positions, {currency} (negative pays)",
    "activity": "Points",
    "netting": "Gross against net, {currency}",
}


def show(renderables: Iterable[ConsoleRenderable], *, err: bool = False) -> None:
    """Print one after the other, to standard error with `err`."""
    console = Console(highlight=False, markup=False, stderr=err)
    # Piped into a file there is no terminal whose width would cut a table.
    if not console.is_terminal:
        console = Console(highlight=False, markup=False, stderr=err, width=_FILE_WIDTH)
    for renderable in renderables:
        console.print(renderable)


def moment_text(moment: datetime | None) -> str:
    """`2017-01-31 23:59:59 UTC`; a dash for never."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if moment else "–"


def rows_table(title: str, rows: Rows, columns: Sequence[str]) -> Table:
    """A table of rows; figures to the right, with thousands set off."""
    # A title is cut into lines of its table's width, and ids must stay in one piece.
    width = max(map(len, title.splitlines()))
    table = Table(title=title, title_justify="left", title_style="bold", min_width=width)
    for column in columns:
        table.add_column(column.replace("_", " "), justify="left" if column in _WORDS else "right")
    for row in rows:
        table.add_row(*(_cell(row[column]) for column in columns))
    if not rows:
        table.add_row("none")
    return table


def window_tables(report: WindowReport) -> list[Table]:
    """Everything about one window."""
    window = report.window
    last = "…" if window.last_sequence is None else str(window.last_sequence)
    heading = f"Window {window.number}: {window.state.name}, entries {window.first_sequence} to {last}"
    titles = {name: title.format(currency=report.currency) for name, title in _TITLES.items()}
    titles["obligations"] = f"{heading}\n{titles['obligations']}"
    return [rows_table(titles[name], rows, COLUMNS[name]) for name, rows in tables_of(report).items()]


def windows_table(windows: Iterable[Window]) -> Table:
    """Every window and its state."""
    rows: Rows = [
        {
            "window": window.number,
            "state": window.state.name,
            "first_entry": str(window.first_sequence),
            "last_entry": str(window.last_sequence or "–"),
            "opened": moment_text(window.opened_at),
            "closed": moment_text(window.closed_at),
        }
        for window in windows
    ]
    return rows_table("Windows", rows, ("window", "state", "first_entry", "last_entry", "opened", "closed"))


def _cell(value: str | int) -> str:
    return f"{value:,}" if isinstance(value, int) else value
