"""A run's positions as the bytes that its approver signs for."""

from __future__ import annotations

from coalition.v1.settlement_service_pb2 import NetPosition, RunPositions
from coalition.wire import encode
from settlement.clearing.rounding import Position


def positions_bytes(network_id: str, windows: tuple[int, ...], positions: tuple[Position, ...]) -> bytes:
    """A serialised RunPositions: what `positions_digest` covers."""
    return encode(RunPositions(network_id=network_id, windows=windows, positions=map(to_message, positions)))


def positions_of(data: bytes) -> tuple[Position, ...]:
    """The positions in a serialised RunPositions."""
    return tuple(from_message(message) for message in RunPositions.FromString(data).positions)


def to_message(position: Position) -> NetPosition:
    """One position on the wire."""
    return NetPosition(
        party_id=position.party_id,
        amount_micros=position.amount_micros,
        carried_in_micros=position.carried_in_micros,
        payable_minor=position.payable_minor,
        carried_out_micros=position.carried_out_micros,
    )


def from_message(message: NetPosition) -> Position:
    """The reverse of `to_message`."""
    return Position(
        party_id=message.party_id,
        amount_micros=message.amount_micros,
        carried_in_micros=message.carried_in_micros,
        payable_minor=message.payable_minor,
        carried_out_micros=message.carried_out_micros,
    )
