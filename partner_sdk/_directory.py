"""Who takes part, under which rules."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import date, datetime

from coalition.v1 import directory_service_pb2 as directory
from coalition.v1 import network_pb2
from partner_sdk import _rpc
from partner_sdk._ledger_reads import one_of
from partner_sdk._moments import moment_of
from partner_sdk._session import Session
from partner_sdk._steps import Steps
from partner_sdk._vocabulary import (
    Funding,
    HolderKind,
    HolderStatus,
    PartyKind,
    PartyStatus,
    funding_of,
    holder_kind_of,
    holder_status_of,
    party_kind_of,
    party_status_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The rules of the network that may change, with notice. Points, days, seconds, and micro-units per point."""

    #: Points expire at the end of the month that lies this many months after the issue. 0: never.
    expiry_months: int
    #: A refund of a redemption gives points back with at least this many days to spend them.
    reversal_grace_days: int
    #: Days between the publication of terms or policy and their effect.
    notice_days: int
    #: The most points in one transaction.
    transaction_points_max: int
    #: The longest a hold may last.
    hold_lifetime_max_s: int
    #: The most points in one transfer between members. 0: transfers are not allowed.
    transfer_points_max: int = 0
    #: The most points that one member may transfer in a day.
    transfer_points_per_day_max: int = 0
    #: The most points that an acceptor may redeem without consent in one transaction, at its own risk. 0: none.
    unconsented_points_max: int = 0
    #: The most points that an acceptor may redeem without consent in a day.
    unconsented_points_per_day_max: int = 0
    #: The most points that one member may redeem and hold in a day, at all acceptors together. 0: no limit.
    redeem_points_per_day_max: int = 0
    #: The longest time between an envelope's creation and its expiry.
    envelope_lifetime_max_s: int
    #: What every charity receives for a point redeemed with it.
    cause_reimbursement_micros: int = 0
    #: The lowest price that terms may set.
    price_floor_micros: int = 0
    #: The highest reimbursement that terms may set.
    reimbursement_ceiling_micros: int = 0

    def message(self) -> network_pb2.Policy:
        """As it travels. Raises ValueError for values that the protocol cannot carry."""
        return network_pb2.Policy(**{item.name: getattr(self, item.name) for item in fields(self)})


@dataclass(frozen=True, slots=True)
class Network:
    """What a client needs to begin."""

    network_id: str
    #: IANA name; all dates follow it.
    time_zone: str
    #: ISO 4217 code of the settlement currency, and the digits of its minor unit.
    currency: str
    currency_exponent: int
    #: Raw public keys of the hub, to be compared with the pinned ones.
    hub_keys: tuple[bytes, ...] = field(repr=False)
    #: In force today.
    policy: Policy
    #: What one envelope may hold.
    envelope_transactions_max: int
    envelope_bytes_max: int
    #: The hub's clock.
    now: datetime


@dataclass(frozen=True, slots=True)
class Party:
    """An organisation with keys."""

    party_id: str
    kind: PartyKind
    display_name: str
    status: PartyStatus
    #: Active raw public keys.
    public_keys: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a party pays and receives for a point, in micro-units of the settlement currency; see TermsOffer."""

    party_id: str
    effective_on: date
    price_micros: int
    reimbursement_micros: int
    issue_fee_micros: int
    prefunded_bps: int
    outstanding_points_max: int
    funding: Funding
    pack_points: int
    reorder_points: int
    alarm_bps: int


@dataclass(frozen=True, slots=True)
class Campaign:
    """A charity's campaign and what it has raised."""

    campaign_id: str
    charity: str
    fund_id: str
    title: str
    goal_points: int
    starts_on: date
    ends_on: date
    #: Donated so far, spent or not.
    raised_points: int
    #: In the fund now.
    available_points: int


@dataclass(frozen=True, slots=True)
class Holder:
    """An account, without its balance."""

    holder_id: str
    kind: HolderKind
    status: HolderStatus
    #: Active raw public keys; empty where the caller may not see them.
    public_keys: tuple[bytes, ...] = field(repr=False)


def network(session: Session) -> Steps[Network]:
    """The network's id, currency, calendar, rules and limits. Open to all."""
    response = yield from session.read(_rpc.GET_NETWORK, directory.GetNetworkRequest(), anonymous=True)
    return Network(
        network_id=response.network_id,
        time_zone=response.time_zone,
        currency=response.currency,
        currency_exponent=response.currency_exponent,
        hub_keys=tuple(response.hub_keys),
        policy=policy_of(response.policy),
        envelope_transactions_max=response.envelope_transactions_max,
        envelope_bytes_max=response.envelope_bytes_max,
        now=moment_of(response.now_us),
    )


def parties(session: Session) -> Steps[tuple[Party, ...]]:
    """Everybody who takes part."""
    response = yield from session.read(_rpc.LIST_PARTIES, directory.ListPartiesRequest())
    return tuple(map(_party_of, response.parties))


def party(session: Session, party_id: str) -> Steps[Party]:
    """One of them. Raises NotFound."""
    response = yield from session.read(_rpc.GET_PARTY, directory.GetPartyRequest(party_id=party_id))
    return _party_of(response.party)


def terms(session: Session, party_id: str = "") -> Steps[tuple[Terms, ...]]:
    """Your terms, past and future ones too; for an operator or auditor those of any party, or of all."""
    response = yield from session.read(_rpc.LIST_TERMS, directory.ListTermsRequest(party_id=party_id))
    return tuple(
        Terms(
            party_id=item.party_id,
            effective_on=date.fromisoformat(item.effective_on),
            price_micros=item.price_micros,
            reimbursement_micros=item.reimbursement_micros,
            issue_fee_micros=item.issue_fee_micros,
            prefunded_bps=item.prefunded_bps,
            outstanding_points_max=item.outstanding_points_max,
            funding=funding_of(item),
            pack_points=item.pack_points,
            reorder_points=item.reorder_points,
            alarm_bps=item.alarm_bps,
        )
        for item in response.terms
    )


def campaigns(session: Session, charity: str = "") -> Steps[tuple[Campaign, ...]]:
    """The campaigns of a charity, or of all, with what they have raised."""
    response = yield from session.read(_rpc.LIST_CAMPAIGNS, directory.ListCampaignsRequest(charity=charity))
    return tuple(
        Campaign(
            campaign_id=item.offer.campaign_id,
            charity=item.offer.charity,
            fund_id=item.offer.fund_id,
            title=item.offer.title,
            goal_points=item.offer.goal_points,
            starts_on=date.fromisoformat(item.offer.starts_on),
            ends_on=date.fromisoformat(item.offer.ends_on),
            raised_points=item.raised_points,
            available_points=item.available_points,
        )
        for item in response.campaigns
    )


def holder(session: Session, holder_id: str = "", *, alias: str = "") -> Steps[Holder]:
    """An account by id or alias. Raises NotFound."""
    request = directory.GetHolderRequest()
    if one_of(holder_id, alias):
        request.holder_id = holder_id
    else:
        request.alias = alias
    response = yield from session.read(_rpc.GET_HOLDER, request)
    return Holder(
        holder_id=response.holder_id,
        kind=holder_kind_of(response.kind),
        status=holder_status_of(response.status),
        public_keys=tuple(response.public_keys),
    )


def policy_of(message: network_pb2.Policy) -> Policy:
    """The policy in a message."""
    return Policy(**{item.name: getattr(message, item.name) for item in fields(Policy)})


def _party_of(message: directory.Party) -> Party:
    return Party(
        party_id=message.party_id,
        kind=party_kind_of(message.kind),
        display_name=message.display_name,
        status=party_status_of(message.status),
        public_keys=tuple(message.public_keys),
    )
