"""Publishes a policy, with the notice that the policy in force demands, and in keeping with the terms in force."""

from __future__ import annotations

from coalition.calendar import add_days
from coalition.v1 import error_pb2
from coalition.v1 import transaction_pb2 as pb
from coalition.wire import encode
from network.ledger.context import Context, Effect, Rejected
from network.ledger.kinds.kind import OPERATOR, Kind, touches_nothing
from network.ledger.records import PolicyVersion
from network.ledger.state import versions_from


def apply(ctx: Context, message: pb.SetPolicy) -> Effect:
    earliest = add_days(ctx.today, ctx.policy.notice_days)
    if message.effective_on < earliest:
        raise Rejected(error_pb2.REASON_NOTICE_TOO_SHORT, effective_on=message.effective_on, earliest=earliest)
    _check_rates(ctx, message)
    versions = ctx.state.reference.policies.get("") or ()
    published = PolicyVersion(message.effective_on, ctx.sequence, encode(message.policy))
    ordered = sorted((*versions, published), key=lambda version: (version.effective_on, version.sequence))
    ctx.state.reference.policies.put("", tuple(ordered))
    ctx.changes_reference()
    return Effect()


def _check_rates(ctx: Context, message: pb.SetPolicy) -> None:
    """No terms that hold under the new policy may pay less than it lets anybody receive, nor receive more than it lets
    anybody pay."""
    policy = message.policy
    dearest = max(policy.reimbursement_ceiling_micros, policy.cause_reimbursement_micros)
    for party_id, versions in sorted(ctx.state.reference.terms.rows.items()):
        for terms in versions_from(versions or (), message.effective_on):
            for field, value, lowest, highest in (
                ("price_micros", terms.price_micros, dearest, terms.price_micros),
                ("reimbursement_micros", terms.reimbursement_micros, 0, policy.price_floor_micros),
            ):
                if not lowest <= value <= highest:
                    raise Rejected(
                        error_pb2.REASON_RATE_OUT_OF_RANGE,
                        party_id=party_id,
                        field=field,
                        value=value,
                        lowest=lowest,
                        highest=highest,
                    )


KIND = Kind(frozenset({OPERATOR}), touches_nothing, apply)
