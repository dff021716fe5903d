"""Suspends or reinstates a party. The operator and the hub cannot be suspended: nobody could undo it."""

from __future__ import annotations

from coalition.v1 import error_pb2
from coalition.v1 import transaction_pb2 as pb
from network.ledger.context import Context, Effect, Rejected
from network.ledger.kinds.kind import OPERATOR, Kind, touches_nothing


def apply(ctx: Context, message: pb.SetPartyStatus) -> Effect:
    party = ctx.party(message.party_id)
    if party.party_id in (ctx.network.operator, ctx.network.hub):
        raise Rejected(error_pb2.REASON_PARTY_UNKNOWN, party_id=party.party_id, needed="PARTNER, CHARITY or AUDITOR")
    ctx.state.reference.parties.put(party.party_id, party._replace(status=message.status))
    ctx.changes_reference()
    return Effect()


KIND = Kind(frozenset({OPERATOR}), touches_nothing, apply)
