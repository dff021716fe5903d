"""Publishes a policy, with the notice that the policy in force demands."""

from __future__ import annotations

from coalition.calendar import add_days
from coalition.v1 import error_pb2
from coalition.v1 import transaction_pb2 as pb
from coalition.wire import encode
from network.ledger.context import Context, Effect, Rejected
from network.ledger.kinds.kind import OPERATOR, Kind, touches_nothing
from network.ledger.records import PolicyVersion


def apply(ctx: Context, message: pb.SetPolicy) -> Effect:
    earliest = add_days(ctx.today, ctx.policy.notice_days)
    if message.effective_on < earliest:
        raise Rejected(error_pb2.REASON_NOTICE_TOO_SHORT, effective_on=message.effective_on, earliest=earliest)
    versions = ctx.state.reference.policies.get("") or ()
    published = PolicyVersion(message.effective_on, ctx.sequence, encode(message.policy))
    ordered = sorted((*versions, published), key=lambda version: (version.effective_on, version.sequence))
    ctx.state.reference.policies.put("", tuple(ordered))
    ctx.changes_reference()
    return Effect()


KIND = Kind(frozenset({OPERATOR}), touches_nothing, apply)
