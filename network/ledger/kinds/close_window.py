"""Closes the open settlement window. Membership of a window is a fact about sequence numbers, so nothing stalls."""

from __future__ import annotations

from coalition.v1 import error_pb2
from coalition.v1 import transaction_pb2 as pb
from network.ledger.context import Context, Effect, Rejected
from network.ledger.kinds.kind import OPERATOR, Kind, touches_nothing


def apply(ctx: Context, message: pb.CloseWindow) -> Effect:
    head = ctx.state.head
    if message.window != head.window:
        raise Rejected(error_pb2.REASON_WINDOW_NOT_OPEN, window=message.window, open=head.window)
    head.window += 1
    return Effect()


KIND = Kind(frozenset({OPERATOR}), touches_nothing, apply)
