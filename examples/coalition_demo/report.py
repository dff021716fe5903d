"""The report of a run: tables on the console, and the same with every digit in files."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from rich.console import Console, RenderableType

from coalition_demo import tables
from coalition_demo.data import Journey
from coalition_demo.figures import WindowFigures
from coalition_demo.run import Results
from coalition_demo.scenario import Plan

_TEXT_WIDTH: Final = 150


def sections(journey: Journey, plan: Plan, results: Results) -> list[RenderableType]:
    """The report, from what went in to what must hold."""
    conclusion = results.conclusion
    return [
        tables.data_table(journey),
        tables.kinds_table(conclusion.census.kinds),
        tables.notes(journey, plan, results.tally),
        tables.party_table(conclusion.parties),
        tables.window_table(conclusion.window_figures),
        tables.school_table(conclusion.schools),
        tables.trial_table(conclusion.trial),
        tables.check_table(conclusion.checks),
        _speed(plan, results),
    ]


def _speed(plan: Plan, results: Results) -> str:
    conclusion = results.conclusion
    return (
        f"{results.replayed_entries:,} transactions in {results.tally.envelopes:,} envelopes were replayed in"
        f" {results.replay_s:.1f} s, {results.replayed_entries / results.replay_s:,.0f} per second;"
        f" {conclusion.size:,} entries in {results.total_s:.1f} s from the first process to the last check,"
        f" {conclusion.size / results.total_s:,.0f} per second.\n"
        f"Final root, the same for every run with seed {plan.seed}: {conclusion.root.hex()}"
    )


def show(console: Console, parts: Sequence[RenderableType]) -> None:
    """Print the report."""
    for part in parts:
        console.print(part)
        console.print()


def write_files(folder: Path, journey: Journey, plan: Plan, results: Results) -> None:
    """Write `report.txt`, `summary.json` and one CSV file for each table into `folder`. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    conclusion = results.conclusion
    with (folder / "report.txt").open("w", encoding="utf-8") as file:
        show(Console(file=file, width=_TEXT_WIDTH), sections(journey, plan, results))
    _write_csv(folder / "data.csv", [asdict(count) for count in journey.line_counts])
    _write_csv(folder / "parties.csv", [asdict(party) for party in conclusion.parties])
    _write_csv(folder / "schools.csv", [asdict(school) for school in conclusion.schools])
    _write_csv(folder / "windows.csv", [_flat(window) for window in conclusion.window_figures])
    _write_csv(folder / "trial-balance.csv", [asdict(totals) for totals in conclusion.trial.issuers])
    _write_csv(
        folder / "kinds.csv",
        [dict(zip(("kind", "accepted", "rejected"), row, strict=True)) for row in conclusion.census.kinds],
    )
    summary = json.dumps(_summary(journey, plan, results), indent=2)
    (folder / "summary.json").write_text(summary + "\n", encoding="utf-8")


def _summary(journey: Journey, plan: Plan, results: Results) -> dict[str, Any]:
    """All figures for machines; what depends on the machine's speed is under `speed` alone."""
    conclusion = results.conclusion
    return {
        "ok": conclusion.ok,
        "weeks": journey.weeks,
        "seed": plan.seed,
        "households": journey.households,
        "baskets": journey.baskets,
        "lines": journey.lines,
        "returns_without_points": plan.returns_without_points,
        "coupons_without_basket": journey.coupons_without_basket,
        "entries": conclusion.size,
        "root": conclusion.root.hex(),
        "kinds": {
            kind: {"accepted": accepted, "rejected": rejected} for kind, accepted, rejected in conclusion.census.kinds
        },
        "rejected": [
            {"kind": kind, "reason": reason, "count": count}
            for (kind, reason), count in sorted(results.tally.rejected.items())
        ],
        "left_out_for_want_of_points": dict(sorted(results.tally.left_out.items())),
        "parties": [asdict(party) for party in conclusion.parties],
        "windows": [asdict(window) for window in conclusion.window_figures],
        "schools": [asdict(school) for school in conclusion.schools],
        "trial_balance": [asdict(totals) for totals in conclusion.trial.issuers],
        "checks": [asdict(check) for check in conclusion.checks],
        "speed": {
            "replayed_entries": results.replayed_entries,
            "replay_s": round(results.replay_s, 3),
            "total_s": round(results.total_s, 3),
            "envelopes": results.tally.envelopes,
        },
    }


def _flat(window: WindowFigures) -> dict[str, Any]:
    """A stage as two columns."""
    row: dict[str, Any] = {}
    for name, value in asdict(window).items():
        if isinstance(value, dict):
            row |= {f"{name}_{part}": figure for part, figure in value.items()}
        else:
            row[name] = value
    return row


def _write_csv(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]) if rows else [])
        writer.writeheader()
        writer.writerows(rows)
