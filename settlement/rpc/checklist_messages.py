"""A run's checklist as a message."""

from __future__ import annotations

from coalition.v1 import settlement_service_pb2 as pb
from settlement.checklists import Checklist


def checklist_message(checklist: Checklist) -> pb.GetChecklistResponse:
    """What was looked at, and what was found."""
    return pb.GetChecklistResponse(
        items=[
            pb.ChecklistItem(
                name=check.item.value,
                title=check.title,
                blocking=check.blocking,
                passed=check.passed,
                found=check.found,
                pending=check.pending,
            )
            for check in checklist.checks
        ],
        checked_us=checklist.checked_us,
    )
