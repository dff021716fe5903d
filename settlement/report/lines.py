"""Lines and proven entries for machines."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from partner_sdk.settlement import Line, ProvenEntry


def line_json(line: Line) -> dict[str, Any]:
    """A line: amounts as integers, in the units that their names say; moments in ISO 8601."""
    return {**asdict(line), "kind": line.kind.value, "committed_at": line.committed_at.isoformat()}


def proof_json(found: ProvenEntry) -> dict[str, Any]:
    """An entry with everything that proves it, bytes in hexadecimal: enough to check it without this program."""
    return {
        "sequence": found.sequence,
        "window": found.window,
        "lines": [line_json(line) for line in found.lines],
        "entry": found.entry.hex() if found.entry else None,
        "leaf_hash": found.leaf_hash.hex(),
        "path": [node.hex() for node in found.path],
        "checkpoint": found.note,
    }
