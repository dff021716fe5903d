"""The first envelope of a journal: who the operator and the hub are, and what holds from the start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from coalition import dsse
from coalition.clock import US_PER_S
from coalition.documents import sign_document
from coalition.envelope import OpenedEnvelope, open_envelope, seal
from coalition.ids import derived_id
from coalition.keys import SigningKey
from coalition.v1 import network_pb2
from coalition.v1.envelope_pb2 import SignedDocument
from coalition.v1.network_pb2 import PartyApplication, PartyKind, Policy
from coalition.v1.transaction_pb2 import Genesis, Transaction
from coalition.wire import encode

OPERATOR_ID: Final = "operator"
HUB_ID: Final = "hub"

_LIFETIME_US: Final = 3_600 * US_PER_S


@dataclass(frozen=True, slots=True)
class Founding:
    """What is said once about a network and never changes, and the policy that it starts with."""

    network_id: str
    #: IANA name.
    time_zone: str
    #: ISO 4217.
    currency: str
    #: Digits after the decimal point of the currency's minor unit.
    currency_exponent: int
    policy: Policy
    operator_name: str = "Operator"


def genesis_envelope(
    founding: Founding, hub_key: SigningKey, operator_keys: Sequence[SigningKey], now_us: int
) -> OpenedEnvelope:
    """The signed Genesis. The same founding, keys and time always give the same bytes.

    Raises Refused, naming the fields, when the founding's figures cannot work.
    """
    keys = [key.public for key in (hub_key, *operator_keys)]
    transaction = Transaction(
        transaction_id=derived_id("genesis", founding.network_id, *keys),
        genesis=Genesis(
            network_id=founding.network_id,
            time_zone=founding.time_zone,
            currency=founding.currency,
            currency_exponent=founding.currency_exponent,
            operator=_application(
                founding, OPERATOR_ID, network_pb2.PARTY_KIND_OPERATOR, founding.operator_name, operator_keys
            ),
            hub=_application(founding, HUB_ID, network_pb2.PARTY_KIND_HUB, "Hub", [hub_key]),
            policy=founding.policy,
        ),
    )
    data = seal(
        [encode(transaction)],
        network_id=founding.network_id,
        author=OPERATOR_ID,
        keys=operator_keys,
        created_us=now_us,
        expires_us=now_us + _LIFETIME_US,
    )
    return open_envelope(data)


def _application(
    founding: Founding, party_id: str, kind: PartyKind.ValueType, name: str, keys: Sequence[SigningKey]
) -> SignedDocument:
    application = PartyApplication(
        network_id=founding.network_id,
        party_id=party_id,
        kind=kind,
        display_name=name,
        public_keys=[key.public for key in keys],
    )
    return sign_document(dsse.PARTY_APPLICATION, application, keys[0])
