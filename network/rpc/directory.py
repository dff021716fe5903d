"""DirectoryService: who takes part, under which rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc

from coalition.clock import Clock
from coalition.envelope import ENVELOPE_BYTES_MAX, TRANSACTIONS_MAX
from coalition.ids import is_party_id
from coalition.v1 import directory_service_pb2 as pb
from coalition.v1 import directory_service_pb2_grpc, network_pb2
from network.ledger.records import Campaign, Holder, Network, Party, Terms
from network.ledger.state import Reference
from network.rpc.access import require_own, sees_all, sees_keys
from network.rpc.accounts import find_account
from network.rpc.asking import invalid, not_found
from network.rpc.callers import Callers
from network.rpc.threads import Threads
from network.views import Reads

Context = grpc.aio.ServicerContext[Any, Any]


class DirectoryServicer(directory_service_pb2_grpc.DirectoryServiceServicer):
    """Answers from the reference tables in memory; only funds and holders are looked up."""

    def __init__(
        self, *, callers: Callers, reads: Reads, reference: Callable[[], Reference], clock: Clock, threads: Threads
    ) -> None:
        self._callers = callers
        self._reads = reads
        self._reference = reference
        self._clock = clock
        self._threads = threads

    async def GetNetwork(self, request: pb.GetNetworkRequest, context: Context) -> pb.GetNetworkResponse:
        self._callers.anybody(context)
        reference, now_us = self._reference(), self._clock()
        network = _network(reference)
        hub = reference.parties.get(network.hub)
        assert hub is not None, "the Genesis registers the hub"
        return pb.GetNetworkResponse(
            network_id=network.network_id,
            time_zone=network.time_zone,
            currency=network.currency,
            currency_exponent=network.currency_exponent,
            hub_keys=hub.keys,
            policy=reference.policy(reference.calendar().day(now_us)),
            envelope_transactions_max=TRANSACTIONS_MAX,
            envelope_bytes_max=ENVELOPE_BYTES_MAX,
            now_us=now_us,
        )

    async def GetParty(self, request: pb.GetPartyRequest, context: Context) -> pb.GetPartyResponse:
        await self._callers.party(context)
        if not is_party_id(request.party_id):
            raise invalid("party_id", "must be the id of a party")
        party = self._reference().parties.get(request.party_id)
        if party is None:
            raise not_found(f"There is no party {request.party_id!r}.")
        return pb.GetPartyResponse(party=_shown_party(party))

    async def ListParties(self, request: pb.ListPartiesRequest, context: Context) -> pb.ListPartiesResponse:
        await self._callers.party(context)
        rows = self._reference().parties.rows
        return pb.ListPartiesResponse(parties=[_shown_party(party) for _, party in sorted(rows.items()) if party])

    async def ListTerms(self, request: pb.ListTermsRequest, context: Context) -> pb.ListTermsResponse:
        caller = await self._callers.party(context)
        reference = self._reference()
        network_id = _network(reference).network_id
        if request.party_id:
            require_own(caller, request.party_id, "terms")
            wanted = [request.party_id]
        elif sees_all(caller):
            wanted = sorted(reference.terms.rows)
        else:
            wanted = [caller.party_id]
        return pb.ListTermsResponse(
            terms=[
                _shown_terms(network_id, terms) for party_id in wanted for terms in reference.terms.get(party_id) or ()
            ]
        )

    async def ListCampaigns(self, request: pb.ListCampaignsRequest, context: Context) -> pb.ListCampaignsResponse:
        await self._callers.party(context)
        reference = self._reference()
        campaigns = [
            campaign
            for _, campaign in sorted(reference.campaigns.rows.items())
            if campaign and request.charity in ("", campaign.charity)
        ]
        funds = await self._threads.run(self._reads.holders, [campaign.fund_id for campaign in campaigns])
        network_id = _network(reference).network_id
        return pb.ListCampaignsResponse(
            campaigns=[
                _shown_campaign(network_id, campaign, funds[campaign.fund_id])
                for campaign in campaigns
                # A campaign that another hub has just opened may be in memory before it is in this snapshot.
                if campaign.fund_id in funds
            ]
        )

    async def GetHolder(self, request: pb.GetHolderRequest, context: Context) -> pb.GetHolderResponse:
        caller = await self._callers.party(context)
        holder = (await find_account(request, self._reads, self._threads)).holder
        return pb.GetHolderResponse(
            holder_id=holder.holder_id,
            kind=network_pb2.HolderKind.ValueType(holder.kind),
            status=network_pb2.HolderStatus.ValueType(holder.status),
            public_keys=self._keys(holder) if sees_keys(caller, holder) else (),
        )

    def _keys(self, holder: Holder) -> tuple[bytes, ...]:
        """A fund's keys are its charity's."""
        if holder.kind != network_pb2.HOLDER_KIND_FUND:
            return holder.keys
        charity = self._reference().parties.get(holder.enrolled_by)
        assert charity is not None, "a fund is opened by a registered charity"
        return charity.keys


def _network(reference: Reference) -> Network:
    network = reference.network.get("")
    assert network is not None, "a hub serves only after the Genesis"
    return network


def _shown_party(party: Party) -> pb.Party:
    return pb.Party(
        party_id=party.party_id,
        kind=network_pb2.PartyKind.ValueType(party.kind),
        display_name=party.display_name,
        status=network_pb2.PartyStatus.ValueType(party.status),
        public_keys=party.keys,
    )


def _shown_terms(network_id: str, terms: Terms) -> network_pb2.Terms:
    return network_pb2.Terms(
        network_id=network_id,
        party_id=terms.party_id,
        effective_on=terms.effective_on,
        price_micros=terms.price_micros,
        reimbursement_micros=terms.reimbursement_micros,
        issue_fee_micros=terms.issue_fee_micros,
        prefunded_bps=terms.prefunded_bps,
        outstanding_points_max=terms.outstanding_points_max,
        funding=network_pb2.Funding.ValueType(terms.funding),
        pack_points=terms.pack_points,
        reorder_points=terms.reorder_points,
        alarm_bps=terms.alarm_bps,
    )


def _shown_campaign(network_id: str, campaign: Campaign, fund: Holder) -> pb.Campaign:
    return pb.Campaign(
        offer=network_pb2.CampaignOffer(
            network_id=network_id,
            campaign_id=campaign.campaign_id,
            charity=campaign.charity,
            fund_id=campaign.fund_id,
            title=campaign.title,
            goal_points=campaign.goal_points,
            starts_on=campaign.starts_on,
            ends_on=campaign.ends_on,
        ),
        raised_points=fund.raised_points,
        # What a fund has never expires and is never pending.
        available_points=fund.points,
    )
