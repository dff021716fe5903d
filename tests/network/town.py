"""A small coalition for tests: its keys, its documents, its envelopes. Everything follows from names and counters."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Final

from google.protobuf.message import Message

from coalition import dsse
from coalition.clock import US_PER_S
from coalition.documents import sign_document
from coalition.envelope import OpenedEnvelope, open_envelope, seal
from coalition.ids import transaction_id
from coalition.keys import SigningKey
from coalition.v1 import consent_pb2, network_pb2
from coalition.v1 import transaction_pb2 as pb
from coalition.v1.consent_pb2 import Consent, HolderOrder, PledgeOffer
from coalition.v1.envelope_pb2 import SignedDocument
from coalition.v1.network_pb2 import CampaignOffer, PartyApplication, PartyKeyChange, Policy, Terms
from coalition.wire import encode

NETWORK_ID: Final = "town"
DAY_US: Final = 86_400 * US_PER_S
#: 2024-01-10 10:00 in Berlin.
START_US: Final = 1_704_877_200 * US_PER_S

POLICY: Final = Policy(
    expiry_months=1,
    reversal_grace_days=30,
    notice_days=7,
    transaction_points_max=1_000_000,
    hold_lifetime_max_s=7 * 86_400,
    transfer_points_max=10_000,
    transfer_points_per_day_max=20_000,
    unconsented_points_max=50,
    unconsented_points_per_day_max=200,
    redeem_points_per_day_max=100_000,
    envelope_lifetime_max_s=30 * 86_400,
    cause_reimbursement_micros=9_000,
    price_floor_micros=10_000,
    reimbursement_ceiling_micros=9_000,
)

PARTNERS: Final = ("grocer", "pharmacy", "butcher")
CHARITY: Final = "school"
FUND: Final = "fund-garden"


def key_of(name: str) -> SigningKey:
    """The one key of whoever has this name."""
    return SigningKey.from_seed(hashlib.sha256(name.encode()).digest())


class Town:
    """Makes transactions and envelopes, at a time that tests move."""

    def __init__(self) -> None:
        self.now_us = START_US
        self._made = 0

    def clock(self) -> int:
        """For whoever needs a clock."""
        return self.now_us

    def unique(self) -> bytes:
        """16 bytes that were not given before, and are a UUIDv7."""
        self._made += 1
        return transaction_id(self.now_us // 1_000, hashlib.sha256(self._made.to_bytes(8, "big")).digest()[:10])

    def transaction(self, **kind: Message) -> pb.Transaction:
        """A transaction with a new id."""
        return pb.Transaction(transaction_id=self.unique(), **kind)  # type: ignore[arg-type]

    def data(
        self,
        author: str,
        *transactions: pb.Transaction,
        keys: Sequence[SigningKey] | None = None,
        **header: Any,
    ) -> bytes:
        """A signed envelope as it is sent."""
        fields = {
            "network_id": NETWORK_ID,
            "created_us": self.now_us,
            "expires_us": self.now_us + DAY_US,
        } | header
        return seal([encode(item) for item in transactions], author=author, keys=keys or [key_of(author)], **fields)

    def envelope(self, author: str, *transactions: pb.Transaction, **header: Any) -> OpenedEnvelope:
        """A signed envelope as it is admitted."""
        return open_envelope(self.data(author, *transactions, **header))

    # The network's life

    def genesis(self) -> OpenedEnvelope:
        genesis = pb.Genesis(
            network_id=NETWORK_ID,
            time_zone="Europe/Berlin",
            currency="EUR",
            currency_exponent=2,
            operator=self.application("operator", network_pb2.PARTY_KIND_OPERATOR, "operator", "operator-2"),
            hub=self.application("hub", network_pb2.PARTY_KIND_HUB, "hub"),
            policy=POLICY,
        )
        return self.envelope("operator", self.transaction(genesis=genesis))

    def application(self, party_id: str, kind: network_pb2.PartyKind.ValueType, *keys: str) -> SignedDocument:
        message = PartyApplication(
            network_id=NETWORK_ID,
            party_id=party_id,
            kind=kind,
            display_name=party_id.title(),
            public_keys=[key_of(key).public for key in keys],
        )
        return sign_document(dsse.PARTY_APPLICATION, message, key_of(keys[0]))

    def register(self, party_id: str, kind: network_pb2.PartyKind.ValueType) -> pb.Transaction:
        return self.transaction(register_party=pb.RegisterParty(application=self.application(party_id, kind, party_id)))

    def suspend(self, party_id: str) -> pb.Transaction:
        status = pb.SetPartyStatus(party_id=party_id, status=network_pb2.PARTY_STATUS_SUSPENDED, reason="inspection")
        return self.transaction(set_party_status=status)

    def replace_key(self, party_id: str, old: SigningKey, new: SigningKey) -> pb.Transaction:
        change = PartyKeyChange(
            network_id=NETWORK_ID,
            party_id=party_id,
            add_keys=[new.public],
            remove_keys=[old.public],
            nonce=self.unique(),
        )
        return self.transaction(
            set_party_keys=pb.SetPartyKeys(
                party_id=party_id,
                add_keys=change.add_keys,
                remove_keys=change.remove_keys,
                change=sign_document(dsse.PARTY_KEY_CHANGE, change, old),
            )
        )

    def terms(self, party_id: str, effective_on: str = "2024-01-10", **rates: int) -> pb.Transaction:
        message = Terms(
            network_id=NETWORK_ID, party_id=party_id, effective_on=effective_on, **({"price_micros": 10_000} | rates)
        )
        return self.transaction(
            publish_terms=pb.PublishTerms(terms=sign_document(dsse.TERMS, message, key_of(party_id)))
        )

    def campaign(self) -> pb.Transaction:
        message = CampaignOffer(
            network_id=NETWORK_ID,
            campaign_id="garden",
            charity=CHARITY,
            fund_id=FUND,
            title="A garden for the school",
            goal_points=10_000,
            starts_on="2024-01-01",
            ends_on="2024-12-31",
        )
        return self.transaction(
            open_campaign=pb.OpenCampaign(campaign=sign_document(dsse.CAMPAIGN, message, key_of(CHARITY)))
        )

    def founding(self) -> list[OpenedEnvelope]:
        """A network with partners, a charity and its campaign; each with terms."""
        kinds = dict.fromkeys(PARTNERS, network_pb2.PARTY_KIND_PARTNER) | {CHARITY: network_pb2.PARTY_KIND_CHARITY}
        return [
            self.genesis(),
            self.envelope("operator", *(self.register(name, kind) for name, kind in kinds.items())),
            self.envelope("operator", *(self.terms(name) for name in kinds), self.campaign()),
        ]

    # Holders

    def enrol(self, holder_id: str, alias: str = "") -> pb.Transaction:
        return self.transaction(
            enrol=pb.Enrol(
                holder_id=holder_id,
                kind=network_pb2.HOLDER_KIND_MEMBER,
                public_keys=[key_of(holder_id).public],
                alias=alias,
            )
        )

    def issue(self, holder_id: str, points: int, available_on: str = "") -> pb.Transaction:
        return self.transaction(
            issue=pb.Issue(holder_id=holder_id, points=points, reason="purchase", available_on=available_on)
        )

    def consent(
        self,
        holder_id: str,
        acceptor: str,
        points_max: int,
        purpose: consent_pb2.ConsentPurpose.ValueType = consent_pb2.CONSENT_PURPOSE_REDEEM,
        recipient_id: str = "",
    ) -> SignedDocument:
        message = Consent(
            network_id=NETWORK_ID,
            holder_id=holder_id,
            acceptor=acceptor,
            purpose=purpose,
            points_max=points_max,
            nonce=self.unique(),
            expires_us=self.now_us + DAY_US,
            recipient_id=recipient_id,
        )
        return sign_document(dsse.CONSENT, message, key_of(holder_id))

    def redeem(self, holder_id: str, acceptor: str, points: int) -> pb.Transaction:
        return self.transaction(
            redeem=pb.Redeem(holder_id=holder_id, points=points, consent=self.consent(holder_id, acceptor, points))
        )

    def donate(self, holder_id: str, author: str, points: int) -> pb.Transaction:
        consent = self.consent(holder_id, author, points, consent_pb2.CONSENT_PURPOSE_DONATE, FUND)
        return self.transaction(donate=pb.Donate(holder_id=holder_id, fund_id=FUND, points=points, consent=consent))

    def transfer(self, holder_id: str, recipient_id: str, author: str, points: int) -> pb.Transaction:
        consent = self.consent(holder_id, author, points, consent_pb2.CONSENT_PURPOSE_TRANSFER, recipient_id)
        return self.transaction(
            transfer=pb.Transfer(holder_id=holder_id, recipient_id=recipient_id, points=points, consent=consent)
        )

    def hold(self, holder_id: str, acceptor: str, points: int) -> pb.Transaction:
        return self.transaction(
            hold=pb.Hold(
                holder_id=holder_id,
                points=points,
                consent=self.consent(holder_id, acceptor, points),
                expires_us=self.now_us + 2 * DAY_US,
            )
        )

    def capture(self, hold: pb.Transaction, points: int) -> pb.Transaction:
        return self.transaction(capture=pb.Capture(hold_id=hold.transaction_id, points=points))

    def release(self, hold: pb.Transaction, acceptor: str) -> pb.Transaction:
        return self.transaction(release=pb.Release(hold_id=hold.transaction_id, acceptor=acceptor))

    def reverse(self, original: pb.Transaction, points: int) -> pb.Transaction:
        return self.transaction(reverse=pb.Reverse(original_id=original.transaction_id, points=points))

    def pledge(self, holder_id: str, share_bps: int = 1_000) -> pb.Transaction:
        message = PledgeOffer(
            network_id=NETWORK_ID,
            holder_id=holder_id,
            fund_id=FUND,
            share_bps=share_bps,
            points_max=5_000,
            ends_on="2024-12-31",
            nonce=self.unique(),
        )
        return self.transaction(pledge=pb.Pledge(offer=sign_document(dsse.PLEDGE, message, key_of(holder_id))))

    def order(self, holder_id: str, **action: Any) -> SignedDocument:
        message = HolderOrder(
            network_id=NETWORK_ID,
            holder_id=holder_id,
            nonce=self.unique(),
            expires_us=self.now_us + DAY_US,
            **action,
        )
        return sign_document(dsse.HOLDER_ORDER, message, key_of(holder_id))
