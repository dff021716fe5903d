"""A settlement run for people and machines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from rich.table import Table

from coalition.keys import fingerprint
from partner_sdk.settlement import NetPosition, Run
from settlement.report.money import decimal_text
from settlement.report.tables import moment_text, rows_table
from settlement.report.window import Rows


def runs_table(runs: Iterable[Run]) -> Table:
    """Every run, one line each."""
    rows: Rows = [
        {
            "run": run.run_id,
            "state": run.state.name,
            "windows": _numbers(run),
            "proposed": moment_text(run.events[0].decided_at),
            "decided": moment_text(run.events[-1].decided_at),
        }
        for run in runs
    ]
    return rows_table("Settlement runs", rows, ("run", "state", "windows", "proposed", "decided"))


def run_tables(run: Run, currency: str, exponent: int) -> list[Table]:
    """A run: what every party pays or receives, and who decided what."""
    positions: Rows = [
        {
            "party": position.party_id,
            "payable": decimal_text(position.payable_minor, exponent),
            "settled": _settled(run, position),
        }
        for position in run.positions
    ]
    decisions: Rows = [
        {
            "action": event.action.value,
            "party": event.party_id or "–",
            "state": event.state.name,
            "key": fingerprint(event.public_key),
            "decided": moment_text(event.decided_at),
            "why": event.note or "–",
        }
        for event in run.events
    ]
    heading = f"Run {run.run_id}: {run.state.name}, windows {_numbers(run)}"
    return [
        rows_table(f"{heading}\nPayable, {currency} (negative pays)", positions, ("party", "payable", "settled")),
        rows_table("Decisions", decisions, ("action", "party", "state", "key", "decided", "why")),
    ]


def run_json(run: Run) -> dict[str, Any]:
    """A run for machines: amounts as integers, in the units that their names say; moments in ISO 8601."""
    return {
        "run_id": run.run_id,
        "state": run.state.name,
        "windows": list(run.windows),
        "positions": [asdict(position) for position in run.positions],
        "positions_digest": run.positions_digest.hex(),
        "confirmed": list(run.confirmed),
        "events": [
            {
                "action": event.action.name,
                "state": event.state.name,
                "key": fingerprint(event.public_key),
                "decided_at": event.decided_at.isoformat(),
                "note": event.note,
                "party_id": event.party_id,
            }
            for event in run.events
        ],
    }


def _numbers(run: Run) -> str:
    return ", ".join(map(str, run.windows))


def _settled(run: Run, position: NetPosition) -> str:
    if position.payable_minor == 0:
        return "–"
    return "yes" if position.party_id in run.confirmed else "no"
