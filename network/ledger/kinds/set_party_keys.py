"""Changes a party's keys."""

from __future__ import annotations

from coalition.form.checks import PARTY_KEYS_MAX
from coalition.v1 import error_pb2
from coalition.v1 import transaction_pb2 as pb
from coalition.v1.network_pb2 import PartyKeyChange
from network.ledger.consents import use_nonce
from network.ledger.context import Context, Effect, Rejected
from network.ledger.kinds.holder_keys import RECOVERY_SIGNATURES
from network.ledger.kinds.kind import OPERATOR, Kind
from network.ledger.records import Party
from network.ledger.state import Wanted


def touches(
    message: pb.SetPartyKeys, author: str, transaction_id: bytes, days: tuple[str, ...], wanted: Wanted
) -> None:
    if message.HasField("change"):
        change = PartyKeyChange.FromString(message.change.document)
        wanted.nonces.add((_nonce_owner(message.party_id), change.nonce))


def apply(ctx: Context, message: pb.SetPartyKeys) -> Effect:
    party = ctx.party(message.party_id)
    if party.party_id == ctx.network.operator and len(party.keys) > 1 and ctx.signatures < RECOVERY_SIGNATURES:
        # One person could otherwise make the second key that corrections need, or take the other person's away.
        raise Rejected(error_pb2.REASON_COUNTERSIGNATURE_MISSING, party_id=party.party_id, needed=RECOVERY_SIGNATURES)
    if message.HasField("change"):
        _use_change(ctx, party, message)
    elif message.add_keys and ctx.signatures < RECOVERY_SIGNATURES:
        raise Rejected(error_pb2.REASON_COUNTERSIGNATURE_MISSING, party_id=party.party_id)
    for key in message.add_keys:
        if key in party.keys or key in party.revoked_keys:
            raise Rejected(error_pb2.REASON_KEY_EXISTS, party_id=party.party_id)
    for key in message.remove_keys:
        if key not in party.keys:
            raise Rejected(error_pb2.REASON_CONSENT_KEY_UNKNOWN, party_id=party.party_id)
    keys = tuple(key for key in party.keys if key not in message.remove_keys) + tuple(message.add_keys)
    if not keys:
        raise Rejected(error_pb2.REASON_LAST_KEY, party_id=party.party_id)
    if len(keys) > PARTY_KEYS_MAX:
        raise Rejected(error_pb2.REASON_KEY_EXISTS, party_id=party.party_id, limit=PARTY_KEYS_MAX)
    revoked = (*party.revoked_keys, *message.remove_keys)
    ctx.state.reference.parties.put(party.party_id, party._replace(keys=keys, revoked_keys=revoked))
    ctx.changes_reference()
    return Effect()


def _use_change(ctx: Context, party: Party, message: pb.SetPartyKeys) -> None:
    """The party itself asks for the change, once."""
    change = PartyKeyChange.FromString(message.change.document)
    if change.network_id != ctx.network.network_id:
        raise Rejected(error_pb2.REASON_COUNTERSIGNATURE_MISSING, field="network_id", document=change.network_id)
    if message.change.signature.public_key not in party.keys:
        raise Rejected(error_pb2.REASON_COUNTERSIGNATURE_MISSING, party_id=party.party_id)
    use_nonce(ctx, _nonce_owner(party.party_id), change.nonce)


def _nonce_owner(party_id: str) -> str:
    """Holder ids have no colon, so a party's nonces never meet a holder's."""
    return f"party:{party_id}"


KIND = Kind(frozenset({OPERATOR}), touches, apply)
