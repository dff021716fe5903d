"""Admits a party, which has proven in its application that it holds its key."""

from __future__ import annotations

from coalition.v1 import error_pb2, network_pb2
from coalition.v1 import transaction_pb2 as pb
from coalition.v1.network_pb2 import PartyApplication
from network.ledger.context import Context, Effect, Rejected
from network.ledger.kinds.kind import OPERATOR, Kind, touches_nothing
from network.ledger.records import Party


def apply(ctx: Context, message: pb.RegisterParty) -> Effect:
    application = PartyApplication.FromString(message.application.document)
    if application.network_id != ctx.network.network_id:
        raise Rejected(error_pb2.REASON_COUNTERSIGNATURE_MISSING, field="network_id", document=application.network_id)
    if ctx.state.reference.parties.get(application.party_id) is not None:
        raise Rejected(error_pb2.REASON_PARTY_EXISTS, party_id=application.party_id)
    admit(ctx, application)
    ctx.changes_reference()
    return Effect()


def admit(ctx: Context, application: PartyApplication) -> None:
    """Make the party that applied."""
    party = Party(
        party_id=application.party_id,
        kind=application.kind,
        display_name=application.display_name,
        status=network_pb2.PARTY_STATUS_ACTIVE,
        keys=tuple(application.public_keys),
        revoked_keys=(),
    )
    ctx.state.reference.parties.put(party.party_id, party)


KIND = Kind(frozenset({OPERATOR}), touches_nothing, apply)
