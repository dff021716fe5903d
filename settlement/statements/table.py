"""What a table is. Its cells are a statement's own values; a form turns them into text, numbers or formulas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto, unique
from typing import NamedTuple, TypeAlias

Cell: TypeAlias = str | int | bool | datetime | None
Row: TypeAlias = tuple[Cell, ...]


@unique
class Kind(Enum):
    """What a column's cells are."""

    #: Somebody's words: names, reasons, references.
    TEXT = auto()
    #: One of our own words, for which `settlement.statements.words` has what people read.
    CODE = auto()
    #: A number that is no quantity: a sequence.
    NUMBER = auto()
    POINTS = auto()
    MICROS = auto()
    MINOR = auto()
    #: Hundredths of a percent.
    RATE = auto()
    MOMENT = auto()
    TRUTH = auto()


class Column(NamedTuple):
    """A column and what its cells are; `total` says that their sum means something."""

    key: str
    kind: Kind
    total: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns. `group` is the column by which rows stand together, if any."""

    key: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    group: str | None = None

    def values(self, key: str) -> list[Cell]:
        """The cells of one column."""
        place = [column.key for column in self.columns].index(key)
        return [row[place] for row in self.rows]


def sum_of(table: Table, key: str, rows: Iterable[Row] | None = None) -> int:
    """What a column comes to, for all rows or some."""
    place = [column.key for column in table.columns].index(key)
    return sum(_quantities(row[place] for row in (table.rows if rows is None else rows)))


def _quantities(cells: Iterable[Cell]) -> Iterator[int]:
    for cell in cells:
        assert isinstance(cell, int), "only quantities are added up"
        yield cell
