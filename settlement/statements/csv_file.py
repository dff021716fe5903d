"""A statement as CSV: all tables in one, whose first column says which a row is of, so that it can be filtered.

UTF-8 with a byte order mark and RFC 4180 line ends, which is what spreadsheets open right away. Amounts are exact
decimal text in units of the currency, with a point and without thousands; moments are ISO 8601 in UTC. A text that a
spreadsheet would take for a formula has an apostrophe before it.
"""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import Final

from partner_sdk.statement import Statement, decimal_of
from settlement.report.cells import inert
from settlement.statements.table import Cell, Column, Kind
from settlement.statements.tables import tables_of

_BYTE_ORDER_MARK: Final = "\N{ZERO WIDTH NO-BREAK SPACE}"
_MICRO_DIGITS: Final = 6
_RATE_DIGITS: Final = 4


def csv_file(statement: Statement) -> bytes:
    """The file. Its first rows, of the table `statement`, say whose statement it is."""
    digits = statement.figures.period.currency_exponent
    tables = tables_of(statement)
    names = ["table", "item", "value"]
    names += [column.key for table in tables for column in table.columns]
    header = list(dict.fromkeys(names))
    file = io.StringIO(_BYTE_ORDER_MARK, newline="")
    file.seek(0, io.SEEK_END)
    writer = csv.DictWriter(file, header, restval="")
    writer.writeheader()
    for item, value in facts_of(statement).items():
        writer.writerow({"table": "statement", "item": item, "value": value})
    for table in tables:
        for row in table.rows:
            cells = {column.key: _cell(column, cell, digits) for column, cell in zip(table.columns, row, strict=True)}
            writer.writerow({"table": table.key, **cells})
    return file.getvalue().encode()


def facts_of(statement: Statement) -> dict[str, str]:
    """Whose statement of what it is, by name."""
    figures, period = statement.figures, statement.figures.period
    return {
        "statement_id": figures.statement_id,
        "digest": figures.digest.hex(),
        "network_id": period.network_id,
        "operator_id": period.operator_id,
        "operator_name": inert(period.operator_name),
        "party_id": period.party_id,
        "party_name": inert(period.party_name),
        "party_kind": period.party_kind.value,
        "window": str(period.window),
        "window_state": period.window_state.value,
        "first_sequence": str(period.first_sequence),
        "last_sequence": str(period.last_sequence),
        "opened_at": _moment(period.opened_at),
        "closed_at": "" if period.closed_at is None else _moment(period.closed_at),
        "made_at": _moment(statement.made_at),
        "currency": period.currency,
        "net": decimal_of(figures.net_micros, _MICRO_DIGITS),
        "payable": decimal_of(figures.settlement.payable_minor, period.currency_exponent),
        "due_on": "" if figures.settlement.due_on is None else figures.settlement.due_on.isoformat(),
        "run_id": figures.settlement.run_id or "",
        "tax_note": inert(figures.tax_note),
        "log_size": str(figures.log_size),
        "log_root": figures.log_root.hex(),
    }


def _cell(column: Column, value: Cell, digits: int) -> str:
    if value is None:
        return ""
    match column.kind:
        case Kind.MICROS:
            assert isinstance(value, int)
            return decimal_of(value, _MICRO_DIGITS)
        case Kind.MINOR:
            assert isinstance(value, int)
            return decimal_of(value, digits)
        case Kind.RATE:
            assert isinstance(value, int)
            return decimal_of(value, _RATE_DIGITS)
        case Kind.TRUTH:
            return "true" if value else "false"
        case Kind.MOMENT:
            assert isinstance(value, datetime)
            return _moment(value)
        case Kind.TEXT:
            return inert(str(value))
        case _:
            return str(value)


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
