"""What is wrong with a file of records: where, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

#: What a message quotes of a cell.
_QUOTED_MAX: Final = 40
_LISTED_MAX: Final = 5


class RecordsError(Exception):
    """A file, or a mapping of it, that cannot be used. The text says what, where and what to do."""


def quoted(text: str) -> str:
    """The beginning of a cell, fit to stand in a message."""
    shown = text[:_QUOTED_MAX] + ("…" if len(text) > _QUOTED_MAX else "")
    return repr(shown)


def bad_cells(column: str, found: Sequence[tuple[int, str]], count: int, wrong: str, remedy: str) -> RecordsError:
    """Cells of one column that cannot be read: (row, text) of the first ones, and how many there are."""
    shown = found[:_LISTED_MAX]
    cells = "; ".join(f"row {row}: {quoted(text)}" for row, text in shown)
    more = f"; and {count - len(shown):,} more" if count > len(shown) else ""
    return RecordsError(f"Column {quoted(column)} {wrong}: {cells}{more}. {remedy}")
