"""What parties sign for the operator to publish: applications, terms, campaigns, changes of keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from google.protobuf.message import Message

from coalition import dsse
from coalition.errors import Refused
from coalition.form import FORMS
from coalition.form.checks import Form
from coalition.ids import new_nonce
from coalition.keys import SigningKey
from coalition.v1 import network_pb2
from coalition.v1 import transaction_pb2 as pb
from partner_sdk._moments import day_text
from partner_sdk._refusals import refusal
from partner_sdk._signed import Signed, document_of
from partner_sdk._vocabulary import Funding, PartyKind, funding_of, party_kind_of

S = TypeVar("S", bound=Signed)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyApplication(Signed):
    """A party asks to join and proves that it holds its key."""

    letter = "A"
    payload_type = dsse.PARTY_APPLICATION
    message = network_pb2.PartyApplication

    party_id: str
    kind: PartyKind
    display_name: str
    #: Raw public keys, 32 bytes each.
    public_keys: tuple[bytes, ...]

    @classmethod
    def _fields(cls, message: network_pb2.PartyApplication) -> dict[str, Any]:
        return {
            "party_id": message.party_id,
            "kind": party_kind_of(message.kind),
            "display_name": message.display_name,
            "public_keys": tuple(message.public_keys),
        }

    @classmethod
    def sign(
        cls,
        keys: Sequence[SigningKey],
        *,
        network_id: str,
        party_id: str,
        kind: PartyKind,
        display_name: str,
    ) -> PartyApplication:
        """The application of a party whose keys these are; the first signs it."""
        message = network_pb2.PartyApplication(
            network_id=network_id,
            party_id=party_id,
            kind=kind.number,
            display_name=display_name,
            public_keys=[key.public for key in keys],
        )
        return _checked(cls.make(message, keys[0]), lambda made: pb.RegisterParty(application=document_of(made)))


@dataclass(frozen=True, slots=True, kw_only=True)
class TermsOffer(Signed):
    """What an issuer pays and an acceptor receives for a point, signed by the party that it binds.

    Rates are integer micro-units (millionths) of the settlement currency per point: 10,000 is a cent of a euro.
    """

    letter = "T"
    payload_type = dsse.TERMS
    message = network_pb2.Terms

    party_id: str
    #: First day on which they hold, in the network's time zone.
    effective_on: date
    #: What the party owes, as an issuer, for each of its points redeemed elsewhere.
    price_micros: int
    #: What the party receives, as an acceptor, for each point redeemed with it; zero for a charity.
    reimbursement_micros: int
    #: What the party owes the operator for each point that it issues.
    issue_fee_micros: int
    #: Share of the price owed when a point is issued, in hundredths of a percent.
    prefunded_bps: int
    #: The most points that may be outstanding; 0: no limit.
    outstanding_points_max: int
    #: When the price is paid in: on redemption, a share of it on issue, or all of it ahead in packs.
    funding: Funding
    #: Points in one pack, and below how many paid and not yet issued you are told to order (0: never); else zero.
    pack_points: int
    reorder_points: int
    #: Share of outstanding_points_max from which on you are warned, in hundredths of a percent; 0: never.
    alarm_bps: int

    @classmethod
    def _fields(cls, message: network_pb2.Terms) -> dict[str, Any]:
        return {
            "party_id": message.party_id,
            "effective_on": date.fromisoformat(message.effective_on),
            "price_micros": message.price_micros,
            "reimbursement_micros": message.reimbursement_micros,
            "issue_fee_micros": message.issue_fee_micros,
            "prefunded_bps": message.prefunded_bps,
            "outstanding_points_max": message.outstanding_points_max,
            "funding": funding_of(message),
            "pack_points": message.pack_points,
            "reorder_points": message.reorder_points,
            "alarm_bps": message.alarm_bps,
        }

    @classmethod
    def sign(
        cls,
        key: SigningKey,
        *,
        network_id: str,
        party_id: str,
        effective_on: date,
        price_micros: int,
        reimbursement_micros: int,
        issue_fee_micros: int = 0,
        prefunded_bps: int = 0,
        outstanding_points_max: int = 0,
        funding: Funding | None = None,
        pack_points: int = 0,
        reorder_points: int = 0,
        alarm_bps: int = 0,
    ) -> TermsOffer:
        """Terms that bind the party whose key this is. Without `funding` they are funded as `prefunded_bps` says."""
        message = network_pb2.Terms(
            network_id=network_id,
            party_id=party_id,
            effective_on=day_text(effective_on),
            price_micros=price_micros,
            reimbursement_micros=reimbursement_micros,
            issue_fee_micros=issue_fee_micros,
            prefunded_bps=prefunded_bps,
            outstanding_points_max=outstanding_points_max,
            funding=network_pb2.FUNDING_UNSPECIFIED if funding is None else funding.number,
            pack_points=pack_points,
            reorder_points=reorder_points,
            alarm_bps=alarm_bps,
        )
        return _checked(cls.make(message, key), lambda made: pb.PublishTerms(terms=document_of(made)))


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignOffer(Signed):
    """A charity's campaign, which opens a fund."""

    letter = "G"
    payload_type = dsse.CAMPAIGN
    message = network_pb2.CampaignOffer

    campaign_id: str
    charity: str
    #: The holder id of the fund that it opens.
    fund_id: str
    title: str
    goal_points: int
    #: First and last day on which donations are taken, in the network's time zone.
    starts_on: date
    ends_on: date

    @classmethod
    def _fields(cls, message: network_pb2.CampaignOffer) -> dict[str, Any]:
        return {
            "campaign_id": message.campaign_id,
            "charity": message.charity,
            "fund_id": message.fund_id,
            "title": message.title,
            "goal_points": message.goal_points,
            "starts_on": date.fromisoformat(message.starts_on),
            "ends_on": date.fromisoformat(message.ends_on),
        }

    @classmethod
    def sign(
        cls,
        key: SigningKey,
        *,
        network_id: str,
        campaign_id: str,
        charity: str,
        fund_id: str,
        title: str,
        goal_points: int,
        starts_on: date,
        ends_on: date,
    ) -> CampaignOffer:
        """A campaign of the charity whose key this is."""
        message = network_pb2.CampaignOffer(
            network_id=network_id,
            campaign_id=campaign_id,
            charity=charity,
            fund_id=fund_id,
            title=title,
            goal_points=goal_points,
            starts_on=day_text(starts_on),
            ends_on=day_text(ends_on),
        )
        return _checked(cls.make(message, key), lambda made: pb.OpenCampaign(campaign=document_of(made)))


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyChange(Signed):
    """A change of a party's keys, signed by one that is active."""

    letter = "R"
    payload_type = dsse.PARTY_KEY_CHANGE
    message = network_pb2.PartyKeyChange

    party_id: str
    add_keys: tuple[bytes, ...]
    remove_keys: tuple[bytes, ...]

    @classmethod
    def _fields(cls, message: network_pb2.PartyKeyChange) -> dict[str, Any]:
        return {
            "party_id": message.party_id,
            "add_keys": tuple(message.add_keys),
            "remove_keys": tuple(message.remove_keys),
        }

    @classmethod
    def sign(
        cls,
        key: SigningKey,
        *,
        network_id: str,
        party_id: str,
        add_keys: Sequence[bytes] = (),
        remove_keys: Sequence[bytes] = (),
        nonce: bytes | None = None,
    ) -> KeyChange:
        """A change by the party whose active key this is. Keys are raw public keys, 32 bytes.

        `nonce`, 16 bytes, is random unless a simulation that must repeat gives it.
        """
        message = network_pb2.PartyKeyChange(
            network_id=network_id,
            party_id=party_id,
            add_keys=add_keys,
            remove_keys=remove_keys,
            nonce=new_nonce() if nonce is None else nonce,
        )
        return _checked(
            cls.make(message, key),
            lambda made: pb.SetPartyKeys(
                party_id=party_id, add_keys=add_keys, remove_keys=remove_keys, change=document_of(made)
            ),
        )


def _checked(document: S, publication: Callable[[S], Message]) -> S:
    """The document, once the transaction that will publish it was found to be of right form. Raises FieldInvalid."""
    body = publication(document)
    kind = next(field.name for field in pb.Transaction.DESCRIPTOR.fields if field.message_type is body.DESCRIPTOR)
    form = Form(kind)
    try:
        FORMS[kind](form, body)
        form.finish()
    except Refused as refused:
        raise refusal(refused) from refused
    return document
