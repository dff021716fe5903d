"""The documents of our vectors: one of every type that somebody other than the envelope's author signs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from google.protobuf.message import Message

from coalition import dsse
from coalition.documents import sign_document
from coalition.v1 import (
    consent_pb2,
    network_pb2,
    settlement_alerts_pb2,
    settlement_disputes_pb2,
    settlement_service_pb2,
)
from coalition.v1.envelope_pb2 import SignedDocument
from vectors.cast import DAY_US, FUND, KEYS, MEMBER, MINUTE_US, NETWORK, NOW_US, OTHER_MEMBER, identifier, nonce


class Document(NamedTuple):
    """A message, what it is signed as, and by whom (a name in KEYS)."""

    payload_type: str
    message: Message
    signer: str

    def signed(self) -> SignedDocument:
        """The message as it travels."""
        return sign_document(self.payload_type, self.message, KEYS[self.signer])


def _consent(purpose: consent_pb2.ConsentPurpose.ValueType, recipient_id: str, number: int) -> Document:
    consent = consent_pb2.Consent(
        network_id=NETWORK,
        holder_id=MEMBER,
        acceptor="pharmacy",
        purpose=purpose,
        points_max=500,
        nonce=nonce(number),
        expires_us=NOW_US + 5 * MINUTE_US,
        recipient_id=recipient_id,
    )
    return Document(dsse.CONSENT, consent, "member")


def _order(number: int, **action: object) -> Document:
    order = consent_pb2.HolderOrder(
        network_id=NETWORK,
        holder_id=MEMBER,
        nonce=nonce(number),
        expires_us=NOW_US + DAY_US,
        **action,  # type: ignore[arg-type]
    )
    return Document(dsse.HOLDER_ORDER, order, "member")


def _application(party_id: str, kind: network_pb2.PartyKind.ValueType, display_name: str, *keys: str) -> Document:
    application = network_pb2.PartyApplication(
        network_id=NETWORK,
        party_id=party_id,
        kind=kind,
        display_name=display_name,
        public_keys=[KEYS[key].public for key in keys],
    )
    return Document(dsse.PARTY_APPLICATION, application, keys[0])


DOCUMENTS: Final[Mapping[str, Document]] = {
    "consent-redeem": _consent(consent_pb2.CONSENT_PURPOSE_REDEEM, "", 1),
    "consent-donate": _consent(consent_pb2.CONSENT_PURPOSE_DONATE, FUND, 2),
    "consent-transfer": _consent(consent_pb2.CONSENT_PURPOSE_TRANSFER, OTHER_MEMBER, 3),
    "pledge": Document(
        dsse.PLEDGE,
        consent_pb2.PledgeOffer(
            network_id=NETWORK,
            holder_id=MEMBER,
            fund_id=FUND,
            share_bps=250,
            points_max=10_000,
            ends_on="2024-07-31",
            nonce=nonce(4),
        ),
        "member",
    ),
    "order-add-key": _order(5, add_key=KEYS["member-new"].public),
    "order-remove-key": _order(6, remove_key=KEYS["member-new"].public),
    "order-revoke-pledge": _order(7, revoke_pledge=identifier(17)),
    "order-close": _order(8, close=True),
    "code-request": Document(
        dsse.CODE_REQUEST,
        consent_pb2.CodeRequest(
            network_id=NETWORK,
            holder_id=MEMBER,
            points_max=200,
            nonce=nonce(9),
            expires_us=NOW_US + 5 * MINUTE_US,
        ),
        "member",
    ),
    "application-operator": _application(
        "operator", network_pb2.PARTY_KIND_OPERATOR, "Vectors Points", "operator", "operator-second"
    ),
    "application-hub": _application("hub", network_pb2.PARTY_KIND_HUB, "Hub", "hub"),
    "application-partner": _application("grocer", network_pb2.PARTY_KIND_PARTNER, "Grüner Laden", "grocer"),
    "key-change": Document(
        dsse.PARTY_KEY_CHANGE,
        network_pb2.PartyKeyChange(
            network_id=NETWORK,
            party_id="grocer",
            add_keys=[KEYS["grocer-new"].public],
            remove_keys=[KEYS["grocer"].public],
            nonce=nonce(10),
        ),
        "grocer",
    ),
    "terms": Document(
        dsse.TERMS,
        network_pb2.Terms(
            network_id=NETWORK,
            party_id="grocer",
            effective_on="2024-01-01",
            price_micros=10_000,
            reimbursement_micros=9_000,
            issue_fee_micros=100,
            prefunded_bps=5_000,
            outstanding_points_max=50_000_000,
        ),
        "grocer",
    ),
    "terms-packs": Document(
        dsse.TERMS,
        network_pb2.Terms(
            network_id=NETWORK,
            party_id="pharmacy",
            effective_on="2024-01-01",
            price_micros=12_500,
            reimbursement_micros=9_000,
            outstanding_points_max=50_000_000,
            funding=network_pb2.FUNDING_PACKS,
            pack_points=1_000_000,
            reorder_points=250_000,
            alarm_bps=9_000,
        ),
        "pharmacy",
    ),
    "campaign": Document(
        dsse.CAMPAIGN,
        network_pb2.CampaignOffer(
            network_id=NETWORK,
            campaign_id="new-roof",
            charity="school",
            fund_id=FUND,
            title="A new roof for the gym",
            goal_points=1_000_000,
            starts_on="2023-09-01",
            ends_on="2024-07-31",
        ),
        "school",
    ),
    "run-decision": Document(
        dsse.RUN_DECISION,
        settlement_service_pb2.RunDecision(
            network_id=NETWORK,
            run_id=identifier(99),
            action=settlement_service_pb2.RUN_ACTION_PROPOSE,
            windows=[1, 2],
            note="October and November",
            decided_us=NOW_US,
        ),
        "operator",
    ),
    "dispute-step": Document(
        dsse.DISPUTE_STEP,
        settlement_disputes_pb2.DisputeStep(
            network_id=NETWORK,
            dispute_id=identifier(98),
            party_id="grocer",
            action=settlement_disputes_pb2.DISPUTE_ACTION_RAISE,
            claim=settlement_disputes_pb2.DisputeClaim(
                sequence=17,
                respondent="pharmacy",
                reason=settlement_disputes_pb2.DISPUTE_REASON_DUPLICATE,
                points=200,
                amount_micros=1_800_000,
            ),
            text="Taken twice at till 4",
            attachments=[
                settlement_disputes_pb2.DisputeAttachment(name="till-4.pdf", size_bytes=48_213, digest=bytes(range(32)))
            ],
            decided_us=NOW_US,
        ),
        "grocer",
    ),
    "alert-note": Document(
        dsse.ALERT_NOTE,
        settlement_alerts_pb2.AlertNote(
            network_id=NETWORK, number=3, raised_us=NOW_US - MINUTE_US, note="Called them", decided_us=NOW_US
        ),
        "operator",
    ),
}


def signed(name: str) -> SignedDocument:
    """A document of DOCUMENTS as it travels."""
    return DOCUMENTS[name].signed()
