"""Disputes for people and machines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from rich.table import Table

from coalition.keys import fingerprint
from partner_sdk.settlement import Dispute, DisputeEvent
from settlement.report.money import micros_text
from settlement.report.tables import moment_text, rows_table
from settlement.report.window import Rows


def disputes_table(disputes: Iterable[Dispute]) -> Table:
    """Every dispute, one line each."""
    rows: Rows = [
        {
            "dispute": dispute.dispute_id,
            "state": dispute.state.name,
            "raiser": dispute.raiser,
            "respondent": dispute.respondent,
            "entry": str(dispute.sequence),
            "claimed": micros_text(dispute.claimed_micros),
            "due": moment_text(dispute.due_at),
        }
        for dispute in disputes
    ]
    return rows_table("Disputes", rows, ("dispute", "state", "raiser", "respondent", "entry", "claimed", "due"))


def dispute_tables(dispute: Dispute, currency: str) -> list[Table]:
    """A dispute: what it is about, what happened, and what the journal says."""
    facts = [
        ("claimed by", f"{dispute.raiser}, from {dispute.respondent}"),
        ("line", f"entry {dispute.sequence}, in window {dispute.window}"),
        ("reason", dispute.reason.value.replace("_", " ")),
        ("claimed points", f"{dispute.claimed_points:,}" if dispute.claimed_points else "–"),
        *(
            (name, f"{micros_text(amount)} {currency}" if amount else "–")
            for name, amount in (
                ("claimed", dispute.claimed_micros),
                ("offered", dispute.offered_micros),
                ("ruled, to be confirmed", dispute.ruled_micros),
                ("accepted", dispute.accepted_micros),
            )
        ),
        ("due", moment_text(dispute.due_at)),
        ("adjusted at entry", ", ".join(str(item.sequence) for item in dispute.adjustments) or "–"),
        *([("wrong", dispute.problem)] if dispute.problem else []),
    ]
    about: Rows = [{"what": name, "is": value} for name, value in facts]
    steps: Rows = [
        {
            "when": moment_text(event.at),
            "state": event.state.name,
            "by": event.party_id or "–",
            "action": _action(event),
            "amount": micros_text(event.amount_micros) if event.amount_micros else "–",
            "key": "–" if event.public_key is None else fingerprint(event.public_key),
            "why": _words(event),
        }
        for event in dispute.events
    ]
    heading = f"Dispute {dispute.dispute_id}: {dispute.state.name}"
    return [
        rows_table(heading, about, ("what", "is")),
        rows_table("What happened", steps, ("when", "state", "by", "action", "amount", "key", "why")),
    ]


def dispute_json(dispute: Dispute) -> dict[str, Any]:
    """A dispute for machines: amounts as integers, in the units that their names say; moments in ISO 8601."""
    found = asdict(dispute)
    for name in ("raised_at", "since", "due_at"):
        found[name] = found[name].isoformat() if found[name] else None
    found["state"], found["reason"] = dispute.state.name, dispute.reason.name
    found["seen_digest"] = dispute.seen_digest.hex()
    found["adjustments"] = [{**item, "committed_at": item["committed_at"].isoformat()} for item in found["adjustments"]]
    found["events"] = [_event_json(event) for event in dispute.events]
    return found


def _event_json(event: DisputeEvent) -> dict[str, Any]:
    return {
        "state": event.state.name,
        "at": event.at.isoformat(),
        "action": None if event.action is None else event.action.name,
        "party_id": event.party_id,
        "key": None if event.public_key is None else fingerprint(event.public_key),
        "text": event.text,
        "amount_micros": event.amount_micros,
        "attachments": [
            {"name": item.name, "size_bytes": item.size_bytes, "sha256": item.digest.hex()}
            for item in event.attachments
        ],
        "signed": event.signed.hex(),
    }


def _action(event: DisputeEvent) -> str:
    if event.action is not None:
        return event.action.value
    return "journal" if event.state.name.endswith("ADJUSTED") else "deadline"


def _words(event: DisputeEvent) -> str:
    files = [f"[{item.name}, SHA-256 {item.digest.hex()}]" for item in event.attachments]
    return " ".join([event.text, *files]).strip() or "–"
