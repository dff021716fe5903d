"""What a measurement says, and how it is shown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Row:
    """One figure; `ceiling` is what the machine could do at most, in the same unit, 0 where there is none."""

    name: str
    figure: float
    unit: str
    ceiling: float = 0.0
    ceiling_name: str = ""

    @property
    def ratio(self) -> float | None:
        """The figure as a share of the ceiling; machines are noisy, ratios less so."""
        return self.figure / self.ceiling if self.ceiling else None


def show(rows: Sequence[Row], path: Path) -> None:
    """Print the rows as a table and write them to `path` as JSON."""
    table = Table("what", "figure", "unit", "ceiling", "of what", "ratio")
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        ceiling = f"{row.ceiling:,.0f}" if row.ceiling else ""
        table.add_row(row.name, f"{row.figure:,.1f}", row.unit, ceiling, row.ceiling_name, ratio)
    Console().print(table)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([{**asdict(row), "ratio": row.ratio} for row in rows], indent=2) + "\n")
