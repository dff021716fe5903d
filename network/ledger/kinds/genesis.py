"""The first entry of a journal. The engine has checked that the operator it names signed it."""

from __future__ import annotations

from coalition.v1 import error_pb2
from coalition.v1 import transaction_pb2 as pb
from coalition.v1.network_pb2 import PartyApplication
from coalition.wire import encode
from network.ledger.context import Context, Effect, Rejected
from network.ledger.kinds.kind import OPERATOR, Kind, touches_nothing
from network.ledger.kinds.register_party import admit
from network.ledger.records import Network, PolicyVersion


def apply(ctx: Context, message: pb.Genesis) -> Effect:
    reference = ctx.state.reference
    if ctx.sequence != 1:
        raise Rejected(error_pb2.REASON_GENESIS_EXISTS)
    operator = PartyApplication.FromString(message.operator.document)
    hub = PartyApplication.FromString(message.hub.document)
    # Without a notice to keep, the first policy holds from the beginning of time.
    reference.policies.put("", (PolicyVersion("0001-01-01", ctx.sequence, encode(message.policy)),))
    network = Network(
        network_id=message.network_id,
        time_zone=message.time_zone,
        currency=message.currency,
        currency_exponent=message.currency_exponent,
        operator=operator.party_id,
        hub=hub.party_id,
    )
    reference.network.put("", network)
    admit(ctx, operator)
    admit(ctx, hub)
    ctx.changes_reference()
    return Effect()


KIND = Kind(frozenset({OPERATOR}), touches_nothing, apply)
