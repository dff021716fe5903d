"""Single lines on a page, as a ledger in letters of one width.

A table of ten thousand rows takes the layout ten seconds and more than a gigabyte; the same as text takes a tenth of
both, and whoever has the document read aloud hears it row by row.
"""

from __future__ import annotations

from typing import Any, Final

from partner_sdk.statement import StatementLine
from settlement.statements.layout import Layout
from settlement.statements.words import COLUMNS, NOTES, TITLES, TOTALS, words_of

_REFERENCE_MAX: Final = 24
_GAP: Final = "  "
#: Lines that stand together, so that the eye keeps to its own.
_TOGETHER: Final = 5
#: Letters of DejaVu Sans Mono are so wide, in parts of their size.
_LETTER: Final = 0.6021
_WIDTH_PT: Final = 493.0
_SIZE_MAX_PT: Final = 6.5
_KEYS: Final = ("sequence", "committed_at", "kind", "issuer", "party", "points", "amount", "reference")
_RIGHT: Final = frozenset({"sequence", "points", "amount"})
_NONE: Final = "–"


def shown_lines(lines: tuple[StatementLine, ...], layout: Layout) -> dict[str, Any]:
    """Headline, rows and total for the template."""
    titles = [COLUMNS[key] for key in _KEYS]
    rows = [_cells(line, layout) for line in lines]
    total = ["", TOTALS["lines"], *[""] * 4, _amount(sum(line.amount_micros for line in lines), layout), ""]
    widths = [max(map(len, column)) for column in zip(titles, total, *rows, strict=True)]
    letters = sum(widths) + len(_GAP) * (len(widths) - 1)
    text = [_joined(row, widths) for row in rows]
    return {
        "title": TITLES["lines"],
        "note": NOTES["lines"].format(currency=layout.period.currency),
        "size": min(_SIZE_MAX_PT, _WIDTH_PT / (letters * _LETTER)),
        "headline": _joined(titles, widths),
        "rows": [text[start : start + _TOGETHER] for start in range(0, len(text), _TOGETHER)],
        "total": _joined(total, widths),
    }


def _cells(line: StatementLine, layout: Layout) -> list[str]:
    reference = line.reference
    return [
        str(line.sequence),
        layout.moment(line.committed_at),
        words_of(line.kind),
        line.issuer,
        line.counterparty or _NONE,
        f"{line.points:,}",
        _amount(line.amount_micros, layout),
        reference if len(reference) <= _REFERENCE_MAX else f"{reference[: _REFERENCE_MAX - 1]}…",
    ]


def _amount(micros: int, layout: Layout) -> str:
    return "".join(layout.micros(micros))


def _joined(cells: list[str], widths: list[int]) -> str:
    """One row. Its spaces do not break, so that a row stays in one line."""
    padded = (
        cell.rjust(width) if key in _RIGHT else cell.ljust(width)
        for key, cell, width in zip(_KEYS, cells, widths, strict=True)
    )
    return _GAP.join(padded).rstrip().replace(" ", "\N{NO-BREAK SPACE}")
