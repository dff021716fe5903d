"""A simulation for people, spreadsheets and machines."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from rich.table import Table

from partner_sdk.settlement import SimulatedPosition, SimulatedWindow, Simulation
from settlement.report.money import micros_text
from settlement.report.tables import rows_table
from settlement.report.window import Rows

_POSITIONS: Final = ("party", "amount", "simulated", "difference")
_MARGIN: Final = ("window", "margin", "simulated", "difference")


def simulation_tables(simulation: Simulation) -> list[Table]:
    """Each window, and all together where they are several; the operator's margin last."""
    title = f"as of entry {simulation.sequence}, {simulation.currency} (negative pays)"
    tables = [
        rows_table(f"Window {window.number}, {title}", _rows(window.positions), _POSITIONS)
        for window in simulation.windows
    ]
    if len(simulation.windows) > 1:
        tables.append(rows_table(f"All together, {title}", _rows(_together(simulation.windows)), _POSITIONS))
    return [*tables, rows_table(f"The operator's margin, {simulation.currency}", _margins(simulation), _MARGIN)]


def simulation_json(simulation: Simulation) -> dict[str, Any]:
    """Everything; money as decimal text in units of the currency."""
    margins = _margins(simulation)
    return {
        "sequence": simulation.sequence,
        "currency": simulation.currency,
        "windows": [
            {
                "window": window.number,
                "positions": _rows(window.positions),
                "margin": {name: margin[name] for name in _MARGIN[1:]},
            }
            for window, margin in zip(simulation.windows, margins, strict=False)
        ],
        "together": {
            "positions": _rows(_together(simulation.windows)),
            "margin": {name: margins[-1][name] for name in _MARGIN[1:]},
        },
    }


def write_simulation_json(simulation: Simulation, path: Path) -> Path:
    """Write everything into one file, replacing an older one. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(simulation_json(simulation), indent=2) + "\n", encoding="utf-8")
    return path


def write_simulation_csv(simulation: Simulation, folder: Path) -> list[Path]:
    """Write `simulation-positions.csv` and `simulation-margin.csv`, replacing older ones. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    positions: Rows = [
        {"window": window.number, **row} for window in simulation.windows for row in _rows(window.positions)
    ]
    return [
        _write(folder / "simulation-positions.csv", ("window", *_POSITIONS), positions),
        _write(folder / "simulation-margin.csv", _MARGIN, _margins(simulation)[: len(simulation.windows)]),
    ]


def _together(windows: Iterable[SimulatedWindow]) -> list[SimulatedPosition]:
    sums: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    for window in windows:
        for position in window.positions:
            sums[position.party_id][0] += position.amount_micros
            sums[position.party_id][1] += position.simulated_micros
    return [SimulatedPosition(party_id, *sums[party_id]) for party_id in sorted(sums)]


def _rows(positions: Iterable[SimulatedPosition]) -> Rows:
    return [
        {
            "party": position.party_id,
            "amount": micros_text(position.amount_micros),
            "simulated": micros_text(position.simulated_micros),
            "difference": micros_text(position.difference_micros),
        }
        for position in positions
    ]


def _margins(simulation: Simulation) -> Rows:
    """Of each window; of several also all together, and of none that they come to nothing."""
    figures = [
        (str(window.number), window.margin_micros, window.simulated_margin_micros) for window in simulation.windows
    ]
    if len(figures) != 1:
        figures.append(("all", sum(before for _, before, _ in figures), sum(after for _, _, after in figures)))
    return [
        {
            "window": name,
            "margin": micros_text(before),
            "simulated": micros_text(after),
            "difference": micros_text(after - before),
        }
        for name, before, after in figures
    ]


def _write(path: Path, columns: tuple[str, ...], rows: Rows) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    return path
