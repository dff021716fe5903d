"""A settlement run for people and machines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from rich.table import Table

from coalition.keys import fingerprint
from partner_sdk.settlement import CarriedAmount, Checklist, Instruction, Run
from settlement.report.money import decimal_text, micros_text
from settlement.report.tables import moment_text, rows_table
from settlement.report.window import Rows


def runs_table(runs: Iterable[Run]) -> Table:
    """Every run, one line each."""
    rows: Rows = [
        {
            "run": run.run_id,
            "state": run.state.name,
            "method": run.method.value,
            "windows": _numbers(run),
            "proposed": moment_text(run.events[0].decided_at),
            "decided": moment_text(run.events[-1].decided_at),
        }
        for run in runs
    ]
    return rows_table("Settlement runs", rows, ("run", "state", "method", "windows", "proposed", "decided"))


def run_tables(run: Run) -> list[Table]:
    """A run: what every party pays or receives, by which payments, what is carried, and who decided what."""
    positions: Rows = [
        {
            "party": position.party_id,
            "amount": micros_text(position.amount_micros),
            "carried_in": micros_text(position.carried_in_micros),
            "payable": decimal_text(position.payable_minor, run.currency_exponent),
            "carried_out": micros_text(position.carried_out_micros),
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
    heading = f"Run {run.run_id}: {run.state.name}, {run.method.value}, windows {_numbers(run)}"
    tables = [
        rows_table(
            f"{heading}\nPositions, {run.currency} (negative pays)",
            positions,
            ("party", "amount", "carried_in", "payable", "carried_out"),
        ),
        instructions_table(run),
    ]
    if run.carried_in:
        tables.append(_carried_table(f"Carried in, {run.currency}", run.carried_in))
    if run.carried_out:
        tables.append(_carried_table(f"Carried into the next run, {run.currency}", run.carried_out))
    return [*tables, rows_table("Decisions", decisions, ("action", "party", "state", "key", "decided", "why"))]


def instructions_table(run: Run) -> Table:
    """The payments of a run and how each stands."""
    rows: Rows = [
        {
            "number": str(item.number),
            "payer": item.payer,
            "payee": item.payee,
            "amount": decimal_text(item.amount_minor, run.currency_exponent),
            "paid": decimal_text(item.paid_minor, run.currency_exponent),
            "state": item.state.name,
            "reference": item.reference,
        }
        for item in run.instructions
    ]
    columns = ("number", "payer", "payee", "amount", "paid", "state", "reference")
    return rows_table(f"Payments, {run.currency}", rows, columns)


def checklist_table(checklist: Checklist) -> Table:
    """What must hold before a run is approved, and what was found."""
    rows: Rows = [
        {
            "check": item.title,
            "result": "…" if item.pending else "ok" if item.passed else "WRONG" if item.blocking else "look",
            "found": item.found,
        }
        for item in checklist.items
    ]
    return rows_table(f"Checklist, {moment_text(checklist.checked_at)}", rows, ("result", "check", "found"))


def checklist_json(checklist: Checklist) -> dict[str, Any]:
    """A checklist for machines."""
    return {
        "passed": checklist.passed,
        "pending": checklist.pending,
        "checked_at": checklist.checked_at.isoformat(),
        "items": [asdict(item) for item in checklist.items],
    }


def run_json(run: Run) -> dict[str, Any]:
    """A run for machines: amounts as integers, in the units that their names say; moments in ISO 8601."""
    return {
        "run_id": run.run_id,
        "number": run.number,
        "state": run.state.name,
        "windows": list(run.windows),
        "method": run.method.name,
        "currency": run.currency,
        "currency_exponent": run.currency_exponent,
        "positions": [asdict(position) for position in run.positions],
        "instructions": [_instruction_json(item) for item in run.instructions],
        "carried_in": _carried_json(run.carried_in),
        "rounding": _carried_json(run.rounding),
        "carried_out": _carried_json(run.carried_out),
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


def _instruction_json(item: Instruction) -> dict[str, Any]:
    return {
        "number": item.number,
        "payer": item.payer,
        "payee": item.payee,
        "amount_minor": item.amount_minor,
        "reference": item.reference,
        "state": item.state.name,
        "paid_minor": item.paid_minor,
        "carried_minor": item.carried_minor,
        "payer_account": item.payer_account.hex(),
        "payee_account": item.payee_account.hex(),
    }


def _carried_json(items: Iterable[CarriedAmount]) -> list[dict[str, Any]]:
    return [
        {
            "debtor": item.debtor,
            "creditor": item.creditor,
            "amount_micros": item.amount_micros,
            "reason": item.reason.name,
        }
        for item in items
    ]


def _carried_table(title: str, items: Iterable[CarriedAmount]) -> Table:
    rows: Rows = [
        {
            "debtor": item.debtor,
            "creditor": item.creditor,
            "amount": micros_text(item.amount_micros),
            "why": item.reason.value,
        }
        for item in items
    ]
    return rows_table(title, rows, ("debtor", "creditor", "amount", "why"))


def _numbers(run: Run) -> str:
    return ", ".join(map(str, run.windows))
