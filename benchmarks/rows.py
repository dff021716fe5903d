"""What a measurement says, and how it is shown."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure should reach, in words, and whether it did."""

    text: str
    met: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One figure beside the ceiling that was measured in the same run, in the same unit: what this machine could do at
    most, or what the figure is held against."""

    name: str
    what: str
    figure: float
    unit: str
    ceiling: float | None = None
    ceiling_name: str = ""
    targets: tuple[Target, ...] = ()
    #: What else a reader should know: how many were under way, what was rejected.
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """The figure as a share of the ceiling; machines are noisy, ratios less so."""
        return self.figure / self.ceiling if self.ceiling else None


def at_least(figure: float, least: float, unit: str) -> Target:
    """For figures of which more is better."""
    return Target(f"≥ {least:,g} {unit}", figure >= least)


def at_most(figure: float, most: float, unit: str) -> Target:
    """For figures of which less is better."""
    return Target(f"≤ {most:,g} {unit}", figure <= most)


def show(rows: Sequence[Row], path: Path, scale: str) -> None:
    """Print the rows as a table, and write them to `path` as JSON with what they were measured on."""
    table = Table("what", "figure", "unit", "ceiling", "of what", "ratio", "target", "met", "note")
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        ceiling = "" if row.ceiling is None else _number(row.ceiling)
        targets = "\n".join(target.text for target in row.targets)
        met = "\n".join("yes" if target.met else "no" for target in row.targets)
        table.add_row(row.what, _number(row.figure), row.unit, ceiling, row.ceiling_name, ratio, targets, met, row.note)
    Console(width=None if Console().is_terminal else 200).print(table)
    path.parent.mkdir(parents=True, exist_ok=True)
    written = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "scale": scale,
        "processors": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.platform(),
        "rows": [{**asdict(row), "ratio": row.ratio} for row in rows],
    }
    path.write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.3g}"
