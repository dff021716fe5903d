"""What callers get to see, as messages."""

from __future__ import annotations

from coalition.v1 import settlement_service_pb2 as pb
from settlement.desk import WindowRecord


def window_message(record: WindowRecord) -> pb.Window:
    """A window and its state."""
    return pb.Window(
        number=record.window.number,
        state=record.state,
        first_sequence=record.window.first_sequence,
        last_sequence=record.window.last_sequence,
        opened_us=record.window.opened_us,
        closed_us=record.window.closed_us,
    )
