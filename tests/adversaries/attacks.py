"""Bad envelopes, by what is bad about them."""

from __future__ import annotations

from collections.abc import Callable

from coalition import dsse
from coalition.documents import sign_document
from coalition.envelope import ENVELOPE_BYTES_MAX, TRANSACTIONS_MAX
from coalition.keys import SigningKey
from coalition.merkle import root_over
from coalition.v1 import network_pb2
from coalition.v1 import transaction_pb2 as pb
from coalition.v1.consent_pb2 import Consent
from coalition.v1.envelope_pb2 import EnvelopeHeader, SignedEnvelope
from coalition.wire import encode
from tests.network.conftest import RunningHub
from tests.network.town import DAY_US, NETWORK_ID, key_of

#: Makes what is sent.
Attack = Callable[[RunningHub], bytes]

ATTACKS: dict[str, tuple[str, Attack]] = {}


def attack(reason: str) -> Callable[[Attack], Attack]:
    """An attack, and the reason for which it must be refused."""

    def note(make: Attack) -> Attack:
        ATTACKS[make.__name__] = (reason, make)
        return make

    return note


def tampered(data: bytes, change: Callable[[SignedEnvelope], None]) -> bytes:
    """An envelope changed after it was signed."""
    envelope = SignedEnvelope.FromString(data)
    change(envelope)
    return encode(envelope)


def sealed(hub: RunningHub, *transactions: bytes, key: SigningKey | None = None, payload_type: str = "") -> bytes:
    """Any bytes, signed by the grocer as if they were transactions."""
    header = encode(
        EnvelopeHeader(
            network_id=NETWORK_ID,
            author="grocer",
            created_us=hub.clock(),
            expires_us=hub.clock() + DAY_US,
            transaction_count=len(transactions),
            transactions_root=root_over(transactions),
        )
    )
    signature = (key or key_of("grocer")).sign(payload_type or dsse.ENVELOPE_HEADER, header)
    return encode(SignedEnvelope(header=header, transactions=transactions, signatures=[signature]))


def honest(hub: RunningHub) -> bytes:
    return hub.town.data("grocer", hub.town.issue("anna", 10))


# Signatures


@attack("SIGNATURE_INVALID")
def signature_by_another_key(hub: RunningHub) -> bytes:
    def forge(envelope: SignedEnvelope) -> None:
        forged = key_of("mallory").sign(dsse.ENVELOPE_HEADER, envelope.header)
        envelope.signatures[0].signature = forged.signature

    return tampered(honest(hub), forge)


@attack("SIGNATURE_INVALID")
def signature_of_another_envelope(hub: RunningHub) -> bytes:
    other = SignedEnvelope.FromString(honest(hub))
    return tampered(honest(hub), lambda envelope: envelope.signatures[0].CopyFrom(other.signatures[0]))


@attack("SIGNATURE_INVALID")
def signature_cut_short(hub: RunningHub) -> bytes:
    def cut(envelope: SignedEnvelope) -> None:
        envelope.signatures[0].signature = envelope.signatures[0].signature[:-1]

    return tampered(honest(hub), cut)


@attack("SIGNATURE_INVALID")
def signature_made_for_another_purpose(hub: RunningHub) -> bytes:
    return sealed(hub, encode(hub.town.issue("anna", 10)), payload_type=dsse.CONSENT)


@attack("MALFORMED")
def signature_left_out(hub: RunningHub) -> bytes:
    return tampered(honest(hub), lambda envelope: envelope.ClearField("signatures"))


@attack("MALFORMED")
def one_person_signing_twice(hub: RunningHub) -> bytes:
    correction = pb.PointsCorrection(holder_id="anna", issuer="grocer", points=10)
    adjust = hub.town.transaction(adjust=pb.Adjust(reason="mine", points=correction))
    return hub.town.data("operator", adjust, keys=[key_of("operator")] * 2)


@attack("SIGNATURES_TOO_FEW")
def one_person_alone(hub: RunningHub) -> bytes:
    correction = pb.PointsCorrection(holder_id="anna", issuer="grocer", points=10)
    return hub.town.data("operator", hub.town.transaction(adjust=pb.Adjust(reason="mine", points=correction)))


# Who


@attack("AUTHOR_UNKNOWN")
def stranger(hub: RunningHub) -> bytes:
    return hub.town.data("mallory", hub.town.issue("anna", 10))


@attack("KEY_UNKNOWN")
def key_of_a_competitor(hub: RunningHub) -> bytes:
    return hub.town.data("grocer", hub.town.issue("anna", 10), keys=[key_of("pharmacy")])


@attack("KEY_REVOKED")
def stolen_key_that_was_removed(hub: RunningHub) -> bytes:
    return hub.town.data("butcher", hub.town.issue("anna", 10))


@attack("PARTY_SUSPENDED")
def suspended_party(hub: RunningHub) -> bytes:
    return hub.town.data("florist", hub.town.issue("anna", 10))


@attack("KIND_NOT_ALLOWED")
def partner_as_operator(hub: RunningHub) -> bytes:
    return hub.town.data("grocer", hub.town.register("friend", network_pb2.PARTY_KIND_PARTNER))


@attack("KIND_NOT_ALLOWED")
def operator_as_issuer(hub: RunningHub) -> bytes:
    return hub.town.data("operator", hub.town.issue("anna", 10))


# Where and when


@attack("WRONG_NETWORK")
def envelope_of_another_network(hub: RunningHub) -> bytes:
    return hub.town.data("grocer", hub.town.issue("anna", 10), network_id="harbour")


@attack("ENVELOPE_EXPIRED")
def expired(hub: RunningHub) -> bytes:
    now_us = hub.clock()
    return hub.town.data("grocer", hub.town.issue("anna", 10), created_us=now_us - DAY_US, expires_us=now_us)


@attack("CLOCK_SKEW")
def made_in_the_far_future(hub: RunningHub) -> bytes:
    ahead_us = hub.clock() + DAY_US
    return hub.town.data("grocer", hub.town.issue("anna", 10), created_us=ahead_us, expires_us=ahead_us + 1)


@attack("LIFETIME_TOO_LONG")
def good_for_ever(hub: RunningHub) -> bytes:
    return hub.town.data("grocer", hub.town.issue("anna", 10), expires_us=hub.clock() + 3_650 * DAY_US)


@attack("MALFORMED")
def expires_before_it_was_made(hub: RunningHub) -> bytes:
    return hub.town.data("grocer", hub.town.issue("anna", 10), expires_us=hub.clock() - 1)


# What


@attack("TRANSACTIONS_ROOT_MISMATCH")
def points_raised_after_signing(hub: RunningHub) -> bytes:
    issued = hub.town.issue("anna", 10)

    def raise_points(envelope: SignedEnvelope) -> None:
        issued.issue.points = 10_000
        envelope.transactions[0] = encode(issued)

    return tampered(hub.town.data("grocer", issued), raise_points)


@attack("TRANSACTIONS_ROOT_MISMATCH")
def order_changed_after_signing(hub: RunningHub) -> bytes:
    both = hub.town.data("grocer", hub.town.issue("anna", 10), hub.town.issue("bert", 10))

    def swap(envelope: SignedEnvelope) -> None:
        first, second = envelope.transactions
        envelope.transactions[:] = [second, first]

    return tampered(both, swap)


@attack("MALFORMED")
def one_transaction_withheld(hub: RunningHub) -> bytes:
    both = hub.town.data("grocer", hub.town.issue("anna", 10), hub.town.issue("bert", 10))
    return tampered(both, lambda envelope: envelope.transactions.pop())


@attack("UNKNOWN_FIELD")
def unknown_field_beside_the_header(hub: RunningHub) -> bytes:
    return honest(hub) + b"\xf8\x01\x01"


@attack("UNKNOWN_FIELD")
def unknown_field_in_a_transaction(hub: RunningHub) -> bytes:
    return sealed(hub, encode(hub.town.issue("anna", 10)) + b"\xf8\x01\x01")


@attack("UNKNOWN_FIELD")
def unknown_field_in_a_consent(hub: RunningHub) -> bytes:
    redeemed = hub.town.redeem("anna", "grocer", 10)
    document = redeemed.redeem.consent.document + b"\xf8\x01\x01"
    redeemed.redeem.consent.document = document
    redeemed.redeem.consent.signature.CopyFrom(key_of("anna").sign(dsse.CONSENT, document))
    return hub.town.data("grocer", redeemed)


@attack("MALFORMED")
def field_said_twice(hub: RunningHub) -> bytes:
    issued = hub.town.issue("anna", 10)
    doubled = encode(issued) + encode(pb.Transaction(issue=pb.Issue(points=10_000)))
    return sealed(hub, doubled)


@attack("MALFORMED")
def nothing(hub: RunningHub) -> bytes:
    return b""


@attack("MALFORMED")
def noise(hub: RunningHub) -> bytes:
    return bytes(range(256)) * 4


@attack("DUPLICATE_ID")
def id_used_twice(hub: RunningHub) -> bytes:
    first, second = hub.town.issue("anna", 10), hub.town.issue("bert", 10)
    second.transaction_id = first.transaction_id
    return hub.town.data("grocer", first, second)


@attack("TOO_MANY_TRANSACTIONS")
def too_many(hub: RunningHub) -> bytes:
    return hub.town.data("grocer", *(hub.town.issue("anna", 1) for _ in range(TRANSACTIONS_MAX + 1)))


@attack("ENVELOPE_TOO_LARGE")
def too_large(hub: RunningHub) -> bytes:
    return honest(hub) + bytes(ENVELOPE_BYTES_MAX)


# How many


def _points(points: int) -> Attack:
    return lambda hub: hub.town.data("grocer", hub.town.issue("anna", points))


for _name, _value in {
    "no": 0,
    "minus_one": -1,
    "the_fewest": -(2**63),
    "the_most": 2**63 - 1,
    "one_too_many": 10**9 + 1,
}.items():
    ATTACKS[f"{_name}_points"] = ("FIELD_INVALID", _points(_value))


@attack("FIELD_INVALID")
def redeeming_negative_points(hub: RunningHub) -> bytes:
    return hub.town.data("grocer", hub.town.transaction(redeem=pb.Redeem(holder_id="anna", points=-5)))


@attack("FIELD_INVALID")
def transfer_to_oneself(hub: RunningHub) -> bytes:
    return hub.town.data("grocer", hub.town.transfer("anna", "anna", "grocer", 5))


@attack("FIELD_INVALID")
def key_that_everybody_can_sign_for(hub: RunningHub) -> bytes:
    weak = pb.Enrol(holder_id="zoe", kind=network_pb2.HOLDER_KIND_MEMBER, public_keys=[bytes(32)])
    return hub.town.data("grocer", hub.town.transaction(enrol=weak))


# Consents that are none


@attack("SIGNATURE_INVALID")
def consent_raised_after_signing(hub: RunningHub) -> bytes:
    redeemed = hub.town.redeem("anna", "grocer", 10)
    consent = Consent.FromString(redeemed.redeem.consent.document)
    consent.points_max = redeemed.redeem.points = 400
    redeemed.redeem.consent.document = encode(consent)
    return hub.town.data("grocer", redeemed)


@attack("SIGNATURE_INVALID")
def order_passed_off_as_a_consent(hub: RunningHub) -> bytes:
    redeemed = hub.town.redeem("anna", "grocer", 10)
    consent = Consent.FromString(redeemed.redeem.consent.document)
    redeemed.redeem.consent.CopyFrom(sign_document(dsse.HOLDER_ORDER, consent, key_of("anna")))
    return hub.town.data("grocer", redeemed)
